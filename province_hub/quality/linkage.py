"""Linkage (关联性): what a record points to is there."""

from province_hub.quality.rule import Dimension, Rule, declare

REFERENCE_TO_NOTHING = declare(
    Rule(
        id="linkage.reference-to-nothing",
        dimension=Dimension.LINKAGE,
        severity="error",
        code="not-found",
        title_en="A reference points to nothing",
        title_zh="引用指向不存在的记录",
        expected_en="a record of this bundle, or one that this node has sent before",
        expected_zh="本批次内的记录，或本单位此前已上传的记录",
        mend_en="Send the record it points to first or in the same bundle, or correct the identifier.",
        mend_zh="请先上传或在同一批次中上传被引用的记录，或更正其标识。",
    )
)

REFERENCE_UNCHECKED = declare(
    Rule(
        id="linkage.reference-unchecked",
        dimension=Dimension.LINKAGE,
        severity="information",
        code="informational",
        title_en="A reference leads out of the bundle and was not checked",
        title_zh="引用指向批次之外，未核对",
        expected_en="a store to look in",
        expected_zh="可供核对的数据库",
        mend_en="Give --store to check it against what the hub holds.",
        mend_zh="可用 --store 指定数据库进行核对。",
    )
)

NO_SUBJECT = declare(
    Rule(
        id="linkage.no-subject",
        dimension=Dimension.LINKAGE,
        severity="error",
        code="required",
        title_en="It cannot be told whom the record is about",
        title_zh="无法确定记录所属患者",
        expected_en="a subject that refers to a Patient",
        expected_zh="subject引用患者记录",
        mend_en="Refer to the Patient by identifier; a name alone is not enough.",
        mend_zh="请以标识引用患者；仅有姓名无法关联。",
    )
)
