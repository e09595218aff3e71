"""The simulated platforms of a scenario: plan, people, dialect and noise of any of its nodes."""

from functools import cached_property

from codemaps import Localiser, load_dialect, load_tables
from county_nodes.noise import Noise
from county_nodes.plan import NodePlan
from county_nodes.platform import CountyPlatform
from county_nodes.population import People
from exchange.scenario.file import Scenario, ScenarioError
from exchange.scenario.volumes import plan_nodes


class Platforms:
    """Makes the platform of any node that takes part; the same arguments give the same bytes."""

    def __init__(self, scenario: Scenario, scale: float, seed: int) -> None:
        self._scenario = scenario
        self._seed = seed
        self.plans: dict[str, NodePlan] = plan_nodes(scenario, scale, seed)
        self._tables = load_tables()
        self._localisers: dict[str, Localiser] = {}

    def platform(self, code: str) -> CountyPlatform:
        """The platform of one node. Raises ScenarioError for a node that takes no part."""
        if code not in self.plans:
            raise ScenarioError(
                f"node {code!r}: takes no part in {self._scenario.name}; `exchange nodes` lists codes such as 320481"
            )
        return self.of_plan(self.plans[code], self._scenario.values.noise)

    def of_plan(self, plan: NodePlan, noise: float) -> CountyPlatform:
        """A platform with a plan of its own, and its level of noise."""
        node = self._scenario.region.node(plan.volumes.node_code)
        return CountyPlatform(
            plan,
            node,
            self._people,
            self._tables,
            self._localiser(node.dialect),
            Noise(noise),
            self._seed,
            self._scenario.values.entries_in_a_bundle,
        )

    @cached_property
    def _people(self) -> People:
        return People.of(self._scenario.region, self._scenario.values.period_from, self._seed)

    def _localiser(self, dialect: str) -> Localiser:
        if dialect not in self._localisers:
            self._localisers[dialect] = Localiser(load_dialect(dialect, self._tables), self._tables)
        return self._localisers[dialect]
