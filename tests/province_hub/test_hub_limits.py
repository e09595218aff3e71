"""Who may push, and how much at once: hubs with settings and days of their own."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from hub_records import as_json, bundle, patient, put
from hub_station import FHIR_JSON, County, Station, assert_untouched, count_rows, refusal
from sqlalchemy import Engine

from exchange.clock import SimulatedClock
from province_hub.settings import Settings
from province_hub.store.tables import SUBMISSION

LIMIT = 20_000


@pytest.fixture(scope="module")
def narrow(prepared_sqlite: Engine) -> Iterator[County]:
    """A county at a hub that takes no body over 20,000 bytes."""
    with Station(prepared_sqlite, settings=Settings(body_limit=LIMIT)) as station:
        yield County(station, "T0001")


def test_a_body_over_the_limit_is_413_by_its_announced_length(narrow: County) -> None:
    issue = refusal(narrow.station.send(b" " * (LIMIT + 1), narrow.code), 413)
    assert "20,000" in issue["diagnostics"]
    assert issue["code"] == "too-costly"
    assert_untouched(narrow)


def test_a_body_over_the_limit_is_413_when_it_comes_in_chunks(narrow: County) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 1000

    headers = {"Content-Type": FHIR_JSON, "X-Node": narrow.code}
    refusal(narrow.station.client.post("/fhir", content=chunks(), headers=headers), 413)
    assert_untouched(narrow)


def test_a_body_far_over_the_limit_is_413_and_not_a_broken_connection(narrow: County) -> None:
    refusal(narrow.station.send(b" " * 8_000_000, narrow.code), 413)
    assert_untouched(narrow)


def test_the_limit_holds_for_single_resources_too(narrow: County) -> None:
    refusal(narrow.write("POST", "Patient", b" " * (LIMIT + 1)), 413)
    assert_untouched(narrow)


def test_a_body_of_just_the_limit_is_taken(narrow: County) -> None:
    code = "T0002"
    body = as_json(bundle(put(patient())))
    response = narrow.station.send(body + b" " * (LIMIT - len(body)), code)
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("day", "code", "status"),
    [
        ("2016-06-30", "320829", 200),
        ("2016-07-01", "320829", 403),
        ("2015-12-31", "320481", 403),
        ("2016-07-01", "320481", 200),
    ],
)
def test_a_node_may_upload_only_while_it_is_registered(sqlite_store: Engine, day: str, code: str, status: int) -> None:
    clock = SimulatedClock(datetime.fromisoformat(f"{day}T23:59:59+08:00"))
    with Station(sqlite_store, clock) as station:
        response = station.send(bundle(), code)
        assert response.status_code == status
        if status == 403:
            issue = refusal(response, 403)
            assert code in issue["diagnostics"]
            assert day in issue["diagnostics"]
            assert count_rows(sqlite_store, SUBMISSION) == 0
