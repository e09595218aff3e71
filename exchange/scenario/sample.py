"""A small valid bundle of a node, to start a connector from."""

import msgspec

from county_nodes.plan import NodeVolumes, plan_node
from exchange.scenario.file import load_scenario
from exchange.scenario.platforms import Platforms

_SCENARIO = "bulletin-2016"
_RECORDS = 6


def sample_bundle(code: str) -> str:
    """One new patient with one visit, its details and a report, in the node's own codes, as indented JSON.

    Raises RegionError for an unknown node.
    """
    scenario = load_scenario(_SCENARIO)
    scenario.region.node(code)
    values = scenario.values
    volumes = NodeVolumes(
        node_code=code,
        records=_RECORDS,
        visits=1,
        discharges=0,
        reports=1,
        upload_days=(values.period_from,),
        registered_basic=0,
        registered_hypertension=0,
        registered_diabetes=0,
        period_from=values.period_from,
        period_to=values.period_to,
    )
    platform = Platforms(scenario, values.scale, values.seed).of_plan(plan_node(volumes, values.seed), noise=0)
    bundle = next(iter(platform.bundles(values.period_from)))
    return msgspec.json.format(bundle.body, indent=2).decode()
