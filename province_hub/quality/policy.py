"""The policy: which rules refuse an entry and which only mark it. Data, not code: see `policy.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from province_hub.quality.rule import RULES, Finding

_DEFAULT = Path(__file__).with_name("policy.toml")


class PolicyError(ValueError):
    """A policy file that cannot be used: names the file, the key, what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of the policy: the ids of the rules that refuse."""

    version: str
    refusing: frozenset[str]

    def refuses(self, finding: Finding) -> bool:
        """Whether an entry with this finding is refused."""
        return finding.rule.id in self.refusing

    def usable(self, findings: list[Finding]) -> bool:
        """Whether an entry with these findings counts as usable (可用)."""
        return not any(finding.rule.severity == "error" for finding in findings)


def load_policy(path: Path = _DEFAULT) -> Policy:
    """Read a policy file. Raises PolicyError."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(f"{path}: {error}") from error
    version, refuse = values.get("version"), values.get("refuse")
    if not isinstance(version, str):
        raise PolicyError(f"{path}: version: found {version!r}, expected a text such as '2016-03'")
    if not isinstance(refuse, list):
        raise PolicyError(f"{path}: refuse: found {refuse!r}, expected a list of rule ids")
    for position, rule in enumerate(refuse):
        if not isinstance(rule, str) or rule not in RULES:
            raise PolicyError(f"{path}: refuse[{position}]: found {rule!r}, expected one of {', '.join(sorted(RULES))}")
    return Policy(version, frozenset(refuse))
