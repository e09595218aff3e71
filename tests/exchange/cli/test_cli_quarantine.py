"""`exchange quarantine`: what was refused is looked at, replayed as it was or corrected, or withdrawn."""

import json
import re

import pytest
from province_runs import assert_store_is_whole, copy_store, exchange_here, query, sentence


@pytest.fixture
def store(zhenjiang_run, tmp_path):
    return copy_store(zhenjiang_run.store, tmp_path / "hub.sqlite")


def quarantine(store, *arguments):
    done = exchange_here("quarantine", *arguments, "--store", store)
    assert done.returncode == 0, done.stderr
    return done


def items(store, **wanted):
    """Keys in quarantine whose columns have these values."""
    condition = " AND ".join(f"{name} = ?" for name in wanted)
    return [
        key for (key,) in query(store, f"SELECT key FROM quarantine WHERE {condition} ORDER BY key", *wanted.values())
    ]


def state_of(store, key):
    return query(store, "SELECT state FROM quarantine WHERE key = ?", key)[0][0]


def listed(shown):
    return [int(key) for key in re.findall(r"^ *(\d+) +32", shown, re.MULTILINE)]


def test_list_shows_what_waits_by_node_and_up_to_a_limit(store):
    waiting = items(store, state="waiting")
    assert len(waiting) > 5
    assert listed(quarantine(store, "list").stdout) == waiting[:50]
    assert listed(quarantine(store, "list", "--limit", 3).stdout) == waiting[:3]
    ((node, count),) = query(store, "SELECT node, count(*) FROM quarantine GROUP BY 1 ORDER BY 2 DESC LIMIT 1")
    assert len(listed(quarantine(store, "list", "--node", node).stdout)) == count
    assert quarantine(store, "list", "--state", "replayed").stdout == "Nothing there. 无。\n"


def test_show_gives_what_was_sent_on_the_output_and_why_it_was_refused_beside_it(store, zhenjiang_run):
    key = items(store, rules="conformity.required-binding")[0]
    done = quarantine(store, "show", key)
    truth = next(
        each
        for each in zhenjiang_run.truths()
        if each["identifier"] == json.loads(done.stdout)["identifier"][0]["value"]
    )
    assert json.loads(done.stdout)["status"] == truth["sent"]
    assert done.stderr.startswith("waiting: PUT Observation?identifier=")
    assert "(conformity.required-binding)" in done.stderr


def test_replayed_as_it_was_it_is_refused_again_and_waits_anew(store):
    key = items(store, rules="conformity.required-binding")[0]
    receipt = json.loads(quarantine(store, "replay", key).stdout)
    assert (receipt["submitted"], receipt["refused"]) == (1, 1)
    anew = receipt["entries"][0]["quarantine"]
    assert (state_of(store, key), state_of(store, anew)) == ("replayed", "waiting")
    assert_store_is_whole(store)


def test_corrected_it_is_stored_once(store, tmp_path):
    key = items(store, rules="conformity.required-binding")[0]
    corrected = json.loads(quarantine(store, "show", key).stdout)
    corrected["status"] = "final"
    file = tmp_path / "corrected.json"
    file.write_text(json.dumps(corrected, ensure_ascii=False), encoding="utf-8")
    ((before,),) = query(store, "SELECT count(*) FROM record")

    receipt = json.loads(quarantine(store, "replay", key, "--file", file, "--day", "2016-04-30").stdout)
    assert receipt["arrived_at"] == "2016-04-30T23:59:59+08:00"
    assert (receipt["new"], receipt["refused"], receipt["entries"][0]["outcome"]) == (1, 0, "new")
    assert state_of(store, key) == "replayed"
    assert query(store, "SELECT count(*) FROM record") == [(before + 1,)]
    assert listed(quarantine(store, "list", "--state", "replayed").stdout) == [key]

    for command in (("replay", key, "--file", file), ("withdraw", key)):
        said = sentence(exchange_here("quarantine", *command, "--store", store))
        assert said == f"quarantine {key}: found state replayed, expected waiting; nothing was changed"
    assert query(store, "SELECT count(*) FROM record") == [(before + 1,)]
    assert_store_is_whole(store)


def test_withdrawn_it_waits_no_more_and_is_kept(store):
    key = items(store, rules="uniqueness.no-identity")[0]
    assert quarantine(store, "withdraw", key).stdout.startswith(f"{key}: withdrawn 已撤回")
    assert state_of(store, key) == "withdrawn"
    assert key not in listed(quarantine(store, "list").stdout)
    assert key in listed(quarantine(store, "list", "--state", "all").stdout)
    said = sentence(exchange_here("quarantine", "withdraw", key, "--store", store))
    assert said == f"quarantine {key}: found state withdrawn, expected waiting; nothing was changed"
    assert_store_is_whole(store)


@pytest.mark.parametrize("command", ["show", "replay", "withdraw"])
def test_what_is_not_there_is_refused_in_one_sentence(store, command):
    said = sentence(exchange_here("quarantine", command, 987654321, "--store", store))
    assert said == "quarantine 987654321: there is no such entry; `exchange quarantine list` shows those waiting"


def test_a_correction_that_is_not_there_changes_nothing(store):
    key = items(store, state="waiting")[0]
    said = sentence(exchange_here("quarantine", "replay", key, "--store", store, "--file", "no-such-file.json"))
    assert "no-such-file.json" in said
    assert state_of(store, key) == "waiting"


def test_a_missing_store_is_refused_in_one_sentence(tmp_path):
    said = sentence(exchange_here("quarantine", "list", "--store", tmp_path / "none.sqlite"))
    assert said.endswith("there is no such file; the store of a run is DIR/hub.sqlite")
