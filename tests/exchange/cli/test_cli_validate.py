"""`exchange validate`: the same judgement as an upload, nothing stored, exit codes that a script can read."""

import json
import re

import pytest
from province_runs import copy_store, exchange_here, query, sentence

from exchange.scenario.sample import sample_bundle

CLEAN, FINDINGS = 0, 3


@pytest.fixture(scope="module")
def sample():
    return sample_bundle("320481")


@pytest.fixture
def bundle(sample):
    return json.loads(sample)


def resource_of(bundle, resource_type):
    return next(
        (position, entry["resource"])
        for position, entry in enumerate(bundle["entry"])
        if entry["resource"]["resourceType"] == resource_type
    )


def written(folder, bundle, name="bundle.json", encoding="utf-8"):
    path = folder / name
    path.write_bytes(json.dumps(bundle, ensure_ascii=False, indent=1).encode(encoding))
    return path


def findings_in(shown: str) -> list[tuple[str, str, str]]:
    """Severity, place and rule of every finding that was printed."""
    return re.findall(r"^ *\d+\. (\w+) +(\S+)\n +.*\[([a-z.-]+), \S+\]$", shown, re.MULTILINE)


def test_a_clean_bundle_ends_with_0(sample, tmp_path):
    path = tmp_path / "bundle.json"
    path.write_text(sample, encoding="utf-8")
    done = exchange_here("validate", path)
    assert (done.returncode, done.stderr) == (CLEAN, "")
    assert done.stdout == (
        f"{path}: 6 entries 条, 6 would be accepted 接收, 0 refused 拒收, 6 usable 可用\n"
        "  nothing found 未发现质量问题\n"
    )


def with_many_faults(bundle):
    """A bundle with a fault of each kind, and where each stands."""
    patient_at, patient = resource_of(bundle, "Patient")
    encounter_at, encounter = resource_of(bundle, "Encounter")
    condition_at, condition = resource_of(bundle, "Condition")
    report_at, report = resource_of(bundle, "DiagnosticReport")
    medication_at, medication = resource_of(bundle, "MedicationRequest")
    number = patient["identifier"][1]
    number["value"] = number["value"][:17] + ("1" if number["value"][17] != "1" else "2")
    patient["gender"] = "male"
    del patient["birthDate"]
    encounter["period"]["end"] = "2016-02-28T09:25:00+08:00"
    condition["recordedDate"] = "2116-03-01T08:44:00+08:00"
    medication["subject"]["identifier"]["value"] = "320481-nobody"
    report["status"] = "已审核"
    return {
        ("error", f"Bundle.entry[{patient_at}].resource.gender", "conformity.unmapped-code"),
        ("error", f"Bundle.entry[{patient_at}].resource.identifier[1].value", "conformity.resident-number"),
        ("error", f"Bundle.entry[{patient_at}].resource.birthDate", "completeness.required-element"),
        ("error", f"Bundle.entry[{encounter_at}].resource.period.end", "logic.end-before-start"),
        ("error", f"Bundle.entry[{condition_at}].resource.recordedDate", "logic.in-the-future"),
        ("information", f"Bundle.entry[{medication_at}].resource.subject", "linkage.reference-unchecked"),
        ("error", f"Bundle.entry[{report_at}].resource.status", "conformity.required-binding"),
    }


def test_every_fault_of_a_bundle_is_printed_with_its_place_and_how_to_mend_it(bundle, tmp_path):
    wanted = with_many_faults(bundle)
    done = exchange_here("validate", written(tmp_path, bundle))
    assert (done.returncode, done.stderr) == (FINDINGS, "")
    found = findings_in(done.stdout)
    assert wanted <= set(found)
    assert {rule for _, _, rule in found} == {rule for _, _, rule in wanted}
    # Each says what was found, what was expected and what to do, in English and in Chinese.
    said = re.findall(r"found 实际 +\S.*\n +expected 应为 +\S.*\n +mend 处理 +[A-Z].*\n +[^ -~]", done.stdout)
    assert len(said) == len(found)
    assert re.search(r": 6 entries 条, 5 would be accepted 接收, 1 refused 拒收, \d usable 可用\n", done.stdout)


def test_a_resident_number_is_never_shown_whole(bundle, tmp_path):
    with_many_faults(bundle)
    number = resource_of(bundle, "Patient")[1]["identifier"][1]["value"]
    path = written(tmp_path, bundle)
    assert number not in exchange_here("validate", path, "--json").stdout


def test_json_gives_one_receipt_a_line_for_every_file(bundle, sample, tmp_path):
    clean, collection = (
        written(tmp_path, json.loads(sample), "clean.json"),
        {"resourceType": "Bundle", "type": "searchset"},
    )
    wanted = with_many_faults(bundle)
    files = [clean, written(tmp_path, bundle, "faulty.json"), written(tmp_path, collection, "collection.json")]
    done = exchange_here("validate", *files, "--json")
    assert done.returncode == FINDINGS
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert [line["file"] for line in (first, second, third)] == list(map(str, files))
    assert (first["receipt"]["submitted"], first["receipt"]["refused"], first["receipt"]["usable"]) == (6, 0, 6)
    found = [finding for entry in second["receipt"]["entries"] for finding in entry.get("findings", ())]
    assert wanted <= {(finding["severity"], finding["expression"], finding["rule"]) for finding in found}
    assert all(finding["mend_en"] and finding["mend_zh"] for finding in found)
    assert (third["turned_away"], "expected 'batch' or 'transaction'" in third["diagnostics"]) == (422, True)


