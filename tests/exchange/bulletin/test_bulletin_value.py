"""The bulletin as a value: rates, counts and JSON."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.bulletin import Bulletin, BulletinRow, from_json, to_json

COUNTS = st.integers(0, 10**9)
EXPECTED = st.none() | st.floats(0.001, 1e9)
ASSUMED = st.frozensets(st.sampled_from(["outpatient_expected", "discharge_expected", "record_basic_expected"]))

rows = st.builds(
    BulletinRow,
    code=st.sampled_from(["320400", "32H01"]),
    name_zh=st.just("常州市"),
    name_en=st.just("Changzhou"),
    kind=st.sampled_from(["city", "county", "hospital"]),
    records=COUNTS,
    updated=COUNTS,
    repeated=COUNTS,
    refused=COUNTS,
    usable=COUNTS,
    upload_days=st.integers(0, 61),
    outpatient_visits=COUNTS,
    outpatient_expected=EXPECTED,
    discharges=COUNTS,
    discharge_expected=EXPECTED,
    record_basic=COUNTS,
    record_basic_expected=EXPECTED,
    assumed=ASSUMED,
)
bulletins = st.builds(
    Bulletin,
    period_from=st.just(date(2016, 3, 1)),
    period_to=st.just(date(2016, 4, 30)),
    as_of=st.none() | st.dates(),
    by=st.sampled_from(["city", "hospital", "node"]),
    rows=st.lists(rows, max_size=4).map(tuple),
)


@given(bulletins)
def test_a_bulletin_survives_json_and_gives_the_same_bytes_again(bulletin):
    assert from_json(to_json(bulletin)) == bulletin
    assert to_json(from_json(to_json(bulletin))) == to_json(bulletin)


@given(rows)
def test_submitted_is_new_updated_repeated_and_refused(row):
    assert row.submitted == row.records + row.updated + row.repeated + row.refused


def test_names_of_assumed_denominators_are_written_in_order():
    row = BulletinRow(code="1", name_zh="一", name_en="One", kind="city", assumed=frozenset({"b", "c", "a"}))
    bulletin = Bulletin(period_from=date(2016, 3, 1), period_to=date(2016, 4, 30), by="city", rows=(row,))
    assert b'"assumed":["a","b","c"]' in to_json(bulletin)


def test_a_rate_is_in_percent_unrounded_and_none_where_nothing_is_expected():
    row = BulletinRow(
        code="320400",
        name_zh="常州市",
        name_en="Changzhou",
        kind="city",
        outpatient_visits=1,
        outpatient_expected=3.0,
        discharges=5,
        record_diabetes=2,
        record_diabetes_expected=1.0,
    )
    assert row.outpatient_rate == 100 / 3
    assert row.discharge_rate is None
    assert row.record_basic_rate is None
    assert row.record_hypertension_rate is None
    assert row.record_diabetes_rate == 200


def test_what_is_no_bulletin_is_refused():
    with pytest.raises(msgspec.ValidationError, match="period_from"):
        from_json(b'{"by": "city"}')
