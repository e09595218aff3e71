"""A rate may differ from the printed one by what rounding explains, a count by nothing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.bulletin import Bulletin, BulletinRow
from exchange.bulletin.columns import COLUMNS
from exchange.bulletin.comparison import Agreement, agreement_of, cells_of, printed_by_code
from exchange.regions import load_region

RATE = next(column for column in COLUMNS["city"] if column.attribute == "outpatient_rate")
VISITS = next(column for column in COLUMNS["city"] if column.attribute == "outpatient_visits")


def row(visits, expected, **rest):
    return BulletinRow(
        code="320400",
        name_zh="常州市",
        name_en="Changzhou",
        kind="city",
        outpatient_visits=visits,
        outpatient_expected=expected,
        **rest,
    )


@given(st.integers(1, 10**7), st.floats(0.02, 100), st.sampled_from([1.0, 0.1, 0.01, 0.001]))
def test_rounding_explains_every_rate_that_follows_the_print_at_any_scale(uploaded, rate, scale):
    printed = round(rate, 2)
    expected = uploaded / (printed / 100)
    scaled = row(round(uploaded * scale), expected * scale)
    assert agreement_of(scaled, RATE, printed) in (Agreement.SAME, Agreement.ROUNDING)


@pytest.mark.parametrize(
    ("visits", "expected", "printed", "agreement"),
    [
        (734, 10_000, 7.34, Agreement.SAME),
        (735, 10_000, 7.34, Agreement.ROUNDING),
        (736, 10_000, 7.34, Agreement.DIFFERENT),
        (0, None, 0, Agreement.DIFFERENT),
    ],
)
def test_a_rate_beyond_half_a_visit_and_half_a_hundredth_is_different(visits, expected, printed, agreement):
    assert agreement_of(row(visits, expected), RATE, printed) is agreement


def test_a_count_is_the_same_or_different():
    assert agreement_of(row(302, None), VISITS, 302) is Agreement.SAME
    assert agreement_of(row(302, None), VISITS, 301) is Agreement.DIFFERENT


def test_counts_are_compared_with_the_scaled_print_and_days_and_rates_with_the_print_itself():
    printed = printed_by_code(load_region("jiangsu-2016").printed)
    bulletin = Bulletin(
        period_from=date(2016, 3, 1),
        period_to=date(2016, 4, 30),
        by="city",
        rows=(row(302, 4124.5, records=25516, upload_days=60),),
    )
    cells = cells_of(bulletin, bulletin.rows[0], printed, 0.001)
    assert [(cell.text, cell.printed) for cell in cells[:4]] == [
        ("25,516", "25,516"),
        ("60", "60"),
        ("302", "302"),
        ("7.32", "7.31"),
    ]


def test_a_row_that_was_not_printed_is_compared_with_nothing():
    bulletin = Bulletin(period_from=date(2016, 3, 1), period_to=date(2016, 4, 30), by="city", rows=(row(1, None),))
    assert {cell.agreement for cell in cells_of(bulletin, bulletin.rows[0], {}, 1.0)} == {Agreement.NOT_PRINTED}
