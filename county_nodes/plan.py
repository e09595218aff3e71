"""How many records of which kind a node sends on which day, with sums that are exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate, pairwise
from types import MappingProxyType

from county_nodes.draws import Draws

# Visits and discharges by weekday, Monday first: clinics are fullest on Monday, wards empty before the
# weekend (plausible shares; the bulletins give no daily figures).
VISITS_BY_WEEKDAY = (118, 108, 104, 101, 100, 76, 62)
DISCHARGES_BY_WEEKDAY = (100, 104, 104, 108, 124, 82, 58)
# Respiratory disease is still frequent in March; percent of a mean month.
SEASON_BY_MONTH = (108, 96, 106, 102, 98, 96, 98, 97, 97, 98, 101, 107)
# Tomb-Sweeping holiday of 2016: clinics run an emergency service.
HOLIDAYS = MappingProxyType({date(2016, 4, 2): 70, date(2016, 4, 3): 60, date(2016, 4, 4): 55})


class PlanError(ValueError):
    """Volumes that no plan can meet; the sentence names the node, what was found and what is needed."""


@dataclass(frozen=True, slots=True)
class NodeVolumes:
    """What one node sends in one period: counts of new resources, and its stock of registered residents.

    `reports` is the exact number of DiagnosticReports, or None where they are free (they are then drawn among
    the details). `upload_days` are days of the period in rising order.
    """

    node_code: str
    records: int
    visits: int
    discharges: int
    reports: int | None
    upload_days: tuple[date, ...]
    registered_basic: int
    registered_hypertension: int
    registered_diabetes: int
    period_from: date
    period_to: date


@dataclass(frozen=True, slots=True)
class DayQuota:
    """What one upload brings. `records` = new_patients + visits + discharges + (reports or 0) + details.

    Events lie from `since` to `day`, both included. `patients_before` is the local index of the day's first
    new patient: everybody below it is known to the node when the day begins.
    """

    day: date
    since: date
    records: int
    visits: int
    discharges: int
    reports: int | None
    new_patients: int
    details: int
    patients_before: int


@dataclass(frozen=True)
class NodePlan:
    """The volumes of a node and their quotas by upload day."""

    volumes: NodeVolumes
    quotas: tuple[DayQuota, ...]

    @cached_property
    def by_day(self) -> MappingProxyType[date, DayQuota]:
        """The quotas by upload day."""
        return MappingProxyType({quota.day: quota for quota in self.quotas})


def smallest_records(volumes: NodeVolumes) -> int:
    """Return the smallest `records` that these visits, discharges, reports and days allow."""
    events = volumes.visits + volumes.discharges + (volumes.reports or 0)
    if not volumes.upload_days and not events:
        return 0
    newcomer = 0 if volumes.registered_basic else 1
    return max(len(volumes.upload_days), events + newcomer)


def plan_node(volumes: NodeVolumes, seed: int) -> NodePlan:
    """Spread the volumes over the upload days.

    Every sum is exact and every upload day has at least one new record. Raises PlanError where that cannot
    be.
    """
    _check(volumes)
    days = volumes.upload_days
    if not days:
        return NodePlan(volumes, ())
    sinces = (volumes.period_from, *(day + timedelta(days=1) for day in days[:-1]))
    draws = Draws(seed, volumes.node_code, "plan")
    visit_weights = [sum(visit_weight(day) for day in _days(*span)) for span in zip(sinces, days, strict=True)]
    discharge_weights = [sum(discharge_weight(day) for day in _days(*span)) for span in zip(sinces, days, strict=True)]
    record_weights = [weight * draws.between(85, 115) for weight in visit_weights]

    records = [
        1 + more for more in spread_within(volumes.records - len(days), record_weights, [volumes.records] * len(days))
    ]
    room = list(records)
    newcomers = _new_patients(volumes)
    patients = [0] * len(days)
    if newcomers and not volumes.registered_basic:
        patients[0], room[0] = 1, room[0] - 1  # nobody is known yet: the first day begins with a person
    visits = _take(volumes.visits, visit_weights, room)
    discharges = _take(volumes.discharges, discharge_weights, room)
    reports = _take(volumes.reports or 0, visit_weights, room)
    for index, more in enumerate(_take(newcomers - sum(patients), record_weights, room)):
        patients[index] += more
    before = accumulate(patients, initial=volumes.registered_basic)
    return NodePlan(
        volumes,
        tuple(
            DayQuota(
                day=day,
                since=since,
                records=records[index],
                visits=visits[index],
                discharges=discharges[index],
                reports=None if volumes.reports is None else reports[index],
                new_patients=patients[index],
                details=room[index],
                patients_before=known,
            )
            for index, (day, since, known) in enumerate(zip(days, sinces, before, strict=False))
        ),
    )


def visit_weight(day: date) -> int:
    """How busy the clinics are on a day, relative to others: weekday, season, holidays."""
    weight = VISITS_BY_WEEKDAY[day.weekday()] * SEASON_BY_MONTH[day.month - 1]
    return weight * HOLIDAYS.get(day, 100) // 100


def discharge_weight(day: date) -> int:
    """How many leave the wards on a day, relative to others."""
    return DISCHARGES_BY_WEEKDAY[day.weekday()] * 100 * HOLIDAYS.get(day, 100) // 100


def spread_within(total: int, weights: Sequence[int], caps: Sequence[int]) -> list[int]:
    """Whole shares of `total` in proportion to the weights, by largest remainder, none above its cap.

    What a full place cannot take goes to the others. Raises ValueError where the caps hold less than `total`.
    """
    if total > sum(caps):
        raise ValueError(f"{total} cannot be spread over places that hold {sum(caps)}")
    shares = [0] * len(weights)
    left = total
    while left:
        open_places = [index for index, cap in enumerate(caps) if shares[index] < cap]
        weight = sum(weights[index] for index in open_places) or len(open_places)
        parts = [(weights[index] or 0) * left for index in open_places]
        if not any(parts):
            parts = [left] * len(open_places)
        for index, part in zip(open_places, parts, strict=True):
            shares[index] += min(part // weight, caps[index] - shares[index])
        by_remainder = sorted(zip(open_places, parts, strict=True), key=lambda item: (-(item[1] % weight), item[0]))
        left = total - sum(shares)
        for index, _ in by_remainder[:left]:
            shares[index] += 1 if shares[index] < caps[index] else 0
        left = total - sum(shares)
    return shares


def choose_upload_days(code: str, count: int, period_from: date, period_to: date, seed: int) -> tuple[date, ...]:
    """Which days of the period a sender that uploaded on `count` days used.

    Weekdays come before weekends and the days are spread over the period; a single day lies near its end
    (what was collected is sent at once). Raises PlanError where the period has fewer days.
    """
    days = list(_days(period_from, period_to))
    if not 0 <= count <= len(days):
        raise PlanError(
            f"{code}: {count} upload days are asked for in {period_from}..{period_to}, which has {len(days)};"
            f" give 0 to {len(days)}"
        )
    draws = Draws(seed, code, "upload days")
    weekdays = [day for day in days if day.weekday() < 5]
    if count == 0:
        return ()
    if count == 1:
        return (draws.pick([day for day in days[-10:] if day.weekday() < 5] or days[-10:]),)
    if count <= len(weekdays):
        cuts = [part * len(weekdays) // count for part in range(count + 1)]
        return tuple(draws.pick(weekdays[start:end]) for start, end in pairwise(cuts))
    weekend = sorted((draws.word(), day) for day in days if day.weekday() >= 5)
    return tuple(sorted(weekdays + [day for _, day in weekend[: count - len(weekdays)]]))


def city_upload_days(city_days: tuple[date, ...], county_records: Sequence[int]) -> list[tuple[date, ...]]:
    """Return the upload days of a city's counties, in their order: together exactly the city's days.

    A county uploads on as many of them as it has records, at most on all. Raises PlanError where all counties
    together have fewer records than the city has days.
    """
    count = len(city_days)
    if sum(county_records) < count:
        raise PlanError(
            f"{sum(county_records)} records of {len(county_records)} counties cannot fill {count} upload days;"
            f" {count} records are needed"
        )
    start = 0
    result = []
    for records in county_records:
        own = min(records, count)
        # The next county begins where this one ended, so that few records still cover every day.
        result.append(tuple(sorted(city_days[(start + step) % count] for step in range(own))))
        start += own
    return result


def _days(first: date, last: date) -> list[date]:
    return [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]


def _take(total: int, weights: Sequence[int], room: list[int]) -> list[int]:
    """Spread `total` over the days and take it out of the room that each still has."""
    shares = spread_within(total, weights, room)
    for index, share in enumerate(shares):
        room[index] -= share
    return shares


def _new_patients(volumes: NodeVolumes) -> int:
    """How many persons a node meets for the first time: fewer where residents are registered."""
    events = volumes.visits + volumes.discharges
    slack = volumes.records - events - (volumes.reports or 0)
    if volumes.registered_basic:
        wanted = events * 22 // 100 + slack // 200
    else:
        wanted = events * 55 // 100 + slack // (60 if events else 12)
    needed = 0 if volumes.registered_basic else 1
    return min(slack, max(wanted, needed)) if volumes.records else 0


def _check(volumes: NodeVolumes) -> None:
    node = volumes.node_code
    numbers = {
        "records": volumes.records,
        "visits": volumes.visits,
        "discharges": volumes.discharges,
        "reports": volumes.reports or 0,
        "registered_basic": volumes.registered_basic,
        "registered_hypertension": volumes.registered_hypertension,
        "registered_diabetes": volumes.registered_diabetes,
    }
    for name, number in numbers.items():
        if number < 0:
            raise PlanError(f"node {node}: {name} is {number}; it must be 0 or more")
    for name in ("registered_hypertension", "registered_diabetes"):
        if numbers[name] > volumes.registered_basic:
            raise PlanError(
                f"node {node}: {name} is {numbers[name]} with {volumes.registered_basic} residents registered;"
                " nobody has a disease record without a basic one"
            )
    days = volumes.upload_days
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise PlanError(f"node {node}: the upload days are not in rising order, each once")
    if days and not volumes.period_from <= days[0] <= days[-1] <= volumes.period_to:
        raise PlanError(
            f"node {node}: upload days {days[0]}..{days[-1]} leave the period"
            f" {volumes.period_from}..{volumes.period_to}"
        )
    if not days and volumes.records + volumes.visits + volumes.discharges + numbers["reports"]:
        raise PlanError(
            f"node {node}: {volumes.records} records and no upload day; give at least one day or no records"
        )
    needed = smallest_records(volumes)
    if volumes.records < needed:
        raise PlanError(
            f"node {node}: {volumes.records} records for {len(days)} upload days, {volumes.visits} visits,"
            f" {volumes.discharges} discharges and {numbers['reports']} reports; at least {needed} are needed"
        )
