"""The bulletin as a value: who uploaded what in a period, beside what was expected of them."""

from datetime import date
from typing import Literal

import msgspec


class BulletinRow(msgspec.Struct, frozen=True, kw_only=True):
    """One city, hospital or node.

    `records` are new resources accepted in the period (数据上传量); `updated`, `repeated` and `refused` are
    the other fates of what was submitted; `usable` are the records that came without a finding that bars their use.
    Visits, discharges and reports are events of the period; `record_…` are residents with that health record
    at its end. `…_expected` is the denominator of a rate, None where nothing is expected; `assumed` names the
    denominators that are plausible figures and not implied by a statistic.
    """

    code: str
    name_zh: str
    name_en: str
    kind: Literal["city", "county", "hospital"]
    records: int = 0
    updated: int = 0
    repeated: int = 0
    refused: int = 0
    usable: int = 0
    upload_days: int = 0
    outpatient_visits: int = 0
    outpatient_expected: float | None = None
    discharges: int = 0
    discharge_expected: float | None = None
    lab_exam_records: int = 0
    record_basic: int = 0
    record_basic_expected: float | None = None
    record_hypertension: int = 0
    record_hypertension_expected: float | None = None
    record_diabetes: int = 0
    record_diabetes_expected: float | None = None
    assumed: frozenset[str] = frozenset()

    @property
    def submitted(self) -> int:
        """Everything that arrived: new, updated, repeated and refused."""
        return self.records + self.updated + self.repeated + self.refused

    @property
    def outpatient_rate(self) -> float | None:
        """Visits accepted over visits expected, in percent, unrounded."""
        return _percent(self.outpatient_visits, self.outpatient_expected)

    @property
    def discharge_rate(self) -> float | None:
        """Discharges accepted over discharges expected, in percent, unrounded."""
        return _percent(self.discharges, self.discharge_expected)

    @property
    def record_basic_rate(self) -> float | None:
        """Residents with a health record over residents due one, in percent, unrounded."""
        return _percent(self.record_basic, self.record_basic_expected)

    @property
    def record_hypertension_rate(self) -> float | None:
        """Residents with a hypertension record over residents due one, in percent, unrounded."""
        return _percent(self.record_hypertension, self.record_hypertension_expected)

    @property
    def record_diabetes_rate(self) -> float | None:
        """Residents with a diabetes record over residents due one, in percent, unrounded."""
        return _percent(self.record_diabetes, self.record_diabetes_expected)


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """One table; the period is inclusive, `as_of` the last arrival day that counts (None: all)."""

    period_from: date
    period_to: date
    as_of: date | None = None
    by: Literal["city", "hospital", "node"]
    rows: tuple[BulletinRow, ...]


def to_json(bulletin: Bulletin) -> bytes:
    """Encode a bulletin as UTF-8 JSON, the same bytes for the same bulletin."""
    return msgspec.json.encode(bulletin, order="deterministic")


def from_json(raw: bytes) -> Bulletin:
    """Decode a bulletin from JSON; msgspec.ValidationError or DecodeError where it is none."""
    return msgspec.json.decode(raw, type=Bulletin)


def _percent(count: int, expected: float | None) -> float | None:
    return 100 * count / expected if expected else None
