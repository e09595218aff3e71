"""Node processes: each drives any node of the scenario for one day at a time and pushes over real HTTP."""

import hashlib
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from types import TracebackType
from typing import Self

import msgspec

from county_nodes.outbox import Outbox
from exchange.client import HubClient
from exchange.scenario.file import ScenarioError, load_scenario
from exchange.scenario.platforms import Platforms

Progress = tuple[str, int]
"""The code of a node and how many entries of it the hub has just acknowledged."""


@dataclass(frozen=True, slots=True)
class Work:
    """What node processes need to know, once."""

    scenario: str
    scale: float
    seed: int
    hub: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What a node sent on a day: `truths` as lines of JSON, `manifest` as rows of (number, entries, SHA-256)."""

    node: str
    day: date
    truths: bytes
    manifest: tuple[tuple[str, int, str], ...]


class NodeProcesses:
    """A pool of node processes; `day` hands a node's day to whichever is free."""

    def __init__(self, work: Work, processes: int) -> None:
        context = get_context("spawn")
        self._progress: SimpleQueue[Progress] = context.SimpleQueue()
        self._pool = ProcessPoolExecutor(processes, context, _begin, (work, self._progress))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._progress.close()

    def day(self, node: str, day: date, *, registry: bool = False) -> Future[Sent]:
        """Have a node push what it has on a day, or the registry that it had before the period."""
        return self._pool.submit(_push_day, node, day, registry)

    def progress(self) -> Iterator[Progress]:
        """What was acknowledged since the last time."""
        while not self._progress.empty():
            yield self._progress.get()


class _Worker:
    """The state of one node process."""

    def __init__(self, work: Work, progress: "SimpleQueue[Progress]") -> None:
        self.platforms = Platforms(load_scenario(work.scenario), work.scale, work.seed)
        self.client = HubClient(work.hub)
        self.progress = progress


_workers: list[_Worker] = []


def _begin(work: Work, progress: "SimpleQueue[Progress]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the scenario decides when a run ends
    _workers.append(_Worker(work, progress))


def _push_day(node: str, day: date, registry: bool) -> Sent:
    worker = _workers[0]
    platform = worker.platforms.platform(node)
    outbox = Outbox(lambda body: worker.client.push(body, node), time.sleep)
    truths: list[bytes] = []
    manifest: list[tuple[str, int, str]] = []
    for submission in platform.registry_bundles(day) if registry else platform.bundles(day):
        delivery = outbox.deliver(submission.number, submission.body)
        if delivery.outcome != "received":
            raise ScenarioError(delivery.problem)
        truths += map(msgspec.json.encode, submission.truths)
        manifest.append((submission.number, submission.entries, hashlib.sha256(submission.body).hexdigest()))
        worker.progress.put((node, submission.entries))
    return Sent(node, day, b"".join(line + b"\n" for line in truths), tuple(manifest))
