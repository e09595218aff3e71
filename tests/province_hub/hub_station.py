"""A hub on a socket, counties that push to it, and what its store and ledger then hold."""

import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import uvicorn
from fhir.resources.R4B.operationoutcome import OperationOutcome
from hub_records import Json, as_json, bundle
from sqlalchemy import Engine, Row, Table, func, insert, select

from exchange.clock import Clock, SimulatedClock
from province_hub.app import make_app
from province_hub.intake.door import open_bundle
from province_hub.intake.receipt import Receipt
from province_hub.intake.submission import Sender, Submission
from province_hub.intake.way import Way
from province_hub.intake.writer import Intake
from province_hub.settings import Settings
from province_hub.store.tables import LEDGER, NODE, PAST_VERSION, QUARANTINE, RECORD, SUBMISSION

FHIR_JSON = "application/fhir+json; charset=utf-8"
FATES = ("new", "updated", "repeated", "refused")
MORNING = "2016-03-10T22:00:00+08:00"
"""The hub's time where a test says nothing else."""


def add_counties(engine: Engine, codes: Sequence[str], city: str = "320100", dialect: str = "national") -> None:
    """Register further county platforms, so that every test can have its own."""
    day = datetime(2016, 1, 1).date()  # noqa: DTZ001  # a day has no zone
    rows = [
        {"code": code, "name_zh": "测试县", "name_en": "Test County", "kind": "county", "city": city}
        | {"dialect": dialect, "valid_from": day, "valid_to": None}
        for code in codes
    ]
    with engine.begin() as connection:
        connection.execute(insert(NODE), rows)


def plain_client(url: str, **headers: str) -> httpx.Client:
    """A client with a connection of its own; it does not load certificates, which takes longer than a test."""
    return httpx.Client(base_url=url, timeout=60, verify=False, headers=headers)


