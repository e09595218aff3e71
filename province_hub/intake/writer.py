"""Taking submissions into a store: together in one transaction, and from many senders by one writing thread.

While one commit waits for the disk, the next submissions gather; so small ones share a commit, and a receipt is
given out only after it is durable.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from sqlalchemy import Engine

from province_hub.intake.receipt import Receipt
from province_hub.intake.submission import Submission
from province_hub.intake.way import Way
from province_hub.store.engine import for_writing
from province_hub.store.keys import Keys

_WAITING_AT_MOST = 64
_TOGETHER_AT_MOST = 16


class Intake:
    """Walks submissions into one store."""

    def __init__(self, engine: Engine, way: Way) -> None:
        self._engine = for_writing(engine)
        self._way = way
        self._keys = Keys(engine)

    def warm_up(self) -> None:
        """Compile what the usual submission needs."""
        self._way.warm_up()

    def take(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """Take submissions in, in their order, in one durable transaction: all of them or none."""
        return self.settle([self.examine(submission) for submission in submissions])

    def examine(self, submission: Submission) -> Submission:
        """Do what needs no store: read, translate, judge."""
        return self._way.examine(submission)

    def settle(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """Link and commit examined submissions, in their order, in one durable transaction: all of them or none."""
        self._keys.reserve(sum(map(self._way.keys_needed, submissions)))
        with self._engine.begin() as connection:
            return [self._way.settle(submission, connection, self._keys.take) for submission in submissions]


class Busy(Exception):  # noqa: N818  # an outcome, named as one
    """The queue is full: the node should try again in a while."""


@dataclass(slots=True)
class _Task:
    open: Callable[[], Submission]
    receipt: Future[Receipt] = field(default_factory=Future)


class Writer:
    """One thread that takes submissions in. Start it, submit, and close it to finish what is under way."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._tasks: queue.Queue[_Task | None] = queue.Queue(_WAITING_AT_MOST)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to take submissions in."""
        self._thread.start()

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        self._tasks.put(None)
        self._thread.join()

    def submit(self, opener: Callable[[], Submission]) -> Future[Receipt]:
        """Queue a submission; `opener` makes it afresh, also a second time where a shared commit failed.

        The future holds the receipt, or what `opener` or the store raised. Raises Busy where the queue is full.
        """
        task = _Task(opener)
        try:
            self._tasks.put_nowait(task)
        except queue.Full as error:
            raise Busy from error
        return task.receipt

    def _run(self) -> None:
        self._intake.warm_up()
        last = False
        while not last:
            together = [self._tasks.get()]
            while len(together) < _TOGETHER_AT_MOST and together[-1] is not None:
                try:
                    together.append(self._tasks.get_nowait())
                except queue.Empty:
                    break
            last = together[-1] is None
            self._take([task for task in together if task is not None])

    def _take(self, tasks: list[_Task]) -> None:
        """Commit together what can be read; what cannot is answered, and spoils nothing."""
        examined: list[tuple[_Task, Submission]] = []
        for task in tasks:
            if not task.receipt.set_running_or_notify_cancel():
                continue  # whoever sent it has gone, and nothing was begun
            try:
                examined.append((task, self._intake.examine(task.open())))
            except Exception as error:  # whatever it was, the sender gets an answer
                task.receipt.set_exception(error)
        try:
            receipts = self._intake.settle([submission for _, submission in examined])
        except (
            Exception
        ):  # whatever it was: another writer may have come first, or one sender's content may be at fault
            self._take_each([task for task, _ in examined])
            return
        for (task, _), receipt in zip(examined, receipts, strict=True):
            task.receipt.set_result(receipt)

    def _take_each(self, tasks: list[_Task]) -> None:
        """After a commit failed: once more, one by one and afresh, so that one failure is one sender's."""
        for task in tasks:
            try:
                task.receipt.set_result(self._intake.take([task.open()])[0])
            except Exception as error:  # whatever it was, this sender gets an answer
                task.receipt.set_exception(error)
