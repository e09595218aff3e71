"""A simulated county platform or hospital: plan, people, dialect and noise become bundles of bytes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple

import msgspec
import orjson

from codemaps import CodeTable, Localiser
from county_nodes.care import GENERAL, SPECIALTIES, UPLOAD_HOUR
from county_nodes.concepts import Resource
from county_nodes.draws import Draws
from county_nodes.noise import Change, Kind, Noise, Truth
from county_nodes.patients import Patients
from county_nodes.plan import NodePlan
from county_nodes.population import People
from county_nodes.records import Institution, Records
from county_nodes.registry import registered_records
from county_nodes.upload import Again, Newcomer, Upload
from exchange.regions import Node
from exchange.systems import SUBMISSION_NUMBER

BUNDLE_SIZE: Final = 100


class Submission(msgspec.Struct, frozen=True):
    """One bundle, ready to be sent, and what is wrong in it."""

    number: str
    day: date
    body: bytes
    entries: int
    truths: tuple[Truth, ...]


class _Entry(NamedTuple):
    resource_type: str
    identifier: str
    body: bytes
    error: tuple[str, Change, bool] | None
    """Kind, change, and whether the hub must refuse the entry."""


class CountyPlatform:
    """One node of the exchange: any day, asked for in any order, gives the same bytes."""

    def __init__(
        self,
        plan: NodePlan,
        node: Node,
        people: People,
        tables: Mapping[str, CodeTable],
        localiser: Localiser,
        noise: Noise,
        seed: int,
        bundle_size: int = BUNDLE_SIZE,
    ) -> None:
        if plan.volumes.node_code != node.code:
            raise ValueError(f"the plan is for node {plan.volumes.node_code}, the platform is {node.code}")
        self.plan = plan
        self.node = node
        self._tables = tables
        self._localiser = localiser
        self._noise = noise
        self._seed = seed
        self._bundle_size = bundle_size
        self._records = Records(node.code, node.name_zh, tables)
        self._specialty = SPECIALTIES.get(node.institution_type, GENERAL)
        self._patients = Patients(people, node.code, node.city, plan.volumes.registered_basic, self._specialty.oldest)
        self._institutions = _institutions(node)

    def bundles(self, day: date) -> Iterator[Submission]:
        """Return what the node uploads on a day, bundle by bundle; nothing on a day without an upload."""
        quota = self.plan.by_day.get(day)
        if quota is None:
            return
        upload = Upload(
            self.node.code,
            quota,
            self._patients,
            self._records,
            self._institutions,
            self._specialty,
            self._seed,
        )
        yield from self._bundled(day, self._entries(day, upload.records()))

    def registry_bundles(self, day: date) -> Iterator[Submission]:
        """Return the registered residents and their health records, as sent on one day before the period."""
        made = registered_records(
            self.plan.volumes,
            self._patients,
            self._records,
            self._institutions,
            self._tables,
            day,
            self._seed,
        )
        yield from self._bundled(day, self._entries(day, made))

    def _entries(self, day: date, made: Iterable[Resource | Newcomer | Again]) -> Iterator[_Entry]:
        noise = self._noise
        wrong = Draws(self._seed, self.node.code, day, "noise")
        choose = Draws(self._seed, self.node.code, day, "dialect").below
        serial = 0
        for item in made:
            if isinstance(item, dict):
                kind = noise.kind_for(item["resourceType"], wrong)
                yield self._finish(item, kind, wrong, choose)
                refused = noise.refused_kind(wrong)
                if refused is not None:
                    serial += 1
                    number = f"{self.node.code}-{day:%Y%m%d}-X{serial:06d}"
                    patient = item["subject"]["identifier"]["value"]
                    resource, change = refused.make(number, patient, f"{day}T08:00:00+08:00", wrong)
                    yield _entry(resource, (refused.name, change, True))
            else:
                entry = self._patient(item.patient)
                if isinstance(item, Newcomer) or entry.error is None:
                    yield entry

    def _patient(self, index: int) -> _Entry:
        """Return a patient, drawn from streams of its own: the same whenever it is sent."""
        draws = Draws(self._seed, self.node.code, "patient", index)
        person = self._patients.person(index)
        registered = index < self.plan.volumes.registered_basic
        resource = self._records.patient(index, person, registered)
        return self._finish(resource, self._noise.kind_for("Patient", draws), draws, draws.below)

    def _finish(self, resource: Resource, kind: Kind | None, wrong: Draws, choose: Callable[[int], int]) -> _Entry:
        """Make it wrong where it is to be, write it in local codes, encode it."""
        change = None
        if kind is not None and not kind.after_dialect:
            change = kind.inject(resource, wrong)
        self._localiser.localise(resource, choose)
        if kind is not None and kind.after_dialect:
            change = kind.inject(resource, wrong)
        return _entry(resource, (kind.name, change, False) if kind and change else None)

    def _bundled(self, day: date, entries: Iterator[_Entry]) -> Iterator[Submission]:
        patients: list[_Entry] = []
        others: list[_Entry] = []
        serial = 0
        for entry in entries:
            (patients if entry.resource_type == "Patient" else others).append(entry)
            if len(patients) + len(others) == self._bundle_size:
                serial += 1
                yield self._submission(day, serial, patients + others)
                patients, others = [], []
        if patients or others:
            yield self._submission(day, serial + 1, patients + others)

    def _submission(self, day: date, serial: int, entries: list[_Entry]) -> Submission:
        number = f"{self.node.code}-{day:%Y%m%d}-{serial:04d}"
        seconds = min(serial, 7199)
        head = (
            f'{{"resourceType":"Bundle","identifier":{{"system":"{SUBMISSION_NUMBER}","value":"{number}"}},'
            f'"type":"batch","timestamp":"{day}T{UPLOAD_HOUR + seconds // 3600:02d}'
            f':{seconds // 60 % 60:02d}:{seconds % 60:02d}+08:00","entry":['
        )
        truths = tuple(
            Truth(
                node=self.node.code,
                day=day,
                submission=number,
                entry=position,
                resource_type=entry.resource_type,
                identifier=entry.identifier,
                kind=entry.error[0],
                element=entry.error[1].element,
                original=entry.error[1].original,
                sent=entry.error[1].sent,
                effect="refused" if entry.error[2] else "marked",
            )
            for position, entry in enumerate(entries)
            if entry.error is not None
        )
        body = b"".join((head.encode(), b",".join([entry.body for entry in entries]), b"]}"))
        return Submission(number, day, body, len(entries), truths)


def _entry(resource: Resource, error: tuple[str, Change, bool] | None) -> _Entry:
    """Return a bundle entry: an update by business identifier, or a create where there is none."""
    resource_type = resource["resourceType"]
    identifier = resource.get("identifier")
    if isinstance(identifier, list):
        identifier = identifier[0]
    if identifier is None:
        body = b'{"resource":%b,"request":{"method":"POST","url":"%b"}}' % (
            orjson.dumps(resource),
            resource_type.encode(),
        )
        return _Entry(resource_type, "", body, error)
    value = identifier["value"]
    body = b'{"resource":%b,"request":{"method":"PUT","url":"%b"}}' % (
        orjson.dumps(resource),
        f"{resource_type}?identifier={identifier['system']}|{value}".encode(),
    )
    return _Entry(resource_type, value, body, error)


def _institutions(node: Node) -> tuple[Institution, ...]:
    """Return the institutions whose records a node collects, large ones first; a hospital is one."""
    if node.kind == "hospital":
        return (Institution(f"{node.code}-001", node.name_zh),)
    names = (
        "人民医院",
        "中医院",
        "妇幼保健院",
        "第二人民医院",
        "城东社区卫生服务中心",
        "新桥镇卫生院",
        "官林镇卫生院",
    )
    return tuple(Institution(f"{node.code}-{serial:03d}", node.name_zh + name) for serial, name in enumerate(names, 1))