class Station:
    """A real hub over a store, served on loopback by a thread; `unused` are codes that nobody has pushed as."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock | None = None,
        settings: Settings | None = None,
        further_counties: int = 0,
    ) -> None:
        self.engine = engine
        further = [f"C{index:04d}" for index in range(further_counties)]
        if further:
            add_counties(engine, further)
        self.unused = iter(further)
        self.clock = clock or SimulatedClock(datetime.fromisoformat(MORNING))
        app = make_app(engine, self.clock, settings or Settings())
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", ws="none")
        self._server = uvicorn.Server(config)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listening.getsockname()
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]})
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the hub did not start")
            time.sleep(0.005)
        self.url = f"http://{self.address[0]}:{self.address[1]}"
        self.client = plain_client(self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()

    def send(self, content: Any, node: str, **headers: str) -> httpx.Response:
        """Push a body as it is: bytes, or anything that becomes JSON."""
        body = content if isinstance(content, bytes) else as_json(content)
        headers = {"Content-Type": FHIR_JSON, "X-Node": node} | headers
        return self.client.post("/fhir", content=body, headers=headers)

    def read(self, location: str) -> Json:
        """The current version of the record at `Patient/1` or `Patient/1/_history/1`."""
        response = self.client.get(f"/fhir/{location.partition('/_history')[0]}")
        assert response.status_code == 200, response.text
        return dict(response.json())


@dataclass(frozen=True)
class Answer:
    """What the hub answered to a bundle: the response, and the receipt fetched again."""

    response: httpx.Response
    receipt: Json

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def fates(self) -> list[str]:
        return [entry["outcome"] for entry in self.receipt["entries"]]

    @property
    def statuses(self) -> list[str]:
        return [entry["response"]["status"][:3] for entry in self.response.json().get("entry", ())]

    @property
    def locations(self) -> list[str]:
        return [entry.get("location", "") for entry in self.receipt["entries"]]

    def findings(self, position: int = 0) -> list[Json]:
        return list(self.receipt["entries"][position].get("findings", ()))

    def rules(self, position: int = 0) -> list[str]:
        return [finding["rule"] for finding in self.findings(position)]

    def usable(self, position: int = 0) -> bool:
        return bool(self.receipt["entries"][position].get("usable", False))


@dataclass
class County:
    """One node that pushes to a hub; no other test pushes as it."""

    station: Station
    code: str

    @property
    def engine(self) -> Engine:
        return self.station.engine

    def push(self, *entries: Any, kind: str = "batch") -> Answer:
        """Push a bundle of entries; whatever becomes of it, the receipt must add up."""
        return self.answered(self.station.send(bundle(*entries, kind=kind), self.code))

    def answered(self, response: httpx.Response) -> Answer:
        assert "X-Submission-Id" in response.headers, f"{response.status_code}: {response.text}"
        again = self.station.client.get(f"/api/submissions/{response.headers['X-Submission-Id']}")
        assert again.status_code == 200
        receipt = again.json()
        assert receipt["submitted"] == sum(receipt[fate] for fate in FATES) == len(receipt["entries"])
        return Answer(response, receipt)

    def accept(self, *entries: Any) -> Answer:
        """Push entries that must all be accepted."""
        answer = self.push(*entries)
        assert "refused" not in answer.fates, answer.response.text
        return answer

    def write(self, method: str, path: str, resource: Any, **headers: str) -> httpx.Response:
        """Create or update one resource."""
        body = resource if isinstance(resource, bytes) else as_json(resource)
        headers = {"Content-Type": FHIR_JSON, "X-Node": self.code} | headers
        return self.station.client.request(method, f"/fhir/{path}", content=body, headers=headers)

    def quarantined(self, state: str = "waiting") -> list[Json]:
        """This county's items in quarantine."""
        return list(self.station.client.get("/api/quarantine", params={"node": self.code, "state": state}).json())

    def replay(self, key: int, corrected: Any = None) -> httpx.Response:
        path = f"/api/quarantine/{key}/replay"
        if corrected is None:
            return self.station.client.post(path)
        return self.station.client.post(path, content=as_json(corrected), headers={"Content-Type": FHIR_JSON})

    def rows(self, table: Table) -> list[Row[Any]]:
        """This county's rows of a table."""
        with self.engine.connect() as connection:
            return list(connection.execute(select(table).where(table.c.node == self.code)))

    def records(self) -> int:
        return len(self.rows(RECORD))

    def ledger(self) -> Counter[str]:
        """This county's ledger, summed over all lines."""
        return summed(self.rows(LEDGER))

    def held(self) -> dict[tuple[str, str], int]:
        """What the ledger says the hub holds of this county, by (data set, event day)."""
        held: Counter[tuple[str, str]] = Counter()
        for line in self.rows(LEDGER):
            held[line.data_set, line.event_day] += line.held
        return {key: count for key, count in held.items() if count}


NewCounty = Callable[[], County]


def summed(lines: Sequence[Row[Any]]) -> Counter[str]:
    """Ledger lines added up, column by column; zeros left out."""
    total: Counter[str] = Counter()
    for line in lines:
        for name in (*FATES, "held", "usable"):
            total[name] += getattr(line, name)
    return Counter({name: count for name, count in total.items() if count})


@cache
def _way() -> Way:
    """Code tables and translators, loaded once for all desks: they keep nothing of what they see."""
    return Way()


@dataclass
class Desk:
    """The way of the hub over a store, without HTTP: submissions arrive at the instants that a test names."""

    engine: Engine
    intake: Intake

    @classmethod
    def over(cls, engine: Engine) -> "Desk":
        return cls(engine, Intake(engine, _way()))

    def opened(self, node: str, *entries: Any, at: str = MORNING, kind: str = "batch") -> Submission:
        return open_bundle(as_json(bundle(*entries, kind=kind)), self.sender(node), at)

    def sender(self, node: str) -> Sender:
        with self.engine.connect() as connection:
            dialect = connection.execute(select(NODE.c.dialect).where(NODE.c.code == node)).scalar_one()
        return Sender(node, dialect)

    def take(self, node: str, *entries: Any, at: str = MORNING, kind: str = "batch") -> Receipt:
        """Take one bundle in; `at` is a day or an instant."""
        at = f"{at}T12:00:00+08:00" if len(at) == 10 else at
        return self.intake.take([self.opened(node, *entries, at=at, kind=kind)])[0]

    def accept(self, node: str, *entries: Any, at: str = MORNING) -> Receipt:
        """Take in what must be accepted."""
        receipt = self.take(node, *entries, at=at)
        assert receipt.refused == 0, receipt
        return receipt


