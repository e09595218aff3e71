"""A plan meets its volumes exactly, or says why it cannot."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from county_nodes.plan import (
    NodeVolumes,
    PlanError,
    choose_upload_days,
    city_upload_days,
    plan_node,
    smallest_records,
    spread_within,
)

FROM, TO = date(2016, 3, 1), date(2016, 4, 30)


@st.composite
def possible_volumes(draw: st.DrawFn) -> NodeVolumes:
    days = draw(st.integers(1, 61))
    visits, discharges = draw(st.integers(0, 200)), draw(st.integers(0, 60))
    reports = draw(st.none() | st.integers(0, 200))
    registered = draw(st.integers(0, 50))
    needed = max(days, visits + discharges + (reports or 0) + (0 if registered else 1))
    return NodeVolumes(
        node_code="320481",
        records=needed + draw(st.integers(0, 400)),
        visits=visits,
        discharges=discharges,
        reports=reports,
        upload_days=choose_upload_days("320481", days, FROM, TO, draw(st.integers(0, 9))),
        registered_basic=registered,
        registered_hypertension=0,
        registered_diabetes=0,
        period_from=FROM,
        period_to=TO,
    )


@given(possible_volumes(), st.integers(0, 1000))
def test_the_quotas_sum_to_the_volumes_and_every_upload_day_has_a_record(volumes: NodeVolumes, seed: int) -> None:
    quotas = plan_node(volumes, seed).quotas

    assert tuple(quota.day for quota in quotas) == volumes.upload_days
    assert sum(quota.records for quota in quotas) == volumes.records
    assert sum(quota.visits for quota in quotas) == volumes.visits
    assert sum(quota.discharges for quota in quotas) == volumes.discharges
    assert sum(quota.reports or 0 for quota in quotas) == (volumes.reports or 0)
    for quota in quotas:
        assert quota.records >= 1
        assert quota.records == (
            quota.new_patients + quota.visits + quota.discharges + (quota.reports or 0) + quota.details
        )
        assert min(quota.new_patients, quota.visits, quota.discharges, quota.details) >= 0


@given(possible_volumes())
def test_somebody_is_known_before_anything_happens_to_them(volumes: NodeVolumes) -> None:
    first, *others = plan_node(volumes, 7).quotas

    assert first.patients_before == volumes.registered_basic
    assert first.patients_before + first.new_patients >= 1
    known = first.patients_before + first.new_patients
    for quota in others:
        assert quota.patients_before == known
        known += quota.new_patients


@given(possible_volumes())
def test_each_upload_covers_the_days_since_the_one_before(volumes: NodeVolumes) -> None:
    since = FROM
    for quota in plan_node(volumes, 7).quotas:
        assert quota.since == since
        assert quota.since <= quota.day
        since = quota.day + timedelta(days=1)


@given(possible_volumes())
def test_one_record_less_than_the_smallest_is_refused(volumes: NodeVolumes) -> None:
    fields = {name: getattr(volumes, name) for name in NodeVolumes.__dataclass_fields__}
    smallest = smallest_records(volumes)

    assert plan_node(NodeVolumes(**(fields | {"records": smallest})), 7).quotas
    with pytest.raises(PlanError, match=f"node 320481: .* at least {smallest} are needed"):
        plan_node(NodeVolumes(**(fields | {"records": smallest - 1})), 7)


def test_a_node_that_sent_nothing_has_an_empty_plan(volumes) -> None:
    nothing = volumes(days=0, records=0, visits=0, discharges=0)

    assert plan_node(nothing, 7).quotas == ()
    assert smallest_records(nothing) == 0


def test_records_without_an_upload_day_are_refused(volumes) -> None:
    with pytest.raises(PlanError, match="no upload day"):
        plan_node(volumes(days=0), 7)


def test_disease_records_need_a_basic_record(volumes) -> None:
    with pytest.raises(PlanError, match="registered_diabetes is 41 with 40"):
        plan_node(volumes(registered_diabetes=41), 7)


def test_upload_days_outside_the_period_are_refused(volumes) -> None:
    with pytest.raises(PlanError, match="leave the period"):
        plan_node(volumes(upload_days=(date(2016, 5, 1),)), 7)


def test_mondays_are_busier_than_sundays(volumes) -> None:
    plan = plan_node(volumes(days=61, records=70_000, visits=60_000), 7)

    by_weekday = [0] * 7
    for quota in plan.quotas:
        by_weekday[quota.day.weekday()] += quota.visits
    assert by_weekday[0] > 1.5 * by_weekday[6]


@given(st.integers(0, 61), st.integers(0, 99))
def test_as_many_upload_days_as_asked_for(count: int, seed: int) -> None:
    days = choose_upload_days("320400", count, FROM, TO, seed)

    assert len(set(days)) == count
    assert list(days) == sorted(days)
    assert all(FROM <= day <= TO for day in days)


def test_a_single_upload_day_is_a_weekday_near_the_end() -> None:
    (day,) = choose_upload_days("320300", 1, FROM, TO, 7)

    assert day > date(2016, 4, 20)
    assert day.weekday() < 5


def test_weekdays_are_preferred() -> None:
    assert all(day.weekday() < 5 for day in choose_upload_days("320100", 22, FROM, TO, 7))


def test_more_days_than_the_period_has_are_refused() -> None:
    with pytest.raises(PlanError, match=r"320400: 62 upload days .* which has 61"):
        choose_upload_days("320400", 62, FROM, TO, 7)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=9), st.integers(1, 25))
def test_the_counties_together_upload_on_exactly_the_days_of_the_city(records: list[int], count: int) -> None:
    days = choose_upload_days("320900", count, FROM, TO, 7)
    if sum(records) < count:
        with pytest.raises(PlanError, match=f"{count} records are needed"):
            city_upload_days(days, records)
        return

    by_county = city_upload_days(days, records)

    assert set().union(*by_county) == set(days)
    for own, has in zip(by_county, records, strict=True):
        assert len(own) == min(has, count)
        assert list(own) == sorted(own)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 40)), min_size=1, max_size=12), st.data())
def test_shares_respect_their_caps_and_sum_exactly(places: list[tuple[int, int]], data: st.DataObject) -> None:
    weights, caps = [weight for weight, _ in places], [cap for _, cap in places]
    total = data.draw(st.integers(0, sum(caps)))

    shares = spread_within(total, weights, caps)

    assert sum(shares) == total
    assert all(0 <= share <= cap for share, cap in zip(shares, caps, strict=True))


def test_more_than_the_caps_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="10 cannot be spread over places that hold 9"):
        spread_within(10, [1, 1], [4, 5])
