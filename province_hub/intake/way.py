"""The one way through the hub. Upload, validation, replay and the command line all walk it.

door → read → translate → judge → link → commit → receipt
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from codemaps import CodeTable, Translator, load_dialect, load_tables
from exchange.datasets import DATA_SETS
from exchange.fhir import structure
from province_hub.intake.commit import commit
from province_hub.intake.judge import judge
from province_hub.intake.link import Links, link
from province_hub.intake.read import read
from province_hub.intake.receipt import Receipt, receipt_of
from province_hub.intake.submission import Submission
from province_hub.intake.translate import translate
from province_hub.quality.policy import Policy, load_policy
from province_hub.store.holdings import Holdings


@dataclass(slots=True)
class Way:
    """The steps with what they need that is the same for all submissions: code tables, translators, policy."""

    policy: Policy = field(default_factory=load_policy)
    tables: Mapping[str, CodeTable] = field(default_factory=load_tables)
    _translators: dict[str, Translator] = field(default_factory=dict)

    def prepare(self, dialects: Iterable[str]) -> None:
        """Make the translators of dialects. Raises CodemapError where one has an error."""
        for dialect in dialects:
            self._translator(dialect)

    def warm_up(self) -> None:
        """Compile what the usual submission needs, so that the first one need not wait for it."""
        usual = {element.resource_type for data_set in DATA_SETS.values() for element in data_set.elements}
        structure().prepare(["Bundle"])
        for translator in self._translators.values():
            structure(translator.localised).prepare(sorted(usual))

    def keys_needed(self, submission: Submission) -> int:
        """How many keys a submission may take: a record, a resident and a quarantine place each, and its own two."""
        return 3 * len(submission.entries) + 2

    def examine(self, submission: Submission) -> Submission:
        """The first half, which needs no store: read, translate, judge."""
        translator = self._translator(submission.sender.dialect)
        read(submission, structure(translator.localised))
        translate(submission, translator)
        judge(submission, self.policy)
        return submission

    def settle(self, submission: Submission, connection: Connection, take_key: Callable[[], int]) -> Receipt:
        """The second half, within the caller's transaction: link and commit what was examined.

        The receipt may be sent once that transaction is durable.
        """
        holdings = Holdings(connection, submission.sender.code)
        links = self._link(submission, holdings, take_key, look_outside=True)
        return commit(submission, links, self.policy, connection, holdings, take_key)

    def rehearse(
        self,
        submission: Submission,
        connection: Connection,
        take_key: Callable[[], int],
        *,
        look_outside: bool,
    ) -> Receipt:
        """Walk as far as commit, storing nothing: the receipt says what would become of every entry."""
        self.examine(submission)
        self._link(submission, Holdings(connection, submission.sender.code), take_key, look_outside=look_outside)
        for entry in submission.entries:
            entry.refused = entry.refused or submission.failed
            entry.usable = not entry.refused and self.policy.usable(entry.findings)
            entry.outcome = "new"
        return receipt_of(submission, self.policy)

    def _link(
        self, submission: Submission, holdings: Holdings, take_key: Callable[[], int], *, look_outside: bool
    ) -> Links:
        links = link(submission, holdings, take_key, look_outside=look_outside)
        submission.failed = submission.kind == "transaction" and len(submission.accepted) < len(submission.entries)
        return links

    def _translator(self, dialect: str) -> Translator:
        translator = self._translators.get(dialect)
        if translator is None:
            translator = self._translators[dialect] = Translator(load_dialect(dialect, self.tables), self.tables)
        return translator
