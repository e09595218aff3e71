"""Many pushing at once, a hub that starts again, and a second writer on the same store: nothing is lost or doubled."""

import asyncio
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from hub_records import Json, as_json, bundle, known_as, number, patient, put, resident_number, stay, uuid_url, visit
from hub_station import (
    FATES,
    FHIR_JSON,
    County,
    Desk,
    NewCounty,
    Station,
    assert_books_balance,
    count_rows,
    plain_client,
)
from sqlalchemy import Engine, select

from province_hub.intake.commit import AlreadyDecided
from province_hub.store.engine import for_writing, open_store
from province_hub.store.tables import LEDGER, RECORD, RESIDENT, SUBMISSION

THREADS = 16


def at_once(tasks: list[Callable[[], Json]]) -> list[Json]:
    """Run tasks in threads that all begin together."""
    gate = threading.Barrier(len(tasks))

    def run(task: Callable[[], Json]) -> Json:
        gate.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def push_over_own_connection(county: County, *bundles: Json) -> Counter[str]:
    """Push bundles one after the other, as a node process of its own does; the fates of their entries."""
    fates: Counter[str] = Counter()
    url = county.station.url
    with plain_client(url, **{"Content-Type": FHIR_JSON, "X-Node": county.code}) as client:
        for content in bundles:
            response = client.post("/fhir", content=as_json(content))
            assert response.status_code == 200, response.text
            receipt = client.get(f"/api/submissions/{response.headers['X-Submission-Id']}").json()
            fates += Counter({fate: receipt[fate] for fate in FATES})
    return fates


def case_of(p: str) -> Json:
    """A patient with a visit and a stay."""
    return bundle(put(patient(p, resident=resident_number())), put(visit(p)), put(stay(p)))


def test_sixteen_nodes_at_once_count_exactly(new_county: NewCounty) -> None:
    counties = [new_county() for _ in range(THREADS)]
    work = [[case_of(number()) for _ in range(4)] for _ in counties]
    tasks = [
        lambda county=county, part=part: push_over_own_connection(county, *part)
        for county, part in zip(counties, work, strict=True)
    ]
    assert at_once(tasks) == [{"new": 12}] * THREADS
    for county in counties:
        assert county.ledger() == {"new": 12, "held": 12, "usable": 12}
    assert_books_balance(counties[0].engine)


def test_the_same_bundle_sixteen_times_at_once_counts_once(county: County) -> None:
    content = case_of(number())
    fates = sum(at_once([lambda: push_over_own_connection(county, content)] * THREADS), Counter())
    assert fates == {"new": 3, "repeated": 3 * (THREADS - 1)}
    assert county.records() == 3
    assert county.ledger() == {"new": 3, "repeated": 45, "held": 3, "usable": 3}


def test_sixteen_changes_of_one_record_at_once_become_sixteen_versions(county: County) -> None:
    p = number()
    bundles = [bundle(put(patient(p, birthDate=f"19{year}-01-01"))) for year in range(50, 50 + THREADS)]
    tasks = [lambda content=content: push_over_own_connection(county, content) for content in bundles]
    assert sum(at_once(tasks), Counter()) == {"new": 1, "updated": THREADS - 1}
    (record,) = county.rows(RECORD)
    assert record.version == THREADS
    assert_books_balance(county.engine)


def test_the_same_resident_from_sixteen_counties_at_once_is_one_resident(new_county: NewCounty) -> None:
    counties, resident = [new_county() for _ in range(THREADS)], resident_number()
    content = bundle(put(patient("p1", resident=resident)))
    tasks = [lambda county=county: push_over_own_connection(county, content) for county in counties]
    assert at_once(tasks) == [{"new": 1}] * THREADS
    holders = {row.resident for county in counties for row in county.rows(RECORD)}
    assert len(holders) == 1


def test_bad_bundles_among_good_ones_spoil_only_themselves(new_county: NewCounty) -> None:
    counties = [new_county() for _ in range(THREADS)]

    def good(county: County) -> int:
        return county.station.send(case_of(number()), county.code).status_code

    def bad(county: County) -> int:
        return county.station.send(b'{"resourceType": "Patient"}', county.code).status_code

    tasks = [
        lambda county=county, turn=turn: (bad if turn % 4 == 0 else good)(county)
        for turn, county in enumerate(counties)
    ]
    statuses = at_once(tasks)
    assert statuses == [422 if turn % 4 == 0 else 200 for turn in range(THREADS)]
    assert [county.records() for county in counties] == [0 if turn % 4 == 0 else 3 for turn in range(THREADS)]


