"""The shipped region holds the facts of spring 2016, and says which of its figures are assumed."""

from collections import Counter
from datetime import date
from statistics import median

import pytest

from exchange.datasets import DATA_SETS
from exchange.regions import RegionError, load_region, shipped_regions
from exchange.regions.declaration import FLOWS, STOCKS

MARCH_1 = date(2016, 3, 1)
region = load_region("jiangsu-2016")


def codes(nodes):
    return {node.code for node in nodes}


def test_it_is_shipped_under_its_name():
    assert shipped_regions() == ("jiangsu-2016",)


def test_on_the_first_of_march_97_county_platforms_and_12_hospitals_upload():
    kinds = Counter(node.kind for node in region.nodes_on(MARCH_1))
    assert kinds == {"county": 97, "hospital": 12}


def test_its_counties_are_the_county_divisions_of_the_day():
    for day in (MARCH_1, date(2016, 4, 30), date(2016, 7, 1), date(2016, 12, 1)):
        divisions = {
            division.code for division in region.divisions_on(day) if division.kind not in ("province", "prefecture")
        }
        assert codes(node for node in region.nodes_on(day) if node.kind == "county") == divisions


@pytest.mark.parametrize(
    ("day", "valid", "not_valid"),
    [
        (date(2016, 3, 1), {"320829", "320802", "320811"}, {"320813", "320812"}),
        (date(2016, 6, 30), {"320829"}, {"320813"}),
        (date(2016, 7, 1), {"320813", "320802", "320811"}, {"320829", "320812"}),
        (date(2016, 11, 1), {"320813", "320812"}, {"320829", "320802", "320811"}),
    ],
)
def test_a_county_is_valid_while_its_code_is(day, valid, not_valid):
    on_the_day = codes(region.nodes_on(day))
    assert valid <= on_the_day
    assert not not_valid & on_the_day


def test_divisions_of_2015_are_known_and_say_how_precise_their_dates_are():
    by_code = {division.code: division for division in region.divisions}
    assert by_code["320482"].valid_to == date(2015, 5, 31)
    assert by_code["320413"].valid_from == date(2015, 6, 1)
    assert all(
        "known to the month" in division.note
        for division in region.divisions
        if division.valid_from or division.valid_to
    )


@pytest.mark.parametrize("day", [MARCH_1, date(2016, 7, 1), date(2016, 11, 1)])
def test_a_citys_counties_have_together_the_residents_of_the_city(day):
    for city in region.cities:
        assert sum(node.residents for node in region.nodes_of_city(city.code, day)) == city.residents
    assert len(region.cities) == 13


def test_residents_of_counties_are_assumed_and_hospitals_have_none():
    assert all(node.assumed == (node.kind == "county") for node in region.nodes)
    assert all((node.residents > 0) == (node.kind == "county") for node in region.nodes)


def test_hospitals_are_coded_in_printed_order():
    assert [row.code for row in region.printed.hospitals] == [f"32H{number:02}" for number in range(1, 13)]
    assert region.node("32H12").name_zh == "江苏省口腔医院"


def test_every_vendor_serves_somebody():
    assert {node.dialect for node in region.nodes} == {
        "national",
        "taihu",
        "yunhe",
        "yuntai",
        "luoma",
        "langshan",
        "maoshan",
    }


def test_an_expected_volume_is_uploaded_over_rate_where_the_print_implies_it():
    volumes = {(volume.code, volume.data_set): volume for volume in region.expected}
    implied = 0
    for row in (*region.printed.cities, *region.printed.hospitals):
        for data_set, uploaded, rate in (
            ("outpatient-visit", row.outpatient_visits, row.outpatient_rate),
            ("discharge", row.discharges, row.discharge_rate),
        ):
            volume = volumes[row.code, data_set]
            is_implied = uploaded > 0 and rate > 0.01
            assert volume.assumed is not is_implied
            if is_implied:
                implied += 1
                assert volume.expected == uploaded / (rate / 100)
    assert implied == 34


def test_an_assumed_city_figure_is_the_median_of_the_implied_ones_by_residents():
    residents = {city.code: city.residents for city in region.cities}
    for data_set, left_out in (("outpatient-visit", {"320600"}), ("discharge", set())):
        volumes = [v for v in region.expected if v.scope == "city" and v.data_set == data_set]
        share = median(v.expected / residents[v.code] for v in volumes if not v.assumed and v.code not in left_out)
        for volume in volumes:
            if volume.assumed:
                assert volume.expected == round(share * residents[volume.code])


def test_residents_due_a_health_record_follow_prevalence():
    due = {v.data_set: v.expected for v in region.expected if v.code == "320200" and v.data_set in STOCKS}
    assert due == {
        "health-record-basic": 6_529_000,
        "health-record-hypertension": pytest.approx(6_529_000 * 0.82 * 0.252),
        "health-record-diabetes": pytest.approx(6_529_000 * 0.82 * 0.097),
    }


def test_every_volume_has_a_basis_in_words_and_a_declared_data_set():
    assert all(len(volume.basis) > 20 for volume in region.expected)
    assert set(DATA_SETS) == FLOWS | STOCKS | {"laboratory-examination"}
    assert {(v.scope, v.data_set) for v in region.expected} == {
        *(("city", data_set) for data_set in FLOWS | STOCKS),
        *(("hospital", data_set) for data_set in FLOWS),
    }


@pytest.mark.parametrize("scale", [1.0, 0.001])
def test_shares_of_a_citys_volume_are_unrounded_and_sum_to_it(scale):
    shares = region.expected_of_nodes(scale)
    city_of = {node.code: node.city if node.kind == "county" else node.code for node in region.nodes}
    for volume in region.expected:
        mine = [s for s in shares if city_of[s.node] == volume.code and s.data_set == volume.data_set]
        assert sum(share.expected for share in mine) == pytest.approx(volume.expected * scale, rel=1e-12)
        assert {share.assumed for share in mine} == {volume.assumed}
        assert {(s.valid_from, s.valid_to) for s in mine} == {(date(2016, 3, 1), date(2016, 4, 30))}
    assert len({(share.node, share.data_set) for share in shares}) == len(shares)


def test_the_printed_tables_are_carried_over():
    assert sum(row.records for row in (*region.printed.cities, *region.printed.hospitals)) == 205_330_127
    assert region.printed.cities[2].upload_days == 1
    assert (region.printed.period_from, region.printed.period_to) == (date(2016, 3, 1), date(2016, 4, 30))


def test_notes_on_laboratory_records_name_exactly_the_hospitals_with_fewer_of_them_than_visits():
    noted = {note.code: note.text_en for note in region.printed.notes if note.column == "lab_exam_records"}
    hospitals = region.printed.hospitals
    assert set(noted) == {h.code for h in hospitals if h.lab_exam_records < h.outpatient_visits}
    assert {code for code, text in noted.items() if "than discharges" in text or "than its discharges" in text} == {
        h.code for h in hospitals if h.lab_exam_records < h.discharges
    }


def test_notes_on_rates_name_exactly_those_printed_as_a_hundredth():
    noted = {(note.code, note.column) for note in region.printed.notes if "0.01" in note.text_en}
    assert noted == {
        (row.code, column)
        for row in (*region.printed.cities, *region.printed.hospitals)
        for column in ("outpatient_rate", "discharge_rate")
        if getattr(row, column) == 0.01
    }


def test_an_unknown_node_is_refused_with_the_way_to_find_one():
    with pytest.raises(RegionError, match=r"found no node '999999'.*exchange nodes"):
        region.node("999999")
    with pytest.raises(RegionError, match=r"found no city '1'.*320100"):
        region.city("1")
