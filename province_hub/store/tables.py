"""The hub's tables, the same on SQLite and PostgreSQL.

Days are ISO text (`2016-03-01`, or empty where a record has none): they sort as dates, and the ledger's keys
need a value where PostgreSQL would not allow NULL. Instants are ISO text with the exchange's offset. Keys are
given by the hub (`province_hub.store.keys`).
"""

from datetime import date
from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Text, text
from sqlmodel import Field, SQLModel

# SQLite clusters a table by its key only where the column's type reads INTEGER.
_KEY = BigInteger().with_variant(Integer, "sqlite")

_HEALTH_RECORDS = text("data_set IN ('health-record-basic', 'health-record-hypertension', 'health-record-diabetes')")


def _key() -> Column[int]:
    return Column(_KEY, primary_key=True, autoincrement=False)


class Counter(SQLModel, table=True):
    """The next free key; hubs take keys from it in blocks."""

    __tablename__ = "counter"

    name: str = Field(primary_key=True)
    next_key: int = Field(sa_type=BigInteger)


class City(SQLModel, table=True):
    """A city (设区市), under which the bulletin sums its county platforms."""

    __tablename__ = "city"

    code: str = Field(primary_key=True)
    name_zh: str
    name_en: str


class Node(SQLModel, table=True):
    """A platform that may upload (接入单位)."""

    __tablename__ = "node"

    code: str = Field(primary_key=True)
    name_zh: str
    name_en: str
    kind: str
    city: str
    dialect: str
    valid_from: date
    valid_to: date | None = None


class Record(SQLModel, table=True):
    """The current version of one resource that one node holds at the hub.

    `identity` is the business identifier it is known by (`system|value`), or `id:<id>` where the node chose
    the id. `since_day` is the arrival day of its first version. `subject` is the key of the Patient that a health
    record is about, `resident` the province's resident that a Patient is. `digest` is taken over `body`, which
    carries neither id nor meta version.
    """

    __tablename__ = "record"
    __table_args__ = (
        Index("record_identity", "node", "identity", "resource_type", unique=True),
        Index(
            "record_client_id",
            "client_id",
            "resource_type",
            unique=True,
            sqlite_where=text("client_id IS NOT NULL"),
            postgresql_where=text("client_id IS NOT NULL"),
        ),
        Index(
            "record_health_record",
            "data_set",
            "node",
            "since_day",
            "subject",
            sqlite_where=_HEALTH_RECORDS,
            postgresql_where=_HEALTH_RECORDS,
        ),
    )

    key: int = Field(sa_column=_key())
    node: str
    resource_type: str
    identity: str
    client_id: str | None = None
    version: int
    data_set: str
    event_day: str
    since_day: str
    arrived_at: str
    submission: int = Field(sa_type=BigInteger)
    usable: bool
    subject: int | None = Field(default=None, sa_type=BigInteger)
    resident: int | None = Field(default=None, sa_type=BigInteger)
    digest: bytes = Field(sa_type=LargeBinary)
    body: bytes = Field(sa_type=LargeBinary)


class PastVersion(SQLModel, table=True):
    """A version of a resource that a later one replaced."""

    __tablename__ = "past_version"
    __table_args__ = (PrimaryKeyConstraint("record", "version"),)

    record: int = Field(sa_type=BigInteger)
    version: int
    arrived_at: str
    submission: int = Field(sa_type=BigInteger)
    body: bytes = Field(sa_type=LargeBinary)


class OtherIdentifier(SQLModel, table=True):
    """A further identifier by which a record can be found, beside its identity."""

    __tablename__ = "other_identifier"
    __table_args__ = (PrimaryKeyConstraint("node", "token", "record"),)

    node: str
    token: str
    record: int = Field(sa_type=BigInteger)


class Resident(SQLModel, table=True):
    """A person in the province's index, known by resident number (居民身份证号)."""

    __tablename__ = "resident"

    key: int = Field(sa_column=_key())
    resident_number: str = Field(unique=True)


