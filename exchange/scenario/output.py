"""The folder of a run: the bulletin in every form, the truth, the manifest of what was sent, the store."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from exchange.bulletin import Bulletin
from exchange.bulletin.csv_file import render_csv
from exchange.bulletin.html_page import render_html
from exchange.bulletin.xlsx_file import render_xlsx
from exchange.regions import Printed
from exchange.scenario.file import ScenarioError
from exchange.scenario.workers import Sent

STORE = "hub.sqlite"
TRUTH = "truth.ndjson"


def choose_folder(wanted: Path | None, scenario: str) -> Path:
    """The folder for a run: the one asked for, which must be new or empty, or the first free one under `out/`.

    Raises ScenarioError for a folder that holds something: a run never overwrites another.
    """
    if wanted is not None:
        if wanted.exists() and (not wanted.is_dir() or any(wanted.iterdir())):
            raise ScenarioError(
                f"--out {wanted}: found something there, expected a new or empty folder; nothing was touched. "
                "Choose another folder, or remove this one."
            )
        _make(wanted)
        return wanted
    number = 1
    while True:
        folder = Path("out") / (scenario if number == 1 else f"{scenario}-{number}")
        if not folder.exists():
            _make(folder)
            return folder
        number += 1


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScenarioError(f"--out {folder}: cannot be made ({error.strerror}); choose another folder") from error


def clear_if_not_begun(folder: Path) -> None:
    """Empty the folder of a run that was refused before it began: all in it is from that try."""
    if folder.is_dir() and not (folder / TRUTH).exists():
        for path in folder.iterdir():
            path.unlink()


class Journal:
    """Writes truth.ndjson and sent.csv as the run goes on, in an order that does not depend on who was faster."""

    def __init__(self, folder: Path) -> None:
        with ExitStack() as stack:
            self._truth = stack.enter_context((folder / TRUTH).open("wb"))
            sent = stack.enter_context((folder / "sent.csv").open("w", encoding="utf-8", newline=""))
            self._sent = csv.writer(sent, lineterminator="\n")
            self._sent.writerow(("day", "node", "submission", "entries", "sha256"))
            self._files = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def enter(self, day: Iterable[Sent]) -> None:
        """Enter what all nodes sent on one day."""
        for sent in sorted(day, key=lambda each: each.node):
            self._truth.write(sent.truths)
            self._sent.writerows((sent.day, sent.node, *row) for row in sent.manifest)


def write_bulletin(
    folder: Path, cities: Bulletin, hospitals: Bulletin, printed: Printed, scale: float, seed: int
) -> None:
    """Write the hub's bulletin as CSV, HTML and XLSX."""
    (folder / "bulletin_cities.csv").write_bytes(render_csv(cities))
    (folder / "bulletin_hospitals.csv").write_bytes(render_csv(hospitals))
    titles = {"title_zh": printed.title_zh, "title_en": printed.title_en}
    page = render_html(cities, hospitals, **titles, printed=printed, scale=scale, seed=seed)
    (folder / "bulletin.html").write_bytes(page)
    (folder / "bulletin.xlsx").write_bytes(render_xlsx(cities, hospitals, **titles))