def test_a_file_in_gb18030_is_judged_like_one_in_utf_8(bundle, tmp_path):
    with_many_faults(bundle)
    files = [written(tmp_path, bundle, f"{name}.json", encoding=name) for name in ("utf-8", "gb18030", "utf-8-sig")]
    done = exchange_here("validate", *files)
    assert done.returncode == FINDINGS
    said = re.split(rf"^{tmp_path}/\S+: ", done.stdout, flags=re.MULTILINE)[1:]
    assert len(said) == 3
    assert said[0] == said[1] == said[2]
    assert "已审核" in said[1]


NOT_TAKEN = {
    "empty": (b"", r"turned away 拒收 \(400\)\n .*not a JSON object"),
    "truncated": (b'{"resourceType": "Bundle", "type": "bat', r"turned away 拒收 \(400\)\n .*Check for truncation"),
    "a-list": (b"[]", r"turned away 拒收 \(400\)\n .*not a JSON object"),
    "no-type": (b"{}", r"turned away 拒收 \(422\)\n .*resourceType: found None"),
    "no-bundle-type": (b'{"resourceType": "Bundle"}', r"turned away 拒收 \(422\)\n +Bundle.type"),
    "a-document": (b'{"resourceType": "Bundle", "type": "document"}', r"turned away 拒收 \(422\)\n .*'document'"),
    "a-flower": (b'{"resourceType": "Flower"}', r'Resource.resourceType\n(.*\n)+ +found 实际 +"Flower"'),
    "no-such-day": (b'{"resourceType": "Patient", "birthDate": "2016-02-30"}', r"Patient.birthDate\n"),
}


@pytest.fixture(scope="module")
def said_of_files(tmp_path_factory):
    """What is said of each file that the hub would not take, all of them judged by one command."""
    folder = tmp_path_factory.mktemp("files")
    for name, (content, _) in NOT_TAKEN.items():
        (folder / name).write_bytes(content)
    done = exchange_here("validate", *NOT_TAKEN, folder=folder)
    assert (done.returncode, done.stderr) == (FINDINGS, "")
    parts = re.split(rf"^({'|'.join(NOT_TAKEN)}): ", done.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_what_the_hub_would_not_take_ends_with_3_and_says_why(said_of_files, name):
    assert re.search(NOT_TAKEN[name][1], said_of_files[name]), said_of_files[name]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["no-such-file.json"], r"no-such-file.json: No such file"),
        (["."], r"\.: Is a directory"),
        (["utf-16.json"], r"utf-16.json: found bytes that are neither UTF-8 nor GB18030"),
        (["bundle.json", "--node", "320999"], r"found no node '320999'; .*`exchange nodes` lists them"),
        (["bundle.json", "--day", "2016-02-30"], r"--day 2016-02-30: expected a day such as 2016-03-01"),
        (["bundle.json", "--store", "none.sqlite"], r"store 'none.sqlite': there is no such file"),
        (
            ["bundle.json", "--store", "bundle.json"],
            r"store 'bundle.json': cannot be opened \(file is not a database\)",
        ),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_sentence(bundle, tmp_path, arguments, complaint):
    written(tmp_path, bundle)
    written(tmp_path, bundle, "utf-16.json", encoding="utf-16")
    assert re.search(complaint, sentence(exchange_here("validate", *arguments, folder=tmp_path)))


def test_the_day_of_arrival_decides_what_lies_in_the_future(sample, tmp_path):
    path = tmp_path / "bundle.json"
    path.write_text(sample, encoding="utf-8")
    before = exchange_here("validate", path, "--day", "2016-02-29")
    assert before.returncode == FINDINGS
    assert {rule for _, _, rule in findings_in(before.stdout)} == {"logic.in-the-future"}
    assert exchange_here("validate", path, "--day", "2016-03-01").returncode == CLEAN


def test_a_store_answers_for_references_that_lead_out_of_the_bundle_and_is_not_changed(zhenjiang_run, tmp_path):
    store = copy_store(zhenjiang_run.store, tmp_path / "hub.sqlite")
    before = query(store, "SELECT sum(new), sum(repeated), sum(refused) FROM ledger")
    ((known,),) = query(
        store, "SELECT identity FROM record WHERE resource_type = 'Patient' AND node = '321102' ORDER BY key LIMIT 1"
    )
    system, _, value = known.partition("|")
    condition = resource_of(json.loads(sample_bundle("321102")), "Condition")[1]
    del condition["encounter"]
    outcomes = {}
    for name, number in (("known", value), ("unknown", "321102-nobody")):
        condition["subject"] = {"type": "Patient", "identifier": {"system": system, "value": number}}
        path = written(tmp_path, condition, f"{name}.json")
        done = exchange_here("validate", path, "--node", "321102", "--store", store)
        outcomes[name] = done.returncode, [found[1:] for found in findings_in(done.stdout)]
    assert outcomes == {
        "known": (CLEAN, []),
        "unknown": (FINDINGS, [("Condition.subject", "linkage.reference-to-nothing")]),
    }
    assert query(store, "SELECT sum(new), sum(repeated), sum(refused) FROM ledger") == before