class Submission(SQLModel, table=True):
    """One Bundle that a node pushed (上传批次), and its receipt (回执) as it was sent."""

    __tablename__ = "submission"
    __table_args__ = (Index("submission_node_day", "node", "arrival_day"),)

    key: int = Field(sa_column=_key())
    node: str
    number: str
    kind: str
    arrived_at: str
    arrival_day: str
    submitted: int
    new: int
    updated: int
    repeated: int
    refused: int
    usable: int
    receipt: bytes = Field(sa_type=LargeBinary)


class Finding(SQLModel, table=True):
    """One fact about one element of one entry (质量问题)."""

    __tablename__ = "finding"
    __table_args__ = (
        PrimaryKeyConstraint("submission", "position"),
        Index("finding_node_rule", "node", "arrival_day", "rule"),
    )

    submission: int = Field(sa_type=BigInteger)
    position: int
    node: str
    arrival_day: str
    entry: int
    record: int | None = Field(default=None, sa_type=BigInteger)
    resource_type: str
    rule: str
    severity: str
    expression: str
    found: str = Field(sa_type=Text)


class QuarantinedEntry(SQLModel, table=True):
    """An entry, or a whole failed transaction, that was refused and is kept until replayed or withdrawn (隔离).

    `entry` is None for a whole transaction. `method`, `url` and `if_none_exist` are the entry's request, `rules`
    the ids of the rules it broke, comma-separated. `resolved` holds, as JSON, what the entry's references inside
    its bundle stood for, so that it can be replayed alone.
    """

    __tablename__ = "quarantine"
    __table_args__ = (Index("quarantine_state", "state", "node"),)

    key: int = Field(sa_column=_key())
    submission: int = Field(sa_type=BigInteger)
    entry: int | None = None
    node: str
    resource_type: str
    method: str
    url: str
    if_none_exist: str
    entries: int
    arrived_at: str
    state: str
    decided_at: str | None = None
    replayed_as: int | None = Field(default=None, sa_type=BigInteger)
    rules: str = Field(sa_type=Text)
    resolved: bytes = Field(sa_type=LargeBinary)
    content: bytes = Field(sa_type=LargeBinary)


class LedgerLine(SQLModel, table=True):
    """What became of one node's entries of one kind that arrived on one day and happened on another (上传台账).

    `new`, `updated`, `repeated` and `refused` add up to what was submitted. `held` and `usable` are changes:
    summed over arrival days they are what the hub holds and what of it has no finding that bars its use, so a
    bulletin can be frozen at any day. `new_usable` are those of `new` that came usable.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        PrimaryKeyConstraint("node", "arrival_day", "resource_type", "data_set", "event_day"),
        Index("ledger_event", "data_set", "event_day"),
    )

    node: str
    arrival_day: str
    resource_type: str
    data_set: str
    event_day: str
    new: int
    updated: int
    repeated: int
    refused: int
    held: int
    usable: int
    new_usable: int


class ExpectedVolume(SQLModel, table=True):
    """What a node should have had to send: the denominator of its upload rate (应传量)."""

    __tablename__ = "expected_volume"
    __table_args__ = (PrimaryKeyConstraint("node", "data_set", "valid_from", "valid_to"),)

    node: str
    data_set: str
    valid_from: date
    valid_to: date
    expected: float
    assumed: bool
    basis: str


# The same tables for SQLAlchemy Core, which the hot paths and the reports speak.
COUNTER: Final = SQLModel.metadata.tables["counter"]
CITY: Final = SQLModel.metadata.tables["city"]
NODE: Final = SQLModel.metadata.tables["node"]
RECORD: Final = SQLModel.metadata.tables["record"]
PAST_VERSION: Final = SQLModel.metadata.tables["past_version"]
OTHER_IDENTIFIER: Final = SQLModel.metadata.tables["other_identifier"]
RESIDENT: Final = SQLModel.metadata.tables["resident"]
SUBMISSION: Final = SQLModel.metadata.tables["submission"]
FINDING: Final = SQLModel.metadata.tables["finding"]
QUARANTINE: Final = SQLModel.metadata.tables["quarantine"]
LEDGER: Final = SQLModel.metadata.tables["ledger"]
EXPECTED_VOLUME: Final = SQLModel.metadata.tables["expected_volume"]
