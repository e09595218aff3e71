"""Uniqueness (唯一性): a record is known by one business identifier, and one identifier knows one record."""

from province_hub.quality.rule import Dimension, Rule, declare

NO_IDENTITY = declare(
    Rule(
        id="uniqueness.no-identity",
        dimension=Dimension.UNIQUENESS,
        severity="error",
        code="required",
        title_en="The record has no usable business identifier",
        title_zh="记录没有可用的业务标识",
        expected_en="an identifier with system and value",
        expected_zh="含system与value的identifier",
        mend_en="Send the number by which your system knows this record, under its urn:oid: system.",
        mend_zh="请上传本系统的业务编号，并注明其urn:oid:体系。",
    )
)

AMBIGUOUS_IDENTITY = declare(
    Rule(
        id="uniqueness.ambiguous-identity",
        dimension=Dimension.UNIQUENESS,
        severity="error",
        code="multiple-matches",
        title_en="The identifier names several records",
        title_zh="标识对应多条记录",
        expected_en="an identifier that names one record",
        expected_zh="唯一对应一条记录的标识",
        mend_en="Use the identifier by which the record was first sent.",
        mend_zh="请使用首次上传该记录时的业务标识。",
    )
)

SAME_IDENTITY_TWICE = declare(
    Rule(
        id="uniqueness.same-identity-twice",
        dimension=Dimension.UNIQUENESS,
        severity="error",
        code="duplicate",
        title_en="One transaction writes the same record twice",
        title_zh="同一事务两次写入同一记录",
        expected_en="each record once in a transaction",
        expected_zh="事务内每条记录只出现一次",
        mend_en="Send each record once, or send the bundle as a batch.",
        mend_zh="请保证事务内不重复，或改用batch。",
    )
)

OTHER_VERSION = declare(
    Rule(
        id="uniqueness.other-version",
        dimension=Dimension.UNIQUENESS,
        severity="error",
        code="conflict",
        title_en="The record is not at the version that the update was made from",
        title_zh="记录版本已变更",
        expected_en="the version that If-Match names",
        expected_zh="If-Match所指的版本",
        mend_en="Read the record again, make the change on its present version, and send that version in If-Match.",
        mend_zh="请重新读取记录，在最新版本上修改后再上传。",
    )
)
