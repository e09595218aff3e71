"""Conformity (规范性): structure, bindings, identifiers and codes are what the standards say."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from stdnum.cn import ric

from exchange.systems import RESIDENT_NUMBER as RESIDENT_NUMBER_SYSTEM
from province_hub.quality.rule import Circumstances, Dimension, Rule, Violation, declare, mask


def resident_number_is_valid(number: str) -> bool:
    """Whether an 18-character resident number carries the check character of GB 11643-1999."""
    return (
        len(number) == 18
        and number[:17].isascii()
        and number[:17].isdigit()
        and ric.calc_check_digit(number) == number[17]
    )


def resident_numbers(patient: Any) -> Iterator[tuple[int, str]]:
    """The positions and values of a Patient's resident numbers."""
    for position, identifier in enumerate(patient.identifier or ()):
        if identifier.system == RESIDENT_NUMBER_SYSTEM and identifier.value:
            yield position, identifier.value


def resident_number(patient: Struct, _: Circumstances) -> Iterator[Violation]:
    """Resident numbers whose check character is wrong."""
    for position, number in resident_numbers(patient):
        if not resident_number_is_valid(number):
            yield Violation(f"Patient.identifier[{position}].value", mask(number))


STRUCTURE = declare(
    Rule(
        id="conformity.structure",
        dimension=Dimension.CONFORMITY,
        severity="error",
        code="structure",
        title_en="The resource is not valid FHIR R4",
        title_zh="资源结构不符合FHIR R4",
        expected_en="a structure as FHIR R4 (4.0.1) defines it",
        expected_zh="符合FHIR R4（4.0.1）的结构",
        mend_en="Correct the element in the connector's mapping.",
        mend_zh="请在接口映射中改正该元素。",
    )
)

REQUIRED_BINDING = declare(
    Rule(
        id="conformity.required-binding",
        dimension=Dimension.CONFORMITY,
        severity="error",
        code="code-invalid",
        title_en="A code lies outside its required value set",
        title_zh="代码不在强制绑定的值集内",
        expected_en="a code of the value set that FHIR R4 requires",
        expected_zh="FHIR R4强制值集内的代码",
        mend_en="Send one of the codes listed, or declare in the dialect that local codes stand here.",
        mend_zh="请使用所列代码，或在方言文件中声明此处为本地码。",
    )
)

UNMAPPED_CODE = declare(
    Rule(
        id="conformity.unmapped-code",
        dimension=Dimension.CONFORMITY,
        severity="error",
        code="code-invalid",
        title_en="A local code has no mapping",
        title_zh="本地码未映射",
        expected_en="a code that the node's concept map knows",
        expected_zh="映射表中已登记的本地码",
        mend_en=(
            "Add the code to the node's code-table map; where the element has room for a system, a national code "
            "with its own system needs none."
        ),
        mend_zh="请在本单位码表映射中补充该代码；可注明编码体系的元素，也可直接上传带体系的国标码。",
    )
)

INEXACT_CODE = declare(
    Rule(
        id="conformity.inexact-code",
        dimension=Dimension.CONFORMITY,
        severity="information",
        code="informational",
        title_en="A local code maps only roughly",
        title_zh="本地码仅能近似映射",
        expected_en="a local code that means just what the national one means",
        expected_zh="与国标含义完全一致的代码",
        mend_en="Split or correct the local code if the difference matters.",
        mend_zh="如差异重要，请拆分或修正本地码。",
    )
)

RESIDENT_NUMBER = declare(
    Rule(
        id="conformity.resident-number",
        dimension=Dimension.CONFORMITY,
        severity="error",
        code="value",
        title_en="A resident number is not valid",
        title_zh="居民身份证号校验不通过",
        expected_en="18 characters with the check character of GB 11643-1999",
        expected_zh="18位，校验码符合GB 11643-1999",
        mend_en="Read the number from the card again; where there is none, send another identity document.",
        mend_zh="请重新核对证件号；无身份证者请上传其他证件。",
        applies_to=("Patient",),
        check=resident_number,
    )
)

REQUEST = declare(
    Rule(
        id="conformity.request",
        dimension=Dimension.CONFORMITY,
        severity="error",
        code="invalid",
        title_en="The entry's request cannot be carried out",
        title_zh="条目的请求无法执行",
        expected_en="request.method POST or PUT, with a url that names the resource's type and business identifier",
        expected_zh="request.method为POST或PUT，url指明资源类型与业务标识",
        mend_en='Send {"method": "PUT", "url": "Encounter?identifier=<system>|<value>"}.',
        mend_zh='请按 {"method": "PUT", "url": "Encounter?identifier=<体系>|<值>"} 上传。',
    )
)

FOREIGN_ID = declare(
    Rule(
        id="conformity.foreign-id",
        dimension=Dimension.CONFORMITY,
        severity="error",
        code="business-rule",
        title_en="The id lies outside the node's own prefix",
        title_zh="资源id不在本单位前缀内",
        expected_en="an id that begins with the node's code and a hyphen",
        expected_zh="以本单位代码加连字符开头的id",
        mend_en=(
            "The hub gives ids, so that two counties' Patient/1 never meet in one record. Write by business "
            "identifier (PUT Patient?identifier=…), or under your own prefix."
        ),
        mend_zh=(
            "id由省平台分配，以免两县的Patient/1混为一人。请按业务标识写入（PUT Patient?identifier=…），"
            "或使用本单位前缀。"
        ),
    )
)
