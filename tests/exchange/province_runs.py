"""What the tests of scenarios and commands share: running `exchange`, runs and their folders, hubs, stores."""

import contextlib
import csv
import gc
import io
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from exchange.cli import main

EXCHANGE = (sys.executable, "-m", "exchange.cli")
PERIOD = ("--from", "2016-03-01", "--to", "2016-04-30")
FILES = ("bulletin_cities.csv", "bulletin_hospitals.csv", "bulletin.html", "bulletin.xlsx", "truth.ndjson", "sent.csv")
"""What a run writes beside the store; the same for the same scenario, scale and seed, byte for byte."""


@dataclass(frozen=True)
class Run:
    """A scenario that ran to its end, with what it printed."""

    folder: Path
    scale: float
    seed: int
    output: str

    @property
    def store(self) -> Path:
        return self.folder / "hub.sqlite"

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def truths(self) -> list[dict[str, Any]]:
        with (self.folder / "truth.ndjson").open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def file_bytes(self) -> dict[str, bytes]:
        return {name: (self.folder / name).read_bytes() for name in FILES}


@dataclass(frozen=True)
class Hub:
    """A hub that runs as a process of its own."""

    url: str
    process: subprocess.Popen[str]
    store: Path

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


def exchange(
    *arguments: object, given: bytes | None = None, folder: Path | None = None, seconds: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output is text, `given` its input."""
    command = [*EXCHANGE, *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, cwd=folder, timeout=seconds, check=False)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def exchange_here(
    *arguments: object, given: bytes = b"", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The same within this process, which has everything loaded: for commands whose process is not the matter."""
    command = ["exchange", *map(str, arguments)]
    output, errors = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    code: str | int | None = 0
    with (
        contextlib.chdir(folder or "."),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8")),
        patch.object(sys, "argv", command),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    with warnings.catch_warnings():
        # A command leaves its connections to the end of its process.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    said, complained = (each.buffer.getvalue().decode() for each in (output, errors))  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(command, int(code or 0), said, complained)


def simulate(folder: Path, scenario: str | Path, scale: float, seed: int, *options: object) -> Run:
    """Run a scenario into a folder; it must end well."""
    done = exchange("simulate", scenario, "--scale", scale, "--seed", seed, "--out", folder, *options, seconds=3600)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return Run(folder, scale, seed, done.stdout)


@contextmanager
def serving(store: Path, *options: str) -> Iterator[Hub]:
    """A hub on a free port, ended whatever happens."""
    command = [*EXCHANGE, "hub", "--port", "0", "--store", str(store), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("hub ready at http://"), line + process.stderr.read()
        yield Hub(line.removeprefix("hub ready at ").strip(), process, store)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()


def sentence(done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """What a refusal said: it must be one line on the error output, begin with `exchange: `, and no more."""
    lines = done.stderr.strip().splitlines()
    last = "\n".join(lines[-3:])
    assert "Traceback (most recent call last):" not in lines, last
    assert done.returncode == code, f"exit {done.returncode}: {last}"
    assert len(lines) == 1, last
    assert lines[0].startswith("exchange: "), last
    return lines[0].removeprefix("exchange: ")


def in_a_terminal(columns: int, *arguments: str) -> str:
    """What a command prints in a terminal of so many columns, without its colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "40", "TERM": "xterm"}
    with subprocess.Popen([*EXCHANGE, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 65536):
                shown += block
        except OSError:  # Linux says so when the other end is gone
            pass
        finally:
            os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")


def query(store: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a store."""
    with closing(sqlite3.connect(store, timeout=30)) as connection:
        return connection.execute(sql, values).fetchall()


def copy_store(source: Path, target: Path) -> Path:
    """A copy of a store, with what its write-ahead log holds."""
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
    return target


def assert_store_is_whole(store: Path) -> None:
    """Every count of a store equals a recount of what it holds."""
    assert query(store, "PRAGMA integrity_check") == [("ok",)]
    day = "SELECT node, arrival_day, sum(new), sum(updated), sum(repeated), sum(refused) FROM {} GROUP BY 1, 2"
    assert query(store, day.format("ledger")) == query(store, day.format("submission"))
    _assert_sums_agree(
        store,
        "SELECT node, resource_type, data_set, event_day, sum(held), sum(usable) FROM ledger GROUP BY 1, 2, 3, 4",
        "SELECT node, resource_type, data_set, event_day, count(*), sum(usable) FROM record GROUP BY 1, 2, 3, 4",
    )
    _assert_sums_agree(
        store,
        "SELECT node, resource_type, sum(new) FROM ledger GROUP BY 1, 2",
        "SELECT node, resource_type, count(*) FROM record GROUP BY 1, 2",
    )
    _assert_sums_agree(
        store,
        "SELECT node, sum(refused) FROM ledger GROUP BY 1",
        "SELECT node, sum(entries) FROM quarantine GROUP BY 1",
    )
    _assert_receipts_agree(store)


def _assert_sums_agree(store: Path, counted: str, recounted: str) -> None:
    def sums(sql: str) -> dict[tuple[Any, ...], tuple[int, ...]]:
        found = {}
        for row in query(store, sql):
            key = tuple(value for value in row if isinstance(value, str))
            numbers = row[len(key) :]
            if any(numbers):
                found[key] = numbers
        return found

    assert sums(counted) == sums(recounted)


def _assert_receipts_agree(store: Path) -> None:
    columns = ("submitted", "new", "updated", "repeated", "refused", "usable")
    findings = dict(query(store, "SELECT submission, count(*) FROM finding GROUP BY 1"))
    for key, number, receipt, *counts in query(
        store, f"SELECT key, number, receipt, {', '.join(columns)} FROM submission"
    ):
        said = json.loads(zlib.decompress(receipt))
        assert [said[name] for name in columns] == counts, number
        assert said["submitted"] == said["new"] + said["updated"] + said["repeated"] + said["refused"], number
        outcomes = Counter(entry["outcome"] for entry in said["entries"])
        assert outcomes == {name: said[name] for name in columns[1:5] if said[name]}, number
        assert sum(len(entry.get("findings", ())) for entry in said["entries"]) == findings.get(key, 0), number


def offspring(pid: int) -> dict[int, str]:
    """The processes that a process started, and those that they started, by id."""
    parents = {child: (parent, command) for child, _, parent, command in _processes()}
    found: dict[int, str] = {}
    for child, (_, command) in parents.items():
        ancestor = child
        while ancestor in parents and ancestor != pid:
            ancestor = parents[ancestor][0]
        if ancestor == pid and child != pid:
            found[child] = command
    return found


def still_there(pids: Mapping[int, str]) -> dict[int, str]:
    """Those of some processes that still run."""
    return {pid: command for pid, state, _, command in _processes() if pid in pids and state != "Z"}


def _processes() -> Iterator[tuple[int, str, int, str]]:
    """Id, state, parent and command of every process, in the columns that Linux and macOS both have."""
    table = subprocess.run(
        ["ps", "-axww", "-o", "pid=,stat=,ppid=,command="], capture_output=True, text=True, check=True
    ).stdout
    for line in table.splitlines():
        pid, state, parent, *command = line.split(None, 3)
        yield int(pid), state[0], int(parent), "".join(command)


class StoppedRun:
    """A long run that is to be stopped, with the processes that it had started by then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [*EXCHANGE, "simulate", "zhenjiang-2016", "--scale", "0.01", "--out", str(folder)]
        # Like a terminal, a session of its own: Ctrl-C reaches the whole foreground group.
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.children: dict[int, str] = {}

    def wait_until(self, condition: Callable[[], bool], seconds: float = 90) -> None:
        """Wait until something holds while the run goes on."""
        ends = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < ends, "the run did not come so far in time"
            time.sleep(0.02)
        self.children = offspring(self.process.pid)

    def acknowledged(self) -> int:
        """How many submissions are in the store."""
        store = self.folder / "hub.sqlite"
        if not store.exists() or not query(store, "SELECT 1 FROM sqlite_master WHERE name = 'submission'"):
            return 0
        return int(query(store, "SELECT count(*) FROM submission")[0][0])

    def end(self, seconds: float = 60) -> tuple[int, str, dict[int, str]]:
        """Wait for its end: exit code, what it said on the error output, and the processes left behind."""
        try:
            _, said = self.process.communicate(timeout=seconds)
            ends = time.monotonic() + 10
            while (left := still_there(self.children)) and time.monotonic() < ends:
                time.sleep(0.1)
        finally:
            self.clean_up()
        return self.process.returncode, said, left

    def clean_up(self) -> None:
        """End what still runs."""
        # The children first: they hold the pipes on which the end of the output is awaited.
        for pid in (*still_there(self.children), *offspring(self.process.pid), self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                if pid != self.process.pid or self.process.poll() is None:
                    os.kill(pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.communicate()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
