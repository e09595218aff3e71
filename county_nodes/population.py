"""The virtual residents of a province, in closed form: a person's number says everything about them.

Resident numbers follow GB 11643 under the address codes 320090-320099, which were never assigned, so that
none can be a real person's. The age pyramid is Jiangsu's of 2016 in five-year bands (shares rounded);
chronic disease by age follows the national surveys of that time (rounded).
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from math import gcd
from typing import Final, Literal, Self

import msgspec

from county_nodes.draws import Draws, running_sum
from county_nodes.names import family_name, given_name
from exchange.regions import Region

Sex = Literal["male", "female"]

CAPACITY: Final = 160_000_000
"""As many resident numbers as are handed out at most (10 address codes hold 999 persons each a birthday)."""

REFERENCE_DAY: Final = date(2016, 3, 1).toordinal()
LAST_BIRTHDAY: Final = date(2015, 12, 31).toordinal()

# Per mille of residents by five-year band of age, youngest first (0-4, 5-9 ... 95-99).
_PYRAMID = (54, 49, 42, 49, 70, 90, 80, 73, 83, 93, 83, 58, 63, 46, 30, 20, 11, 4, 1, 1)
_BAND_DAYS = 1826
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_YEAR = 365.2425


class _Birthdays:
    """The bijection from person numbers to (birthday, place within it), by the age pyramid."""

    def __init__(self) -> None:
        self.last = [LAST_BIRTHDAY - band * _BAND_DAYS for band in range(len(_PYRAMID))]
        self.per_day = [CAPACITY * share // 1000 // _BAND_DAYS for share in _PYRAMID]
        self.starts = [0]
        for per_day in self.per_day:
            self.starts.append(self.starts[-1] + per_day * _BAND_DAYS)
        self.total = self.starts[-1]
        # Near the golden section, so that neighbours in number are far apart in age.
        self.stride = coprime_near(int(self.total * 0.6180339887), self.total)

    def place(self, number: int) -> tuple[int, int]:
        """Return the birthday (ordinal) of a person and their place (0...) among those born on it."""
        position = number * self.stride % self.total
        band = bisect_right(self.starts, position) - 1
        day, place = divmod(position - self.starts[band], self.per_day[band])
        return self.last[band] - day, place


def coprime_near(wanted: int, modulus: int) -> int:
    """Return the smallest number from `wanted` up (at least 1) that shares no factor with `modulus`."""
    number = max(1, wanted)
    while gcd(number, modulus) != 1:
        number += 1
    return number


_BIRTHDAYS = _Birthdays()


def check_character(digits: str) -> str:
    """Return the check character of a resident number's first 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    return _CHECK_CHARACTERS[_weighted_sum(digits, 0) % 11]


class Vitals(msgspec.Struct, frozen=True, gc=False):
    """What care depends on: age on the reference day, sex, chronic disease, and a lot (0-65535)."""

    number: int
    birth_ordinal: int
    place: int
    age: int
    sex: Sex
    hypertension: bool
    diabetes: bool
    lot: int

    @property
    def payment(self) -> str:
        """How this person pays for care (CV07.10.005): as employee, resident, farmer, or alone."""
        share = self.lot % 100
        if share < 9:
            return "7"
        if self.age >= 18:
            return "1" if share < 44 else "3" if share < 86 else "2"
        return "2" if share < 52 else "3"

    @property
    def last_visit(self) -> bool:
        """Whether this person is never seen again once seen: a stay in hospital ends with their death."""
        return self.age >= 50 and self.lot % 167 == 3

    @property
    def need(self) -> int:
        """How often this person needs care, relative to others: the young, the old and the ill most."""
        age = self.age
        by_age = 16 if age < 6 else 6 if age < 18 else 8 if age < 45 else 12 if age < 65 else 20
        return by_age + 8 * self.hypertension + 6 * self.diabetes


# Per 10,000 of an age: hypertension, diabetes (from 0, 18, 35, 45, 55, 65, 75 years).
_CHRONIC_AGES = (18, 35, 45, 55, 65, 75)
_HYPERTENSION = (0, 500, 1500, 2900, 4400, 5400, 5900)
_DIABETES = (10, 150, 500, 1000, 1500, 1900, 2000)


def vitals_of(number: int, seed: int) -> Vitals:
    """Age, sex and chronic disease of a person."""
    birth_ordinal, place = _BIRTHDAYS.place(number)
    age = _age(birth_ordinal)
    # A hash in whole numbers (splitmix64's finisher): this is asked far more often than a person.
    mixed = ((number ^ (seed * 0x9E3779B97F4A7C15)) + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    mixed ^= mixed >> 31
    band = bisect_right(_CHRONIC_AGES, age)
    hypertension = (mixed & 0xFFFF) * 10000 < _HYPERTENSION[band] << 16
    # Who has one of the two has the other more often.
    diabetes = (mixed >> 16 & 0xFFFF) * (6500 if hypertension else 11000) < _DIABETES[band] << 16
    return Vitals(
        number,
        birth_ordinal,
        place,
        age,
        _sex(birth_ordinal, place),
        hypertension,
        diabetes,
        mixed >> 48,
    )


def _sequence(birth_ordinal: int, place: int) -> int:
    """Return the three digits after the birthday (1-999, odd for a man); ten persons share a value."""
    return 1 + (place // 10 * 500 + birth_ordinal * 13) % 999


def _sex(birth_ordinal: int, place: int) -> Sex:
    return "male" if _sequence(birth_ordinal, place) % 2 else "female"


def _weighted_sum(digits: str, start: int) -> int:
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS[start:], digits, strict=False))


