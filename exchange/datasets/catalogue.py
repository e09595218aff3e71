"""The six data sets that nodes upload, element by element.

Data element identifiers are those of the WS 445-2014 (medical records), WS 365-2011 (health records) and
WS 372-2012 (disease management) data sets; what is required here is a first set, chosen so that an event can
be attributed, counted and read.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exchange.datasets.declaration import DataSet, Element
from exchange.datasets.sections import HEALTH_RECORD_TYPES, SECTIONS

OUTPATIENT: Final = "WS 445.2-2014 门（急）诊病历"
PRESCRIPTION: Final = "WS 445.3-2014 门（急）诊处方"
REPORT: Final = "WS 445.4-2014 检查检验记录"
FRONT_SHEET: Final = "WS 445.10-2014 住院病案首页"
HEALTH_RECORD: Final = "WS 365-2011 城乡居民健康档案基本数据集"
HYPERTENSION: Final = "WS 372.2-2012 高血压患者健康管理"
DIABETES: Final = "WS 372.5-2012 2型糖尿病病例管理"
EXCHANGE: Final = "attribution: without it the hub cannot say whose event this is, or which"


def _required(path: str, name_zh: str, name_en: str, identifier: str, basis: str, table: str | None = None) -> Element:
    return Element(path, name_zh, name_en, identifier, required=True, table=table, basis=basis)


def _optional(path: str, name_zh: str, name_en: str, identifier: str, basis: str, table: str | None = None) -> Element:
    return Element(path, name_zh, name_en, identifier, required=False, table=table, basis=basis)


def _patient(basis: str) -> tuple[Element, ...]:
    return (
        _required("Patient.identifier", "身份证件号码", "Identity document number", "DE02.01.030.00", basis),
        _optional(
            "Patient.identifier.type",
            "身份证件类别代码",
            "Identity document type",
            "DE02.01.031.00",
            basis,
            "identity-document-type",
        ),
        _required("Patient.name", "姓名", "Name", "DE02.01.039.00", basis),
        _required("Patient.gender", "性别代码", "Sex", "DE02.01.040.00", basis, "sex"),
        _required("Patient.birthDate", "出生日期", "Date of birth", "DE02.01.005.01", basis),
        _optional(
            "Patient.maritalStatus",
            "婚姻状况代码",
            "Marital status",
            "DE02.01.018.00",
            basis,
            "marital-status",
        ),
        _optional(
            "Patient.extension(patient-ethnicity).valueCodeableConcept",
            "民族",
            "Ethnicity",
            "DE02.01.025.00",
            basis,
            "ethnicity",
        ),
        _optional("Patient.telecom", "电话号码", "Telephone number", "DE02.01.010.00", basis),
        _optional("Patient.address.district", "地址-县(区)", "Address: county", "DE02.01.009.03", basis),
    )


def _encounter(number_zh: str, number_en: str, number: str, basis: str) -> tuple[Element, ...]:
    return (
        _required("Encounter.identifier", number_zh, number_en, number, basis),
        _required("Encounter.subject", "患者", "Patient", "", EXCHANGE),
        _required("Encounter.class", "患者类型代码", "Kind of visit", "DE02.01.060.00", basis, "visit-type"),
        _required("Encounter.serviceType", "科室名称", "Department", "DE08.10.026.00", basis, "department"),
        _required("Encounter.serviceProvider", "组织机构代码", "Institution", "DE08.10.052.00", basis),
        _required("Encounter.reasonCode", "疾病诊断代码", "Diagnosis", "DE05.01.024.00", basis, "diagnosis"),
        _optional(
            "Encounter.extension(encounter-payment).valueCodeableConcept",
            "医疗费用支付方式代码",
            "Means of payment",
            "DE07.00.007.00",
            basis,
            "payment",
        ),
    )


def _condition(basis: str) -> tuple[Element, ...]:
    return (
        _required("Condition.subject", "患者", "Patient", "", EXCHANGE),
        _required("Condition.code", "疾病诊断代码", "Diagnosis", "DE05.01.024.00", basis, "diagnosis"),
        _optional("Condition.recordedDate", "诊断日期", "Date of diagnosis", "DE05.01.058.00", basis),
    )


def _observation(basis: str) -> tuple[Element, ...]:
    return (
        _required("Observation.subject", "患者", "Patient", "", EXCHANGE),
        _required("Observation.code", "检查/检验项目代码", "Item", "DE04.30.019.00", basis),
        _required("Observation.effective[x]", "检查日期", "Date of examination", "DE04.50.140.00", basis),
        _optional("Observation.value[x]", "检查/检验定量结果", "Result", "DE04.30.015.00", basis),
    )


_OUTPATIENT_VISIT = DataSet(
    id="outpatient-visit",
    name_zh="门急诊信息",
    name_en="Outpatient and emergency visits",
    anchor="Encounter",
    elements=(
        *_patient(OUTPATIENT),
        *_encounter("门诊号", "Outpatient number", "DE01.00.010.00", OUTPATIENT),
        _required("Encounter.period.start", "就诊日期时间", "Start of the visit", "DE06.00.062.00", OUTPATIENT),
        *_condition(OUTPATIENT),
        *_observation(OUTPATIENT),
        _required("MedicationRequest.identifier", "处方编号", "Prescription number", "DE01.00.020.00", PRESCRIPTION),
        _required("MedicationRequest.subject", "患者", "Patient", "", EXCHANGE),
        _required("MedicationRequest.medication[x]", "药物名称", "Medicine", "DE08.50.022.00", PRESCRIPTION),
        _required(
            "MedicationRequest.authoredOn",
            "医嘱开立日期时间",
            "Time of the order",
            "DE06.00.220.00",
            PRESCRIPTION,
        ),
        _optional(
            "MedicationRequest.dosageInstruction.timing.code",
            "药物使用频率",
            "Frequency",
            "DE06.00.133.00",
            PRESCRIPTION,
            "medication-frequency",
        ),
    ),
    basis=OUTPATIENT,
)

_DISCHARGE = DataSet(
    id="discharge",
    name_zh="出院信息",
    name_en="Discharges",
    anchor="Encounter",
    elements=(
        *_patient(FRONT_SHEET),
        *_encounter("住院号", "Inpatient number", "DE01.00.014.00", FRONT_SHEET),
        _required("Encounter.period.start", "入院日期时间", "Admission", "DE06.00.092.00", FRONT_SHEET),
        _required("Encounter.period.end", "出院日期时间", "Discharge", "DE06.00.017.00", FRONT_SHEET),
        _required(
            "Encounter.hospitalization.admitSource",
            "入院途径代码",
            "Admission route",
            "DE06.00.339.00",
            FRONT_SHEET,
            "admission-route",
        ),
        _required(
            "Encounter.hospitalization.dischargeDisposition",
            "离院方式代码",
            "Discharge disposition",
            "DE06.00.223.00",
            FRONT_SHEET,
            "discharge-disposition",
        ),
        *_condition(FRONT_SHEET),
        _required("Procedure.subject", "患者", "Patient", "", EXCHANGE),
        _required("Procedure.code", "手术/操作代码", "Procedure", "DE06.00.093.00", FRONT_SHEET, "procedure"),
        _required("Procedure.performed[x]", "手术及操作日期", "Date of procedure", "DE06.00.221.00", FRONT_SHEET),
    ),
    basis=FRONT_SHEET,
)

_LABORATORY_EXAMINATION = DataSet(
    id="laboratory-examination",
    name_zh="检验检查",
    name_en="Laboratory and examination",
    anchor="DiagnosticReport",
    elements=(
        *_patient(REPORT),
        _required("DiagnosticReport.identifier", "检查报告单编号", "Report number", "DE01.00.018.00", REPORT),
        _required("DiagnosticReport.subject", "患者", "Patient", "", EXCHANGE),
        _required("DiagnosticReport.category", "检查/检验类别", "Kind of examination", "DE04.30.018.00", REPORT),
        _required("DiagnosticReport.code", "检查/检验项目代码", "Item", "DE04.30.019.00", REPORT),
        _required("DiagnosticReport.effective[x]", "检查日期", "Date of examination", "DE04.50.140.00", REPORT),
        _optional("DiagnosticReport.issued", "检查报告日期", "Date of report", "DE04.50.133.00", REPORT),
        _optional("DiagnosticReport.conclusion", "检验报告结果", "Conclusion", "DE04.50.130.00", REPORT),
        *_observation(REPORT),
    ),
    basis=REPORT,
)


def _health_record(type_code: str, name_zh: str, name_en: str, date_element: Element, basis: str) -> DataSet:
    data_set = HEALTH_RECORD_TYPES[type_code]
    sections = tuple(
        Element(
            path=f"Composition.section({section.code})",
            name_zh=section.name_zh,
            name_en=section.name_en,
            identifier="",
            required=section.required,
            table=None,
            basis=basis,
        )
        for section in SECTIONS[data_set]
    )
    return DataSet(
        id=data_set,
        name_zh=name_zh,
        name_en=name_en,
        anchor="Composition",
        elements=(
            *_patient(HEALTH_RECORD),
            _required("Composition.meta.profile", "档案规范", "Profile", "", basis),
            _required("Composition.identifier", "文档流水号", "Document number", "", EXCHANGE),
            _required("Composition.type", "档案类型", "Kind of health record", "", EXCHANGE),
            _required("Composition.subject", "居民", "Resident", "", EXCHANGE),
            date_element,
            _required("Composition.author", "责任医师", "Responsible doctor", "", basis),
            *sections,
        ),
        basis=basis,
    )


_FOLLOW_UP_DATE = "DE06.00.109.00"

DATA_SETS: Final[Mapping[str, DataSet]] = MappingProxyType(
    {
        data_set.id: data_set
        for data_set in (
            _OUTPATIENT_VISIT,
            _DISCHARGE,
            _LABORATORY_EXAMINATION,
            _health_record(
                "basic",
                "健康档案基本信息",
                "Health record: basic information",
                _required("Composition.date", "建档日期", "Date of registration", "", HEALTH_RECORD),
                HEALTH_RECORD,
            ),
            _health_record(
                "hypertension",
                "高血压健康档案",
                "Health record: hypertension",
                _required("Composition.date", "随访日期", "Date of follow-up", _FOLLOW_UP_DATE, HYPERTENSION),
                HYPERTENSION,
            ),
            _health_record(
                "diabetes",
                "糖尿病健康档案",
                "Health record: diabetes",
                _required("Composition.date", "随访日期", "Date of follow-up", _FOLLOW_UP_DATE, DIABETES),
                DIABETES,
            ),
        )
    }
)
"""Data set id -> data set, in the order of the bulletin."""
