"""Every declared quality rule fires on what it is about, and keeps silent where nothing is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hub_records import (
    Json,
    as_json,
    bundle,
    condition,
    health_record,
    identifier,
    number,
    observation,
    patient,
    put,
    report,
    resident_number,
    stay,
    visit,
)
from hub_station import County
from sqlalchemy import select

from exchange.systems import ACT_CODE, PATIENT_INDEX, RESIDENT_NUMBER
from province_hub.intake.rehearsal import Rehearsal
from province_hub.intake.submission import Sender
from province_hub.quality.engine import RULES
from province_hub.quality.policy import load_policy
from province_hub.store.tables import FINDING

MALE = resident_number("1980-01-01", male=True)
FEMALE = resident_number("1980-01-01", male=False)
WRONG = MALE[:17] + ("1" if MALE[17] != "1" else "2")
HELD = "P-held"
"""A patient that every county of these tests has sent before."""


def without(resource: Json, *names: str) -> Json:
    return {name: value for name, value in resource.items() if name not in names}


def ended(start: str, end: str) -> Json:
    return visit(HELD, period={"start": start, "end": end})


@dataclass(frozen=True)
class Case:
    """A rule with entries that break it and entries that do not; the last entry is the one to look at."""

    rule: str
    refuses: bool
    expression: str
    broken: list[Json]
    sound: list[Json]
    kind: str = "batch"
    local: str = ""
    """What the case is about, where a rule has several."""

    @property
    def name(self) -> str:
        return f"{self.rule} {self.local}".strip()


def case(
    rule: str,
    expression: str,
    broken: Json,
    sound: Json,
    *,
    refuses: bool = False,
    local: str = "",
    kind: str = "batch",
) -> Case:
    return Case(rule, refuses, expression, [broken], [sound], kind, local)


def future(local: str, expression: str, make: Callable[..., Json], element: str, **more: Json) -> Case:
    return case(
        "logic.in-the-future",
        expression,
        put(make(HELD, **{element: "2016-03-11"})),
        put(make(HELD, **{element: "2016-03-10"})),
        local=local,
    )


def if_match(version: str, entry: Json) -> Json:
    return {**entry, "request": {**entry["request"], "ifMatch": version}}


TWICE = put(patient("P-twice", gender="other"))
CASES = [
    case(
        "completeness.required-element",
        "Patient.birthDate",
        put(without(patient("c-1"), "birthDate")),
        put(patient("c-2")),
        local="absent",
    ),
    case(
        "completeness.required-element",
        "Patient.name",
        put(patient("c-3", name=[{"text": "不详"}])),
        put(patient("c-4", name=[{"text": "不祥"}])),
        local="filler",
    ),
    case(
        "completeness.required-element",
        "Encounter.period.start",
        put(visit(HELD, period={"end": "2016-03-10"})),
        put(visit(HELD)),
        local="visit",
    ),
    case(
        "completeness.required-element",
        "Encounter.period.end",
        put(stay(HELD, period={"start": "2016-03-10"})),
        put(visit(HELD, period={"start": "2016-03-10"})),
        local="discharge",
    ),
    case(
        "completeness.required-element",
        "DiagnosticReport.category",
        put(without(report(HELD), "category")),
        put(report(HELD)),
        local="report",
    ),
    case(
        "completeness.required-element",
        "Composition.section(registration)",
        put(health_record(HELD, section=health_record(HELD)["section"][1:])),
        put(health_record(HELD)),
        local="health record",
    ),
    case(
        "conformity.structure",
        "Patient.birthDate",
        put(patient("s-1", birthDate="1980-02-30")),
        put(patient("s-2", birthDate="1980-02-29")),
        refuses=True,
    ),
    case(
        "conformity.required-binding",
        "Encounter.status",
        put(visit(HELD, status="done")),
        put(visit(HELD, status="finished")),
        refuses=True,
    ),
    case(
        "conformity.unmapped-code",
        "Encounter.class",
        put(visit(HELD, **{"class": {"code": "1"}})),
        put(visit(HELD, **{"class": {"system": ACT_CODE, "code": "AMB"}})),
    ),
    case(
        "conformity.resident-number",
        "Patient.identifier[1].value",
        put(patient("r-1", resident=WRONG)),
        put(patient("r-2", resident=MALE)),
    ),
    case(
        "conformity.resident-number",
        "Patient.identifier[1].value",
        put(patient("r-3", resident=MALE[:15])),
        put(patient("r-4", identifier=[identifier(PATIENT_INDEX, "r-4"), identifier("urn:oid:1.2.3", MALE[:15])])),
        local="of fifteen digits",
    ),
    case(
        "conformity.request",
        "request",
        {"resource": patient("q-1"), "request": {"method": "DELETE", "url": "Patient/1"}},
        put(patient("q-2")),
        refuses=True,
    ),
    case(
        "conformity.foreign-id",
        "request.url",
        put(patient(id="1"), url="Patient/1"),
        put(patient("f-1")),
        refuses=True,
    ),
    case(
        "logic.birth-date-of-resident-number",
        "Patient.birthDate",
        put(patient("b-1", resident=MALE, birthDate="1980-01-02")),
        put(patient("b-2", resident=MALE, birthDate="1980-01-01")),
    ),
    case(
        "logic.birth-date-of-resident-number",
        "Patient.birthDate",
        put(patient("b-3", resident=MALE, birthDate="1981-01-01")),
        put(patient("b-4", resident=MALE, birthDate="1980")),
        local="of which only the year is known",
    ),
    case(
        "logic.sex-of-resident-number",
        "Patient.gender",
        put(patient("x-1", resident=FEMALE, gender="male")),
        put(patient("x-2", resident=FEMALE, gender="female")),
    ),
    case(
        "logic.sex-of-resident-number",
        "Patient.gender",
        put(patient("x-3", resident=MALE, gender="female")),
        put(patient("x-4", resident=MALE, gender="unknown")),
        local="not stated",
    ),
    case(
        "logic.end-before-start",
        "Encounter.period.end",
        put(ended("2016-03-10T10:00:00+08:00", "2016-03-10T09:59:59+08:00")),
        put(ended("2016-03-10T10:00:00+08:00", "2016-03-10T10:00:00+08:00")),
    ),
    case(
        "logic.end-before-start",
        "Encounter.period.end",
        put(ended("2016-03-10", "2016-03-09")),
        put(ended("2016-03-10", "2016-03-10")),
        local="by day",
    ),
    case(
        "logic.end-before-start",
        "Encounter.period.end",
        put(ended("2016-03-10T10:00:00+08:00", "2016-03-09T10:00:00Z")),
        put(ended("2016-03-10T10:00:00+08:00", "2016-03-10T03:00:00Z")),
        local="in other zones",
    ),
    case(
        "logic.in-the-future",
        "Encounter.period.start",
        put(visit(HELD, start="2016-03-11T00:00:00+08:00")),
        put(visit(HELD, start="2016-03-10T15:59:59Z")),
        local="Encounter",
    ),
    future("Observation", "Observation.effectiveDateTime", observation, "effectiveDateTime"),
    future("DiagnosticReport", "DiagnosticReport.effectiveDateTime", report, "effectiveDateTime"),
    future("Condition", "Condition.recordedDate", condition, "recordedDate"),
    future("Composition", "Composition.date", health_record, "date"),
    case(
        "linkage.reference-to-nothing",
        "Encounter.subject",
        put(visit("nobody")),
        put(visit(HELD)),
        refuses=True,
    ),
    case(
        "uniqueness.no-identity",
        "Patient.identifier",
        {"resource": without(patient(), "identifier"), "request": {"method": "POST", "url": "Patient"}},
        {"resource": patient("n-1"), "request": {"method": "POST", "url": "Patient"}},
        refuses=True,
    ),
    Case(
        "uniqueness.ambiguous-identity",
        True,
        "Patient.identifier",
        [put(patient("a-1", resident=MALE), url=f"Patient?identifier={RESIDENT_NUMBER}|{MALE}")],
        [put(patient("a-1", resident=FEMALE), url=f"Patient?identifier={RESIDENT_NUMBER}|{FEMALE}")],
    ),
    case(
        "completeness.day-of-encounter",
        "Encounter.period.start",
        put(visit(HELD, period={"start": "2016-03"})),
        put(visit(HELD, period={"start": "2016-03-01"})),
    ),
    case(
        "linkage.no-subject",
        "DiagnosticReport.subject",
        put(report(HELD, subject={"display": "王"})),
        put(report(HELD)),
    ),
    case(
        "uniqueness.other-version",
        "Patient.meta.versionId",
        if_match('W/"7"', put(patient(HELD, gender="other"))),
        if_match('W/"1"', put(patient(HELD, gender="other"))),
        refuses=True,
    ),
    Case("uniqueness.same-identity-twice", True, "Patient.identifier", [TWICE, TWICE], [TWICE], "transaction"),
]
BEFORE = [put(patient(HELD)), put(patient("twin-1", resident=MALE)), put(patient("twin-2", resident=MALE))]
ELSEWHERE = {
    "conformity.inexact-code": "test_hub_translation: needs a county with a dialect of its own",
    "completeness.class-of-encounter": "below: it only warns",
    "linkage.reference-unchecked": "below: raised only where there is no store to look in",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_fires_on_what_breaks_it(county: County, case: Case) -> None:
    county.accept(*BEFORE)
    answer = county.push(*case.broken, kind=case.kind)
    last = len(case.broken) - 1
    place = f"Bundle.entry[{last}]"
    told = {finding["rule"]: finding for finding in answer.findings(last)}
    assert case.rule in told, told
    finding, rule = told[case.rule], RULES[case.rule]
    resource_type, _, rest = case.expression.partition(".")
    expected = f"{place}.{case.expression}" if resource_type == "request" else f"{place}.resource.{rest}"
    assert finding["expression"] == expected
    assert finding["found"]
    assert (finding["severity"], finding["dimension"]) == (rule.severity, rule.dimension)
    assert finding["expected_en"]
    assert finding["expected_zh"]
    assert finding["mend_en"]
    assert finding["mend_zh"]
    assert answer.fates[last] == ("refused" if case.refuses else "new")
    assert not answer.usable(last)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_is_silent_where_nothing_is_wrong(county: County, case: Case) -> None:
    county.accept(*BEFORE)
    answer = county.push(*case.sound, kind=case.kind)
    assert case.rule not in answer.rules(len(case.sound) - 1)
    assert "refused" not in answer.fates


def test_every_declared_rule_has_a_pair_here() -> None:
    assert {case.rule for case in CASES} | set(ELSEWHERE) == set(RULES)


def test_the_pairs_agree_with_the_policy_on_what_is_refused() -> None:
    assert {case.rule for case in CASES if case.refuses} == set(load_policy().refusing)


def test_every_rule_speaks_both_languages_and_says_how_to_mend() -> None:
    for rule in RULES.values():
        for sentence in (rule.title_en, rule.title_zh, rule.expected_en, rule.expected_zh, rule.mend_en, rule.mend_zh):
            assert sentence.strip(), rule.id
        assert rule.id.partition(".")[0] == rule.dimension


def test_a_reference_out_of_the_bundle_is_noted_where_there_is_no_store() -> None:
    rehearsal = Rehearsal(Sender("320102", "national"), None, "2016-03-10T22:00:00+08:00")
    p = number()
    alone = rehearsal.receipt(as_json(bundle(put(visit(p)))))
    together = rehearsal.receipt(as_json(bundle(put(patient(p)), put(visit(p)))))
    (finding,) = alone.entries[0].findings
    assert (finding.rule, finding.severity) == ("linkage.reference-unchecked", "information")
    assert alone.entries[0].usable
    assert all(not entry.findings for entry in together.entries)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2016-03-01T23:00:00-08:00", "2016-03-02T08:00:00-08:00", False),
        ("2016-03-01T10:00:00+08:00", "2016-03-01T03:00:00Z", False),
        ("2016-03-01T10:00:00Z", "2016-03-01T10:00:00.5Z", False),
        ("2016-03-01T10:00:00.25+08:00", "2016-03-01T10:00:00.5+08:00", False),
        ("2016-03-01T10:00:00.5+08:00", "2016-03-01T10:00:00.25+08:00", True),
        ("2016-03-01", "2016-03-01T00:00:00+08:00", False),
        ("2016-03-02T00:00:00+08:00", "2016-03-01", True),
    ],
)
def test_an_end_before_the_start_is_found_whatever_the_precision(
    county: County, start: str, end: str, found: bool
) -> None:
    county.accept(put(patient(HELD)))
    assert ("logic.end-before-start" in county.push(put(ended(start, end))).rules()) is found


def test_all_that_is_wrong_with_an_entry_is_told_at_once(county: County) -> None:
    wrong = patient("w-1", resident=FEMALE, birthDate="2020-01-01", name=[{"text": "-"}])
    assert sorted(county.push(put(wrong)).rules()) == [
        "completeness.required-element",
        "logic.birth-date-of-resident-number",
        "logic.sex-of-resident-number",
    ]
    broken = patient("w-2", gender="x", birthDate="1.1.1980", nmae=[])
    answer = county.push(put(broken))
    assert {finding["expression"].rpartition(".")[2] for finding in answer.findings()} == {
        "gender",
        "birthDate",
        "nmae",
    }


def test_a_finding_is_kept_with_its_entry_and_record(county: County) -> None:
    county.accept(put(patient(HELD)))
    answer = county.push(put(visit("nobody")), put(stay(HELD, period={"start": "2016-03-01"})))
    with county.engine.connect() as connection:
        rows = connection.execute(
            select(FINDING).where(FINDING.c.node == county.code).order_by(FINDING.c.position)
        ).all()
    refused, marked = rows
    assert (refused.entry, refused.rule, refused.record) == (0, "linkage.reference-to-nothing", None)
    assert (marked.entry, marked.rule) == (1, "completeness.required-element")
    assert f"Encounter/r{marked.record}" == answer.locations[1]
    assert {row.submission for row in rows} == {int(answer.receipt["submission"])}


@pytest.mark.parametrize(
    ("entry", "secret"),
    [
        (put(patient("m-1", resident=WRONG)), WRONG),
        (put(patient("m-2", resident=MALE, birthDate="1980-01-02")), MALE),
        (put(patient("m-2", resident=MALE, birthDate="1980-01-02")), "1980-01-02"),
        (put(visit("320481-0000123")), "320481-0000123"),
    ],
    ids=["resident number", "its owner's number", "birth date", "patient number"],
)
def test_personal_data_in_findings_are_masked(county: County, entry: Json, secret: str) -> None:
    answer = county.push(entry)
    told = str(answer.receipt["entries"][0]["findings"]) + str(answer.response.json())
    assert answer.findings()
    assert secret not in told


@pytest.mark.parametrize(
    ("code", "told"), [({"system": ACT_CODE, "code": "VR"}, True), ({"system": ACT_CODE, "code": "AMB"}, False)]
)
def test_a_class_that_counts_nowhere_is_told_and_the_record_is_usable(county: County, code: Json, told: bool) -> None:
    county.accept(put(patient(HELD)))
    answer = county.push(put(visit(HELD, **{"class": code})))
    assert ("completeness.class-of-encounter" in answer.rules()) is told
    assert answer.usable()