def test_a_commit_that_fails_for_one_is_done_for_the_others(new_county: NewCounty) -> None:
    """Two replays of one item share a commit with uploads: one replay is refused, every upload is kept."""
    county, others = new_county(), [new_county() for _ in range(6)]
    county.push(put(visit("late")))
    county.accept(put(patient("late")))
    (item,) = county.quarantined()
    path = f"{county.station.url}/api/quarantine/{item['key']}/replay"
    tasks: list[Callable[[], object]] = [lambda: httpx.post(path, timeout=60, verify=False).status_code] * 4
    tasks += [lambda other=other: push_over_own_connection(other, case_of(number())) for other in others]
    outcomes = at_once(tasks)
    assert sorted(outcomes[:4]) == [200, 409, 409, 409]
    assert outcomes[4:] == [{"new": 3}] * 6
    assert county.ledger() == {"new": 2, "refused": 1, "held": 2, "usable": 2}


def test_readers_and_reports_go_on_while_others_write(county: County) -> None:
    period = {"from": "2016-03-01", "to": "2016-04-30", "by": "node"}
    url = county.station.url

    def read() -> bool:
        with plain_client(url) as client:
            return all(client.get("/api/bulletin", params=period).status_code == 200 for _ in range(5))

    writers = [lambda: push_over_own_connection(county, *[case_of(number()) for _ in range(5)])] * 4
    outcomes = at_once([*writers, *[read] * 4])
    assert outcomes == [{"new": 15}] * 4 + [True] * 4


def test_a_hub_that_starts_again_keeps_everything_and_gives_new_ids(store: Engine) -> None:
    url = uuid_url()
    entries = [known_as(url, put(patient("p1"))), put(visit("p1", "v1")), put(visit("nobody"))]
    with Station(store) as station:
        first = County(station, "T0001").push(*entries)
    with Station(store) as station:
        county = County(station, "T0001")
        assert county.push(*entries).fates == ["repeated", "repeated", "refused"]
        assert station.client.get(f"/api/submissions/{first.receipt['submission']}").json() == first.receipt
        assert station.read(first.locations[0])["identifier"][0]["value"] == "p1"
        (waiting, _) = county.quarantined()
        assert waiting["key"] == first.receipt["entries"][2]["quarantine"]
        later = county.accept(put(patient("p2")), put(visit("p1", "v2")))
    assert set(later.locations).isdisjoint(first.locations)
    assert_books_balance(store)


def test_ids_never_collide_over_many_restarts(store: Engine) -> None:
    locations: list[str] = []
    for turn in range(6):
        receipt = Desk.over(store).accept("T0001", *[put(patient(f"p{turn}-{each}")) for each in range(3)])
        locations += [entry.location for entry in receipt.entries]
    assert len(set(locations)) == 18
    assert_books_balance(store)


def test_two_writers_on_one_sqlite_file_do_not_break_one_another(sqlite_store: Engine, tmp_path: Path) -> None:
    """As the command line does beside a running hub."""
    beside = open_store(str(tmp_path / "hub.sqlite"))
    desks = [Desk.over(sqlite_store), Desk.over(beside)]
    shared = resident_number()

    def work(desk: Desk, node: str) -> Counter[str]:
        fates: Counter[str] = Counter()
        for turn in range(12):
            entries = [put(patient(f"p{turn}", resident=shared)), put(visit(f"p{turn}", f"v{turn}"))]
            receipt = desk.take(node, *entries)
            fates += Counter({fate: getattr(receipt, fate) for fate in FATES})
        return fates

    tasks = [lambda: work(desks[0], "T0001"), lambda: work(desks[1], "T0002")]
    assert at_once(tasks) == [{"new": 24}] * 2
    assert [work(desks[0], "T0002"), work(desks[1], "T0001")] == [{"repeated": 24}] * 2
    assert count_rows(sqlite_store, RESIDENT) == 1
    assert_books_balance(sqlite_store)
    beside.dispose()


def test_a_writer_beside_a_running_hub_counts_like_any_other(sqlite_store: Engine, tmp_path: Path) -> None:
    beside = open_store(str(tmp_path / "hub.sqlite"))
    with Station(sqlite_store) as station:
        county = County(station, "T0001")

        def over_http() -> Counter[str]:
            return push_over_own_connection(county, *[bundle(put(patient(f"p{turn}"))) for turn in range(20)])

        def over_the_file() -> Counter[str]:
            receipts = [Desk.over(beside).take("T0001", put(patient(f"p{turn}"))) for turn in range(20)]
            return Counter(entry.outcome for receipt in receipts for entry in receipt.entries)

        fates = sum(at_once([over_http, over_the_file]), Counter())
        assert fates == {"new": 20, "repeated": 20}
        assert county.ledger() == {"new": 20, "repeated": 20, "held": 20, "usable": 20}
    beside.dispose()


