"""The sections that each kind of health record has: its profile, as data.

From the record forms of WS 365-2011 (personal basic information) and WS 372-2012 (follow-up of hypertension
and of type 2 diabetes); the codes are this project's own, because the forms have none.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exchange.datasets.declaration import Section

HEALTH_RECORD_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "basic": "health-record-basic",
        "hypertension": "health-record-hypertension",
        "diabetes": "health-record-diabetes",
    }
)
"""Code in the health-record type system -> data set id; the profile's URL is PROFILE + "/" + data set id."""

_FOLLOW_UP = (
    Section("symptoms", "症状", "Symptoms", required=True),
    Section("signs", "体征", "Signs", required=True),
    Section("lifestyle", "生活方式指导", "Lifestyle guidance", required=True),
    Section("examinations", "辅助检查", "Examinations", required=False),
    Section("medication", "用药情况", "Medication", required=True),
    Section("assessment", "随访评价结果", "Assessment of this follow-up", required=True),
    Section("referral", "转诊", "Referral", required=False),
    Section("next-follow-up", "下次随访日期", "Next follow-up", required=False),
)

SECTIONS: Final[Mapping[str, tuple[Section, ...]]] = MappingProxyType(
    {
        "health-record-basic": (
            Section("registration", "建档信息", "Registration", required=True),
            Section("allergies", "药物过敏史", "Drug allergies", required=True),
            Section("exposures", "暴露史", "Exposures", required=False),
            Section("past-history", "既往史", "Past history", required=True),
            Section("family-history", "家族史", "Family history", required=True),
            Section("genetic-history", "遗传病史", "Hereditary diseases", required=False),
            Section("disability", "残疾情况", "Disability", required=False),
        ),
        "health-record-hypertension": _FOLLOW_UP,
        "health-record-diabetes": (
            *_FOLLOW_UP[:3],
            Section("glucose", "血糖", "Blood glucose", required=True),
            *_FOLLOW_UP[3:],
        ),
    }
)
"""Data set id -> the sections of that health record, in the order of the form."""