def refusal(response: httpx.Response, status: int) -> Json:
    """The first issue of the OperationOutcome with which a request was turned away."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/fhir+json")
    outcome = response.json()
    OperationOutcome.model_validate_json(response.content)
    issue = outcome["issue"][0]
    assert issue["severity"] == "error"
    assert len(issue["diagnostics"]) > 20
    return dict(issue)


def assert_untouched(county: County) -> None:
    """Nothing was counted, stored or kept."""
    assert county.rows(SUBMISSION) == county.rows(LEDGER) == county.rows(RECORD) == county.rows(QUARANTINE) == []


def count_rows(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def assert_books_balance(engine: Engine) -> None:
    """Receipts, submissions, ledger, records, versions and quarantine of a whole store tell the same story."""
    with engine.connect() as connection:
        submissions = connection.execute(select(SUBMISSION)).all()
        lines = connection.execute(select(LEDGER)).all()
        records = connection.execute(select(RECORD)).all()
        items = connection.execute(select(QUARANTINE)).all()
        past = connection.execute(select(PAST_VERSION.c.record, PAST_VERSION.c.version)).all()
    _assert_receipts_agree(submissions)
    _assert_days_agree(submissions, lines)
    _assert_holdings_agree(lines, records)
    kept: Counter[int] = Counter()
    for item in items:
        kept[item.submission] += item.entries
    assert kept == Counter({row.key: row.refused for row in submissions if row.refused})
    versions = Counter({row.key: row.version - 1 for row in records if row.version > 1})
    assert Counter(record for record, _ in past) == versions
    assert all(version < versions[record] + 1 for record, version in past)
    assert len(records) == sum(row.new for row in submissions)


def _assert_receipts_agree(submissions: Sequence[Row[Any]]) -> None:
    for row in submissions:
        receipt = msgspec.json.decode(zlib.decompress(row.receipt), type=Receipt, strict=False)
        assert row.submitted == row.new + row.updated + row.repeated + row.refused == len(receipt.entries)
        for name in ("submitted", *FATES, "usable"):
            assert getattr(row, name) == getattr(receipt, name)
        assert Counter(entry.outcome for entry in receipt.entries) == +Counter(
            {fate: getattr(row, fate) for fate in FATES}
        )


def _assert_days_agree(submissions: Sequence[Row[Any]], lines: Sequence[Row[Any]]) -> None:
    submitted: Counter[tuple[str, str, str]] = Counter()
    entered: Counter[tuple[str, str, str]] = Counter()
    for fate in FATES:
        for row in submissions:
            submitted[row.node, row.arrival_day, fate] += getattr(row, fate)
        for line in lines:
            entered[line.node, line.arrival_day, fate] += getattr(line, fate)
    assert +entered == +submitted


def _assert_holdings_agree(lines: Sequence[Row[Any]], records: Sequence[Row[Any]]) -> None:
    for name in ("held", "usable"):
        entered: Counter[tuple[str, ...]] = Counter()
        counted: Counter[tuple[str, ...]] = Counter()
        for line in lines:
            entered[line.node, line.resource_type, line.data_set, line.event_day] += getattr(line, name)
        for record in records:
            counted[record.node, record.resource_type, record.data_set, record.event_day] += (
                record.usable if name == "usable" else 1
            )
        assert {key: value for key, value in entered.items() if value} == +counted
