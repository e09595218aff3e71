"""Node processes: each drives any node of the scenario for one day at a time and pushes over real HTTP."""

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context, parent_process
from multiprocessing.queues import SimpleQueue
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from county_nodes.outbox import Outbox
from exchange.client import HubClient
from exchange.scenario.file import ScenarioError, load_scenario
from exchange.scenario.platforms import Platforms

_NODES_AT_ONCE = 4


class Progress(NamedTuple):
    """How many entries of a node the hub has just acknowledged, and whether it is done for the day."""

    node: str
    entries: int
    done: bool


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
    """Node processes; `day` shares out what the nodes of a day have to push."""

    def __init__(self, work: Work, processes: int) -> None:
        context = get_context("spawn")
        self._processes = processes
        self._progress: SimpleQueue[Progress] = context.SimpleQueue()
        self._pool = ProcessPoolExecutor(processes, context, _begin, (work, self._progress))
        # Ctrl-C is the scenario's to hear: processes that begin while it is blocked here never hear it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            for _ in range(processes):
                self._pool.submit(_nothing)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._progress.close()

    def day(self, day: date, records: Mapping[str, int], *, registry: bool = False) -> list[Future[list[Sent]]]:
        """Have nodes push what they have on a day, or the registry that they had before the period.

        `records` says about how much each has, so that all processes end at about the same time.
        """
        loads = [0] * self._processes
        shares: list[list[str]] = [[] for _ in loads]
        for node in sorted(records, key=lambda code: (-records[code], code)):
            lightest = loads.index(min(loads))
            loads[lightest] += records[node]
            shares[lightest].append(node)
        return [self._pool.submit(_push_day, share, day, registry) for share in shares if share]

    def progress(self) -> Iterator[Progress]:
        """What was acknowledged since the last time."""
        while not self._progress.empty():
            yield self._progress.get()


class _Worker:
    """The state of one node process; its threads each drive one node at a time, for receipts take a while."""

    def __init__(self, work: Work, progress: "SimpleQueue[Progress]") -> None:
        self._platforms = Platforms(load_scenario(work.scenario), work.scale, work.seed)
        self._client = HubClient(work.hub)
        self._progress = progress
        self._threads = ThreadPoolExecutor(_NODES_AT_ONCE)

    def push(self, nodes: list[str], day: date, registry: bool) -> list[Sent]:
        """Push a day of several nodes, some of them at the same time."""
        return list(self._threads.map(lambda node: self._push_node(node, day, registry), nodes))

    def _push_node(self, node: str, day: date, registry: bool) -> Sent:
        """Push a day of one node, bundle after bundle: a later one refers to records of an earlier one."""
        platform = self._platforms.platform(node)
        outbox = Outbox(lambda body: self._client.push(body, node), time.sleep)
        truths: list[bytes] = []
        manifest: list[tuple[str, int, str]] = []
        for submission in platform.registry_bundles(day) if registry else platform.bundles(day):
            delivery = outbox.deliver(submission.number, submission.body)
            if delivery.outcome != "received":
                raise ScenarioError(delivery.problem)
            truths += map(msgspec.json.encode, submission.truths)
            manifest.append((submission.number, submission.entries, hashlib.sha256(submission.body).hexdigest()))
            self._progress.put(Progress(node, submission.entries, done=False))
        self._progress.put(Progress(node, 0, done=True))
        return Sent(node, day, b"".join(line + b"\n" for line in truths), tuple(manifest))


_workers: list[_Worker] = []


def _begin(work: Work, progress: "SimpleQueue[Progress]") -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _workers.append(_Worker(work, progress))


def _end_with_parent() -> None:
    """A node process without its scenario has nobody to work for."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _nothing() -> None:
    """Make a process begin."""


def _push_day(nodes: list[str], day: date, registry: bool) -> list[Sent]:
    return _workers[0].push(nodes, day, registry)