def test_submissions_that_share_a_commit_are_stored_all_or_none(desk: Desk) -> None:
    good = desk.opened("T0001", put(patient("p1")))
    broken = desk.opened("T0001", put(patient("p2")))
    broken.replays = 999_999_999  # nothing waits under that key: the commit must fail
    with pytest.raises(AlreadyDecided, match="999999999"):
        desk.intake.take([good, broken])
    for table in (RECORD, SUBMISSION, LEDGER):
        assert count_rows(desk.engine, table) == 0
    assert desk.take("T0001", put(patient("p1"))).new == 1


def test_submissions_that_share_a_commit_see_what_those_before_them_wrote(desk: Desk) -> None:
    days = ("1980-01-01", "1980-01-01", "1980-01-02")
    opened = [desk.opened("T0001", put(patient("p1", birthDate=day))) for day in days]
    opened.append(desk.opened("T0001", put(visit("p1"))))
    receipts = desk.intake.take(opened)
    assert [receipt.entries[0].outcome for receipt in receipts] == ["new", "repeated", "updated", "new"]
    assert_books_balance(desk.engine)


def test_a_hub_with_too_much_waiting_says_so_and_loses_nothing(sqlite_store: Engine) -> None:
    """Somebody else holds the write lock, so that submissions pile up until the hub takes no more."""
    with Station(sqlite_store) as station:
        county = County(station, "T0001")

        async def push_all(unlock: Callable[[], None]) -> list[httpx.Response]:
            limits = httpx.Limits(max_connections=None)
            async with httpx.AsyncClient(base_url=station.url, timeout=60, verify=False, limits=limits) as client:
                headers = {"Content-Type": FHIR_JSON, "X-Node": county.code}
                tasks = [
                    asyncio.create_task(client.post("/fhir", content=content, headers=headers))
                    for content in (as_json(bundle(put(patient(f"p{turn}")))) for turn in range(120))
                ]
                while not any(task.done() for task in tasks):
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.2)
                unlock()
                return await asyncio.gather(*tasks)

        lock = for_writing(sqlite_store).connect()
        lock.begin()
        responses = asyncio.run(push_all(lock.close))
        statuses = Counter(response.status_code for response in responses)
        assert statuses.keys() == {200, 503}
        turned_away = next(response for response in responses if response.status_code == 503)
        assert turned_away.json()["issue"][0]["code"] == "throttled"
        assert county.ledger() == {"new": statuses[200], "held": statuses[200], "usable": statuses[200]}
    assert_books_balance(sqlite_store)


def test_a_hub_that_is_killed_has_kept_all_that_it_acknowledged(tmp_path: Path) -> None:
    store = tmp_path / "hub.sqlite"
    command = [sys.executable, "-m", "exchange.cli", "hub", "--open", "--clock", "simulated", "--port", "0"]
    hub = subprocess.Popen([*command, "--store", str(store)], stdout=subprocess.PIPE, text=True)
    assert hub.stdout is not None
    url = hub.stdout.readline().removeprefix("hub ready at ").strip()
    with plain_client(url) as client:
        assert client.post("/api/clock", json={"now": "2016-03-10T22:00:00+08:00"}).status_code == 200

    def push_until_killed(node: str) -> list[str]:
        acknowledged = []
        with plain_client(url, **{"Content-Type": FHIR_JSON, "X-Node": node}) as client:
            try:
                while True:
                    response = client.post("/fhir", content=as_json(case_of(number())))
                    acknowledged.append(response.headers["X-Submission-Id"])
                    if len(acknowledged) == 15:
                        hub.kill()
            except httpx.TransportError:
                return acknowledged

    nodes = ("320102", "320104", "320105", "320106")
    with ThreadPoolExecutor(len(nodes)) as pool:
        acknowledged = [submission for part in pool.map(push_until_killed, nodes) for submission in part]
    hub.wait()
    hub.stdout.close()
    engine = open_store(str(store))
    with engine.connect() as connection:
        kept = {str(key) for key in connection.execute(select(SUBMISSION.c.key)).scalars()}
    assert len(acknowledged) >= 15
    assert set(acknowledged) <= kept
    assert_books_balance(engine)
    engine.dispose()
