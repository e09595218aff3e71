"""Small provinces, plans and platforms for the tests of the simulated nodes."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import orjson
import pytest

from codemaps import CodeTable, Localiser, load_dialect, load_tables
from county_nodes.noise import Noise
from county_nodes.plan import NodeVolumes, choose_upload_days, plan_node
from county_nodes.platform import CountyPlatform, Submission
from county_nodes.population import People, Place
from exchange.regions import Node

PERIOD_FROM, PERIOD_TO = date(2016, 3, 1), date(2016, 4, 30)
SEED = 7

MakeVolumes = Callable[..., NodeVolumes]
MakePlatform = Callable[..., CountyPlatform]


@pytest.fixture(scope="session")
def tables() -> Mapping[str, CodeTable]:
    return load_tables()


@pytest.fixture(scope="session")
def people() -> People:
    return People(
        [
            Place("320402", "天宁区", "320400", "常州市", "江苏省", 520_000),
            Place("320404", "钟楼区", "320400", "常州市", "江苏省", 610_000),
            Place("320481", "溧阳市", "320400", "常州市", "江苏省", 760_000),
            Place("320282", "宜兴市", "320200", "无锡市", "江苏省", 1_250_000),
            Place("321182", "扬中市", "321100", "镇江市", "江苏省", 340_000),
        ],
        SEED,
    )


@pytest.fixture(scope="session")
def volumes() -> MakeVolumes:
    def make(code: str = "320481", *, days: int = 8, **changed: Any) -> NodeVolumes:
        values: dict[str, Any] = {
            "records": 900,
            "visits": 60,
            "discharges": 6,
            "reports": None,
            "upload_days": choose_upload_days(code, days, PERIOD_FROM, PERIOD_TO, SEED),
            "registered_basic": 40,
            "registered_hypertension": 6,
            "registered_diabetes": 3,
            "period_from": PERIOD_FROM,
            "period_to": PERIOD_TO,
        }
        return NodeVolumes(code, **(values | changed))

    return make


@pytest.fixture(scope="session")
def platform(people: People, tables: Mapping[str, CodeTable], volumes: MakeVolumes) -> MakePlatform:
    def make(
        code: str = "320481",
        *,
        dialect: str = "national",
        noise: float = 0.0,
        seed: int = SEED,
        institution_type: str = "",
        size: int = 100,
        **changed: Any,
    ) -> CountyPlatform:
        is_hospital = code.startswith("32H")
        node = Node(
            code=code,
            name_zh="江苏省人民医院" if is_hospital else "溧阳市",
            name_en="",
            kind="hospital" if is_hospital else "county",
            city="320400",
            residents=0.0 if is_hospital else 760_000.0,
            dialect=dialect,
            valid_from=date(2016, 1, 1),
            valid_to=None,
            assumed=False,
            institution_type=institution_type,
        )
        if is_hospital:
            changed = {
                "registered_basic": 0,
                "registered_hypertension": 0,
                "registered_diabetes": 0,
            } | changed
        localiser = Localiser(load_dialect(dialect, tables), tables)
        plan = plan_node(volumes(code, **changed), seed)
        return CountyPlatform(plan, node, people, tables, localiser, Noise(noise), seed, size)

    return make


@pytest.fixture(scope="session")
def resources() -> Callable[[Submission], list[dict[str, Any]]]:
    """The resources of a submission, in order."""

    def read(submission: Submission) -> list[dict[str, Any]]:
        return [entry["resource"] for entry in orjson.loads(submission.body)["entry"]]

    return read
