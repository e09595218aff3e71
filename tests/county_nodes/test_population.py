"""Virtual persons are plausible, and no two of them share a resident number."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from county_nodes.patients import Patients
from county_nodes.population import CAPACITY, People, Place, check_character, resident_number, vitals_of
from exchange.regions import load_region

SEED = 7
PROVINCE = 80_000_000


def number_of(person: int) -> str:
    vitals = vitals_of(person, SEED)
    return resident_number(vitals.birth_ordinal, vitals.place)


def test_no_two_of_many_persons_share_a_resident_number() -> None:
    neighbours = range(120_000)
    across = range(200_000, PROVINCE, 971)
    numbers = {number_of(person) for person in (*neighbours, *across)}

    assert len(numbers) == len(neighbours) + len(across)


def test_all_persons_of_one_birthday_have_numbers_of_their_own() -> None:
    wanted = date(1970, 6, 15).toordinal()
    assert len({resident_number(wanted, place) for place in range(9_990)}) == 9_990


@given(st.integers(0, PROVINCE - 1), st.integers(0, PROVINCE - 1))
def test_different_persons_have_different_numbers(one: int, other: int) -> None:
    assert (number_of(one) == number_of(other)) == (one == other)


@given(st.integers(0, PROVINCE - 1))
def test_a_resident_number_says_birthday_and_sex_under_an_unassigned_address_code(person: int) -> None:
    vitals = vitals_of(person, SEED)
    number = number_of(person)

    assert number[:5] == "32009"
    assert number[6:14] == date.fromordinal(vitals.birth_ordinal).strftime("%Y%m%d")
    assert (int(number[16]) % 2 == 1) == (vitals.sex == "male")
    assert number[14:17] != "000"
    assert ric.calc_check_digit(number) == number[-1] == check_character(number[:17])


def test_the_age_pyramid_and_chronic_disease_are_those_of_the_province() -> None:
    sample = [vitals_of(person, SEED) for person in range(0, PROVINCE, 4001)]
    adults = [vitals for vitals in sample if vitals.age >= 18]

    assert 0.10 < sum(vitals.age >= 65 for vitals in sample) / len(sample) < 0.13
    assert 0.12 < sum(vitals.age < 15 for vitals in sample) / len(sample) < 0.17
    assert 0.48 < sum(vitals.sex == "male" for vitals in sample) / len(sample) < 0.52
    assert 0.20 < sum(vitals.hypertension for vitals in adults) / len(adults) < 0.32
    assert 0.06 < sum(vitals.diabetes for vitals in adults) / len(adults) < 0.13


def test_a_person_is_the_same_however_often_they_are_asked_for(people: People) -> None:
    again = People(people.places, SEED)

    assert people.person(people.vitals(1_234_567)) == again.person(again.vitals(1_234_567))


def test_persons_are_plausible(people: People) -> None:
    persons = [people.person(people.vitals(number)) for number in range(0, people.total, 4999)]

    for person in persons:
        assert person.family
        assert person.given
        assert person.place.name_zh in person.address
        assert person.phone.startswith("11")
        if person.vitals.age < 20:
            assert person.marital == "10"
        if person.vitals.age < 6:
            assert (person.employment, person.education) == ("90", "90")
    ethnicities = Counter(person.ethnicity for person in persons)
    assert ethnicities["01"] > 0.98 * len(persons)


def test_a_household_shares_its_address_and_has_one_head(people: People) -> None:
    members = [people.person(people.vitals(number)) for number in (300, 301, 302)]

    assert len({member.household for member in members}) == 1
    assert len({member.address for member in members}) == 1
    assert [member.relation for member in members].count("0") == 1


def test_children_bear_the_surname_of_the_head(people: People) -> None:
    found = 0
    for first in range(0, 3000, 3):
        members = [people.person(people.vitals(number)) for number in range(first, first + 3)]
        (head,) = [member for member in members if member.relation == "0"]
        for member in members:
            if member.relation in ("2", "3"):
                found += 1
                assert member.family == head.family
                assert member.vitals.age <= head.vitals.age - 20
    assert found > 100


def test_every_position_of_a_county_is_one_person(people: People) -> None:
    numbers = {people.number_of("321182", position) for position in range(340_000)}

    assert len(numbers) == 340_000
    assert max(numbers) < people.total
    with pytest.raises(ValueError, match="321182 has 340000 residents; position 340000"):
        people.number_of("321182", 340_000)


def test_no_two_local_indices_of_a_node_are_the_same_person(people: People) -> None:
    patients = Patients(people, "320481", "320400", 3000)

    assert len({patients.vitals(index).number for index in range(9000)}) == 9000


def test_the_same_resident_is_a_patient_of_several_nodes(people: People) -> None:
    county = Patients(people, "320481", "320400", 3000)
    neighbour = Patients(people, "320402", "320400", 3000)
    hospital = Patients(people, "32H06", "320400", 0)
    at_home = {county.vitals(index).number for index in range(4000)}

    assert at_home & {neighbour.vitals(index).number for index in range(4000)}
    assert len(at_home & {hospital.vitals(index).number for index in range(1000)}) > 50


def test_registered_residents_live_in_their_county(people: People) -> None:
    patients = Patients(people, "320481", "320400", 500)

    assert {patients.person(index).place.code for index in range(0, 500, 7)} == {"320481"}
    assert len({patients.person(index).place.code for index in range(500, 700)}) > 1


def test_a_childrens_hospital_has_children(people: People) -> None:
    patients = Patients(people, "32H10", "320400", 0, oldest=14)

    ages = [patients.vitals(index).age for index in range(200)]
    assert sum(age <= 14 for age in ages) > 190
    assert len({patients.vitals(index).number for index in range(200)}) == 200


def test_a_region_gives_its_counties_and_their_residents() -> None:
    region = load_region("jiangsu-2016")
    province = People.of(region, date(2016, 3, 1), SEED)

    assert len(province.places) == 97
    assert 79_000_000 < province.total < 81_000_000
    for node in region.nodes_on(date(2016, 3, 1))[::5]:
        patients = Patients(province, node.code, node.city, 0)
        homes = [patients.person(index).place for index in range(64)]
        assert len({home.code for home in homes}) > 3
        assert sum(home.city == node.city for home in homes) >= 32


def test_more_residents_than_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="lower the residents"):
        People([Place("320481", "溧阳市", "320400", "常州市", "江苏省", CAPACITY)], SEED)
