"""What each node of a scenario sends: the printed tables times the scale, spread over county platforms."""

from collections.abc import Iterator
from datetime import date

from county_nodes.plan import (
    NodePlan,
    NodeVolumes,
    PlanError,
    choose_upload_days,
    city_upload_days,
    plan_node,
)
from exchange.regions import PrintedCity, PrintedHospital, spread
from exchange.scenario.file import Scenario, ScenarioError


def plan_nodes(scenario: Scenario, scale: float, seed: int) -> dict[str, NodePlan]:
    """The plan of every node that takes part, by code.

    Raises ScenarioError where the scale is too small for a node's upload days, with the smallest that works.
    """
    try:
        return {volumes.node_code: plan_node(volumes, seed) for volumes in _volumes(scenario, scale, seed)}
    except PlanError as error:
        smallest = _smallest_scale(scenario, scale, seed)
        raise ScenarioError(
            f"--scale {scale:g} is too small for {scenario.name}: {error}. "
            f"The smallest scale that works is {smallest:g}."
        ) from error


def _smallest_scale(scenario: Scenario, too_small: float, seed: int) -> float:
    """The smallest scale of two significant digits, above one that is too small, for which every node has a plan."""
    for candidate in (digits * 10.0**exponent for exponent in range(-10, 0) for digits in range(10, 100)):
        if candidate <= too_small:
            continue
        scale = float(f"{candidate:.2g}")
        try:
            for volumes in _volumes(scenario, scale, seed):
                plan_node(volumes, seed)
        except PlanError:
            continue
        return scale
    return 1.0


def _volumes(scenario: Scenario, scale: float, seed: int) -> Iterator[NodeVolumes]:
    printed = scenario.region.printed
    for city in printed.cities:
        if city.code in scenario.city_codes:
            yield from _city_volumes(scenario, city, scale, seed)
    if scenario.values.hospitals:
        for hospital in printed.hospitals:
            yield _hospital_volumes(scenario, hospital, scale, seed)


def _city_volumes(scenario: Scenario, city: PrintedCity, scale: float, seed: int) -> Iterator[NodeVolumes]:
    """A city's volumes, spread over its county platforms by residents (largest remainder)."""
    first, last = scenario.values.period_from, scenario.values.period_to
    counties = scenario.region.nodes_of_city(city.code, first)
    weights = [county.residents for county in counties]
    records = spread(round(city.records * scale), weights)
    visits = spread(round(city.outpatient_visits * scale), weights)
    discharges = spread(round(city.discharges * scale), weights)
    registered = {
        data_set: spread(round(_due(scenario, city.code, data_set) * scale * rate / 100), weights)
        for data_set, rate in (
            ("health-record-basic", city.record_basic_rate),
            ("health-record-hypertension", city.record_hypertension_rate),
            ("health-record-diabetes", city.record_diabetes_rate),
        )
    }
    days = choose_upload_days(city.code, city.upload_days, first, last, seed)
    for index, (county, upload_days) in enumerate(zip(counties, city_upload_days(days, records), strict=True)):
        yield NodeVolumes(
            node_code=county.code,
            records=records[index],
            visits=visits[index],
            discharges=discharges[index],
            reports=None,
            upload_days=upload_days,
            registered_basic=registered["health-record-basic"][index],
            registered_hypertension=registered["health-record-hypertension"][index],
            registered_diabetes=registered["health-record-diabetes"][index],
            period_from=first,
            period_to=last,
        )


def _hospital_volumes(scenario: Scenario, hospital: PrintedHospital, scale: float, seed: int) -> NodeVolumes:
    first, last = scenario.values.period_from, scenario.values.period_to
    return NodeVolumes(
        node_code=hospital.code,
        records=round(hospital.records * scale),
        visits=round(hospital.outpatient_visits * scale),
        discharges=round(hospital.discharges * scale),
        reports=round(hospital.lab_exam_records * scale),
        upload_days=choose_upload_days(hospital.code, hospital.upload_days, first, last, seed),
        registered_basic=0,
        registered_hypertension=0,
        registered_diabetes=0,
        period_from=first,
        period_to=last,
    )


def _due(scenario: Scenario, city: str, data_set: str) -> float:
    return sum(
        volume.expected for volume in scenario.region.expected if volume.code == city and volume.data_set == data_set
    )


def upload_days(plans: dict[str, NodePlan]) -> list[date]:
    """Every day on which some node uploads, in order."""
    return sorted({quota.day for plan in plans.values() for quota in plan.quotas})