# A resident number's parts with what each adds to the sum behind the check character.
_ADDRESS_PARTS = tuple((code, _weighted_sum(code, 0)) for code in (f"32009{last}" for last in range(10)))
_SEQUENCE_PARTS = tuple((text, _weighted_sum(text, 14)) for text in (f"{number:03d}" for number in range(1000)))


@lru_cache(maxsize=40_000)
def _birthday_part(birth_ordinal: int) -> tuple[str, str, int]:
    """Return a birthday as FHIR writes it, as the resident number does, and what it adds to the sum."""
    text = date.fromordinal(birth_ordinal).isoformat()
    digits = text.replace("-", "")
    return text, digits, _weighted_sum(digits, 6)


def resident_number(birth_ordinal: int, place: int) -> str:
    """Return the 18 characters of a resident number: address code, birthday, sequence, check character."""
    address, address_sum = _ADDRESS_PARTS[place % 10]
    _, birthday, birthday_sum = _birthday_part(birth_ordinal)
    sequence, sequence_sum = _SEQUENCE_PARTS[_sequence(birth_ordinal, place)]
    check = _CHECK_CHARACTERS[(address_sum + birthday_sum + sequence_sum) % 11]
    return f"{address}{birthday}{sequence}{check}"


class Place(msgspec.Struct, frozen=True):
    """A county as far as its residents are concerned; `residents` is at full scale."""

    code: str
    name_zh: str
    city: str
    city_zh: str
    province_zh: str
    residents: int


class Person(msgspec.Struct, frozen=True, gc=False):
    """A resident, in codes of the national tables.

    Marital status GB/T 2261.2, ethnicity GB 3304, employment GB/T 2261.4, education GB/T 4658, relation to the
    head of the household GB/T 4761 (one digit).
    """

    vitals: Vitals
    resident_number: str
    birth_date: str
    family: str
    given: str
    phone: str
    place: Place
    address: str
    household: int
    relation: str
    marital: str
    ethnicity: str
    employment: str
    education: str


class People:
    """All residents of a province: numbers 0 to `total` - 1, each county a block of its own."""

    def __init__(self, places: Sequence[Place], seed: int) -> None:
        self._places = tuple(places)
        self._seed = seed
        self._starts = [0]
        for place in places:
            self._starts.append(self._starts[-1] + place.residents)
        self.total = self._starts[-1]
        if self.total > _BIRTHDAYS.total:
            raise ValueError(
                f"{self.total} residents are more than the {_BIRTHDAYS.total} that the address codes 320090-320099"
                " are used for; lower the residents of the region"
            )
        self._index = {place.code: index for index, place in enumerate(places)}
        self._strides = [coprime_near(int(place.residents * 0.618), place.residents) for place in places]

    @classmethod
    def of(cls, region: Region, day: date, seed: int) -> Self:
        """Return the residents of a region's counties as they are divided on a day."""
        return cls(
            [
                Place(
                    node.code,
                    node.name_zh,
                    node.city,
                    region.city(node.city).name_zh,
                    region.name_zh,
                    int(node.residents),
                )
                for node in region.nodes_on(day)
                if node.kind == "county"
            ],
            seed,
        )

    @property
    def places(self) -> tuple[Place, ...]:
        """The counties, in the order of their blocks."""
        return self._places

    def number_of(self, county: str, position: int) -> int:
        """Return the person at a position of a county's list: every resident once, in mixed order.

        Raises ValueError beyond the county's residents.
        """
        index = self._index[county]
        residents = self._places[index].residents
        if not 0 <= position < residents:
            raise ValueError(f"county {county} has {residents} residents; position {position} was asked for")
        return self._starts[index] + position * self._strides[index] % residents

    def vitals(self, number: int) -> Vitals:
        """Age, sex and chronic disease of a person."""
        return vitals_of(number, self._seed)

    def person(self, vitals: Vitals) -> Person:
        """Everything about a person."""
        number = vitals.number
        index = bisect_right(self._starts, number) - 1
        place = self._places[index]
        draws = Draws(self._seed, "person", number)
        family = family_name(draws)
        given = given_name(vitals.sex, vitals.birth_ordinal, draws)
        household, relation, head = self._household(vitals, index)
        if relation in ("2", "3") and head != number:
            family = family_name(Draws(self._seed, "person", head))  # children bear the head's surname
        return Person(
            vitals=vitals,
            resident_number=resident_number(vitals.birth_ordinal, vitals.place),
            birth_date=_birthday_part(vitals.birth_ordinal)[0],
            family=family,
            given=given,
            # No mobile number begins with 11.
            phone=f"11{draws.below(1_000_000_000):09d}",
            place=place,
            address=_address(place, Draws(self._seed, "household", household)),
            household=household,
            relation=relation,
            marital=_marital(vitals.age, relation, draws),
            ethnicity="01" if draws.below(1000) < 994 else draws.pick(_ETHNICITIES),
            employment=_employment(vitals.age, draws),
            education=_education(vitals.age, draws),
        )

    def _household(self, vitals: Vitals, county: int) -> tuple[int, str, int]:
        """Three numbers in a row share a roof: household, relation to its head, the head's number."""
        number, start, end = vitals.number, self._starts[county], self._starts[county + 1]
        first = start + (number - start) // 3 * 3
        head, head_age, head_sex, best = number, vitals.age, vitals.sex, _headship(vitals.age)
        for other in range(first, min(first + 3, end)):
            if other != number:
                birth_ordinal, place = _BIRTHDAYS.place(other)
                age = _age(birth_ordinal)
                if (rank := _headship(age)) > best or (rank == best and other < head):
                    head, head_age, head_sex, best = other, age, _sex(birth_ordinal, place), rank
        return first, "0" if head == number else _relation(vitals, head_age, head_sex), head


