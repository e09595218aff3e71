"""Translate: local codes become national ones, the original kept beside; what has no mapping is a finding."""

from codemaps import Equivalence, Translator
from province_hub.intake.submission import Submission
from province_hub.quality import conformity
from province_hub.quality.rule import Finding, Violation


def translate(submission: Submission, translator: Translator) -> None:
    """Translate every entry by the concept maps of its sender's dialect."""
    for entry in submission.entries:
        if entry.refused:
            continue
        for translation in translator.translate(entry.resource):
            if translation.equivalence is Equivalence.EQUIVALENT or translation.filler:
                continue  # a filler is no code but a missing value, which completeness looks for
            found = f"{translation.local_code} {translation.local_display}".strip()
            if translation.equivalence is Equivalence.UNMATCHED:
                table = translation.table
                violation = Violation(
                    translation.expression,
                    found or "an empty code",
                    f"a local code that the map to the table {table} knows",
                    f"已映射到码表{table}的本地码",
                )
                entry.findings.append(Finding(conformity.UNMAPPED_CODE, violation))
            else:
                target = f"{translation.target_code} {translation.target_display}".strip()
                violation = Violation(translation.expression, f"{found} → {target} ({translation.equivalence})")
                entry.findings.append(Finding(conformity.INEXACT_CODE, violation))
