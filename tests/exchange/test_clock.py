"""Time is injected: a simulated clock goes forward only, and a day is a day of UTC+8."""

import ast
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

import exchange.clock
from exchange.clock import CHINA, SimulatedClock, SystemClock, day_of

ROOT = Path(exchange.clock.__file__).parents[1]
START = datetime(2016, 2, 29, 22, tzinfo=CHINA)


def test_the_machine_s_time_is_told_in_the_exchange_s_zone():
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(hours=8)
    assert now.isoformat().endswith("+08:00")


def test_a_simulated_clock_stands_still_until_it_is_set():
    clock = SimulatedClock(START)
    assert clock.now() == clock.now() == START
    clock.set(START + timedelta(days=1))
    assert clock.now() == START + timedelta(days=1)


def test_a_simulated_clock_never_goes_back():
    clock = SimulatedClock(START)
    with pytest.raises(
        ValueError, match=r"stands at 2016-02-29T22:00:00\+08:00 and was asked to go back to 2016-02-29T21"
    ):
        clock.set(START - timedelta(minutes=1))
    assert clock.now() == START
    clock.set(START)


def test_a_simulated_clock_takes_any_zone_and_tells_its_own():
    clock = SimulatedClock(datetime(2016, 2, 29, 14, tzinfo=UTC))
    assert clock.now().isoformat() == "2016-02-29T22:00:00+08:00"
    clock.set(datetime(2016, 2, 29, 16, tzinfo=UTC))
    assert clock.now().date() == date(2016, 3, 1)
    with pytest.raises(ValueError, match="asked to go back"):
        clock.set(datetime(2016, 3, 1, 0, 59, tzinfo=timezone(timedelta(hours=9))))


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2016-03-01", date(2016, 3, 1)),
        ("2016-03-01T00:00:00+08:00", date(2016, 3, 1)),
        ("2016-03-01T23:59:59.999+08:00", date(2016, 3, 1)),
        ("2016-02-29T16:00:00Z", date(2016, 3, 1)),
        ("2016-02-29T15:59:59Z", date(2016, 2, 29)),
        ("2016-02-29T16:00:00+00:00", date(2016, 3, 1)),
        ("2016-03-01T00:30:00+09:00", date(2016, 2, 29)),
        ("2016-02-29T11:00:00-05:00", date(2016, 3, 1)),
    ],
)
def test_an_instant_falls_on_the_day_that_china_has_then(instant, day):
    assert day_of(instant) == day


@pytest.mark.parametrize(
    "instant",
    [
        "",
        "2016",
        "2016-03",
        "2016-02-30",
        "2015-02-29",
        "2016-02-30T08:00:00+08:00",
        "2016-03-01T",
        "1.3.2016",
        "today",
    ],
)
def test_what_names_no_single_day_has_none(instant):
    assert day_of(instant) is None


def test_only_the_system_clock_reads_the_machine_s_time():
    readers = []
    for package in ("exchange", "county_nodes", "province_hub", "codemaps"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today", "time", "time_ns"):
                    name = ast.unparse(node)
                    if name in ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"):
                        readers.append(f"{path.relative_to(ROOT)}: {name}")
    assert readers == ["exchange/clock.py: datetime.now"]
