"""Progress of a scenario in the terminal: days, records a second, and what each city is doing."""

import time
from collections import defaultdict
from collections.abc import Iterator

from rich.cells import set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from exchange.scenario.file import ScenarioError
from exchange.scenario.run import Acknowledged, DayBegan, DayEnded, Event, Published, Run, Started


class _Display:
    """What is on the screen while a scenario runs."""

    def __init__(self, run: Run) -> None:
        self._region = run.scenario.region
        self._days = Progress(
            TextColumn("[bold]{task.description}"), BarColumn(None), MofNCompleteColumn(), TimeElapsedColumn()
        )
        self._day = self._days.add_task("days 天", total=None)
        self._records = self._days.add_task("entries 条", total=None)
        self._by_city: defaultdict[str, int] = defaultdict(int)
        self._busy: dict[str, set[str]] = defaultdict(set)
        self._headline = ""
        self._began = time.monotonic()
        self.entries = 0

    def take(self, event: Event) -> None:
        """Show an event."""
        match event:
            case Started():
                self._headline = f"hub 省平台 {event.hub}"
                self._days.update(self._day, total=event.days + 1)
                self._days.update(self._records, total=event.total + 2 * event.registry)
            case DayBegan():
                what = "registry 健康档案" if event.registry else f"{len(event.nodes)} nodes upload 家上传"
                self._days.update(self._day, description=f"{event.day} {what}")
                self._busy = defaultdict(set)
                for code in event.nodes:
                    self._busy[self._row(code)].add(code)
            case Acknowledged():
                self.entries += event.entries
                self._by_city[self._row(event.node)] += event.entries
                self._days.update(self._records, completed=self.entries)
                if event.done:
                    self._busy[self._row(event.node)].discard(event.node)
            case DayEnded():
                self._days.advance(self._day)
            case Published():
                self._days.update(self._records, total=self.entries)

    def _row(self, code: str) -> str:
        node = self._region.node(code)
        return "hospitals" if node.kind == "hospital" else node.city

    @property
    def seconds(self) -> float:
        """Since the display began."""
        return time.monotonic() - self._began

    def __rich__(self) -> Group:
        cities = Table.grid(padding=(0, 3))
        names = [(city.code, f"{city.name_zh} {city.name_en}") for city in self._region.cities]
        cells = []
        for code, name in [*names, ("hospitals", "省属医院 hospitals")]:
            busy = len(self._busy.get(code, ()))
            state = f"↑ {busy:>2}" if busy else "   ·"
            style = "" if busy else "dim"
            cells.append(Text(f"{set_cell_size(name, 22)} {self._by_city[code]:>9,} {state}", style=style))
        for start in range(0, len(cells), 2):
            cities.add_row(*cells[start : start + 2])
        rate = self.entries / self.seconds if self.seconds else 0.0
        headline = Text(f"{self._headline}   {rate:,.0f} entries/s 条/秒", style="cyan")
        return Group(headline, self._days, cities)


def show_progress(screen: Console, run: Run, events: Iterator[Event]) -> Published:
    """Follow a run on the screen to its end. Raises what the run raises."""
    display = _Display(run)
    published: Published | None = None
    with Live(display, console=screen, refresh_per_second=5, transient=True):
        for event in events:
            display.take(event)
            if isinstance(event, Published):
                published = event
    if published is None:
        raise ScenarioError("the run ended without a bulletin")
    rate = display.entries / display.seconds
    screen.print(
        f"{display.entries:,} entries pushed and acknowledged in {display.seconds:.1f} s ({rate:,.0f} a second). "
        f"已上传并确认{display.entries:,}条。"
    )
    return published