def _age(birth_ordinal: int) -> int:
    """Age in whole years on the reference day."""
    return int((REFERENCE_DAY - birth_ordinal) / _YEAR)


def _headship(age: int) -> int:
    """Who is the head of a household: the eldest between 22 and 75, else the eldest."""
    return age + 200 if 22 <= age <= 75 else age


def _relation(member: Vitals, head_age: int, head_sex: Sex) -> str:
    gap = head_age - member.age
    if gap >= 42:
        return "4"
    if gap >= 20:
        return "2" if member.sex == "male" else "3"
    if gap <= -20:
        return "5"
    if member.sex != head_sex and member.age >= 22 and abs(gap) <= 12:
        return "1"
    return "8"


_ROADS = (
    "人民路", "解放路", "建设路", "中山路", "新华路", "文昌路", "健康路", "东风路", "和平路", "青年路",
    "学府路", "滨河路", "通江路", "长江路", "淮海路", "太湖路", "延陵路",
)  # fmt: skip
_ESTATES = (
    "阳光花园", "翠竹新村", "清潭新村", "丽景苑", "东方家园", "金色家园", "府前小区", "荷花苑", "香樟园",
    "书香名邸",
)  # fmt: skip
_TOWNS = (
    "城东", "城西", "新桥", "长荡", "官林", "大港", "沙沟", "黄桥", "白蒲", "洋河", "双沟", "临泽", "溧城",
    "埭头", "唐闸", "周庄",
)  # fmt: skip


def _address(place: Place, draws: Draws) -> str:
    start = f"{place.province_zh}{place.city_zh}{place.name_zh}"
    if draws.chance(0.62):
        return (
            f"{start}{draws.pick(_ROADS)}{draws.between(1, 398)}号{draws.pick(_ESTATES)}"
            f"{draws.between(1, 42)}幢{draws.between(1, 18)}0{draws.between(1, 4)}室"
        )
    return f"{start}{draws.pick(_TOWNS)}镇{draws.pick(_TOWNS)}村{draws.between(1, 24)}组{draws.between(1, 60)}号"


_ETHNICITIES = ("03", "06", "11", "08", "15", "02", "05", "12")


def _marital(age: int, relation: str, draws: Draws) -> str:
    roll = draws.below(100)
    if age < 20:
        return "10"
    if relation == "1":
        return "20"
    single = 85 if age < 24 else 40 if age < 30 else 10 if age < 40 else 3
    widowed = 0 if age < 50 else 4 if age < 65 else 14 if age < 75 else 38
    if roll < single:
        return "10"
    if roll < single + widowed:
        return "30"
    return "40" if roll < single + widowed + (3 if age < 65 else 1) else "20"


_EMPLOYMENT = (("24", 34), ("27", 26), ("13", 12), ("17", 12), ("54", 7), ("51", 5), ("21", 2), ("11", 2))
_EMPLOYMENT_CODES = tuple(code for code, _ in _EMPLOYMENT)
_EMPLOYMENT_WEIGHTS = running_sum([weight for _, weight in _EMPLOYMENT])


def _employment(age: int, draws: Draws) -> str:
    roll = draws.below(100)
    if age < 6:
        return "90"
    if age < 18 or (age < 23 and roll < 55):
        return "31"
    if age >= 60 and roll < 62:
        return "80"
    return "70" if roll >= 95 else _EMPLOYMENT_CODES[draws.weighted(_EMPLOYMENT_WEIGHTS)]


def _education(age: int, draws: Draws) -> str:
    roll = draws.below(100)
    if age < 6:
        return "90"
    if age < 12:
        return "80"
    if age < 22:
        return "70" if age < 16 else "60" if roll < 70 else "21"
    if age < 40:
        return "21" if roll < 24 else "31" if roll < 44 else "60" if roll < 64 else "70"
    if age < 65:
        return "21" if roll < 6 else "60" if roll < 24 else "70" if roll < 72 else "80"
    return "70" if roll < 24 else "80" if roll < 70 else "90"
