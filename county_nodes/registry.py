"""The stock of a county: its registered residents and their health records before the period."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from codemaps import CodeTable
from county_nodes.concepts import Resource
from county_nodes.draws import Draws
from county_nodes.names import family_name, given_name
from county_nodes.patients import Patients
from county_nodes.plan import NodeVolumes
from county_nodes.population import Person, Vitals
from county_nodes.records import Institution, Records, health_record
from county_nodes.upload import Newcomer

# When residents were registered: the national programme began in 2009.
_FIRST_REGISTRATION = date(2009, 10, 1).toordinal()
_DOCTORS = 40


def registered_records(
    volumes: NodeVolumes,
    patients: Patients,
    records: Records,
    institutions: tuple[Institution, ...],
    tables: Mapping[str, CodeTable],
    day: date,
    seed: int,
) -> Iterator[Resource | Newcomer]:
    """Every registered resident as a Patient with a basic record, and the exact number of disease records.

    Those who have the disease by the population's chronic flags come first, then the oldest.
    """
    basic = volumes.registered_basic
    hypertension = _Chosen(volumes.registered_hypertension, _has_hypertension)
    diabetes = _Chosen(volumes.registered_diabetes, _has_diabetes)
    if volumes.registered_hypertension or volumes.registered_diabetes:
        for index in range(basic):
            vitals = patients.vitals(index)
            hypertension.consider(vitals)
            diabetes.consider(vitals)
    writer = _HealthRecords(volumes.node_code, records, institutions, tables, day, seed)
    for index in range(basic):
        yield Newcomer(index)
        person = patients.person(index)
        yield writer.basic(index, person)
        if hypertension.takes(person.vitals):
            yield writer.follow_up(index, "hypertension")
        if diabetes.takes(person.vitals):
            yield writer.follow_up(index, "diabetes")


def _has_hypertension(vitals: Vitals) -> bool:
    return vitals.hypertension


def _has_diabetes(vitals: Vitals) -> bool:
    return vitals.diabetes


class _Chosen:
    """Chooses exactly `count` persons: who has the disease first, then the oldest, then the first to come.

    Everybody is considered once and then asked for in the same order; only counts by age are kept.
    """

    def __init__(self, count: int, has_disease: Callable[[Vitals], bool]) -> None:
        self._has_disease = has_disease
        self._left = count
        self._seen = [0] * 512
        self._quota: list[int] | None = None

    def _rank(self, vitals: Vitals) -> int:
        return min(vitals.age, 255) + 256 * self._has_disease(vitals)

    def consider(self, vitals: Vitals) -> None:
        self._seen[self._rank(vitals)] += 1

    def takes(self, vitals: Vitals) -> bool:
        if self._quota is None:
            self._quota = [0] * 512
            for rank in range(511, -1, -1):
                self._quota[rank] = min(self._left, self._seen[rank])
                self._left -= self._quota[rank]
        rank = self._rank(vitals)
        if not self._quota[rank]:
            return False
        self._quota[rank] -= 1
        return True


class _HealthRecords:
    """Writes the health records of one county."""

    def __init__(
        self,
        node: str,
        records: Records,
        institutions: tuple[Institution, ...],
        tables: Mapping[str, CodeTable],
        day: date,
        seed: int,
    ) -> None:
        self._node = node
        self._records = records
        self._institutions = institutions
        self._education = tables["education"].concepts
        self._employment = tables["employment"].concepts
        self._last_day = day.toordinal() - 1
        self._seed = seed
        draws = Draws(seed, node, "doctors")
        self._doctors = [_doctor(draws) for _ in range(_DOCTORS)]

    def basic(self, index: int, person: Person) -> Resource:
        """Personal basic information: registration, allergies, history."""
        draws = Draws(self._seed, self._node, "basic record", index)
        first = max(_FIRST_REGISTRATION, person.vitals.birth_ordinal + 28)
        past = [
            name for name, has in (("高血压", person.vitals.hypertension), ("2型糖尿病", person.vitals.diabetes)) if has
        ]
        sections = {
            "registration": (
                "建档信息",
                f"文化程度：{self._education[person.education].display_zh}；"
                f"职业：{self._employment[person.employment].display_zh}；与户主关系：{_RELATIONS[person.relation]}",
            ),
            "allergies": ("药物过敏史", "青霉素过敏" if draws.below(100) < 4 else "否认药物过敏史"),
            "past-history": ("既往史", "、".join(past) or "否认慢性病史"),
            "family-history": ("家族史", "父母有高血压史" if draws.below(100) < 22 else "否认家族遗传病史"),
        }
        return self._write(index, "basic", draws, draws.between(first, self._last_day), sections)

    def follow_up(self, index: int, kind: str) -> Resource:
        """Return the last follow-up of a chronic disease."""
        draws = Draws(self._seed, self._node, kind, index)
        systolic, diastolic = 118 + draws.below(38), 70 + draws.below(24)
        sections = {
            "symptoms": ("症状", "头晕" if draws.below(100) < 12 else "无症状"),
            "signs": ("体征", f"血压{systolic}/{diastolic}mmHg，心率{64 + draws.below(26)}次/min"),
            "lifestyle": ("生活方式指导", "低盐饮食，适量运动，戒烟限酒"),
        }
        if kind == "diabetes":
            sections["glucose"] = ("血糖", f"空腹血糖{(52 + draws.below(52)) / 10}mmol/L")
        medicine = "二甲双胍片 0.5g" if kind == "diabetes" else "苯磺酸氨氯地平片 5mg"
        sections["medication"] = ("用药情况", medicine if draws.below(100) < 84 else "未服药")
        sections["assessment"] = ("随访评价结果", "控制满意" if systolic < 140 else "控制不满意")
        return self._write(index, kind, draws, self._last_day - draws.below(90), sections)

    def _write(
        self, index: int, kind: str, draws: Draws, day: int, sections: Mapping[str, tuple[str, str]]
    ) -> Resource:
        return health_record(
            f"{self._node}-{_LETTERS[kind]}{index:07d}",
            kind,
            self._records.subject(index),
            date.fromordinal(day).isoformat(),
            draws.pick(self._doctors),
            self._institutions[-1 - draws.below(min(3, len(self._institutions)))],
            sections,
        )


def _doctor(draws: Draws) -> str:
    born = date(1960 + draws.below(28), 6, 1).toordinal()
    return family_name(draws) + given_name(draws.pick(("female", "male")), born, draws)


_LETTERS = {"basic": "DA", "hypertension": "GXY", "diabetes": "TNB"}
_RELATIONS = {
    "0": "户主",
    "1": "配偶",
    "2": "子",
    "3": "女",
    "4": "孙辈",
    "5": "父母",
    "8": "其他",
}
