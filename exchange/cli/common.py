"""What commands share: failures that a user can mend, the console, the languages."""

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


class Failure(Exception):  # noqa: N818  # it is said to the user as one sentence
    """Something that the user can mend; printed as one sentence, exit code 2."""


class Language(StrEnum):
    """The language of results."""

    en = "en"
    zh = "zh"


@contextlib.contextmanager
def failures(*kinds: type[Exception]) -> Iterator[None]:
    """Turn exceptions that say what is wrong and how to mend it into failures."""
    try:
        yield
    except kinds as error:
        raise Failure(str(error)) from error


def console() -> "Console":
    """The terminal; wide enough for a table of the bulletin where output goes to a file."""
    from rich.console import Console

    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=120)


def arrival(day: str | None) -> str:
    """The instant at which something arrives: now, or late on a day `2016-03-01`. Raises Failure."""
    from datetime import date

    from exchange.clock import SystemClock

    if day is None:
        return SystemClock().now().isoformat(timespec="seconds")
    try:
        return f"{date.fromisoformat(day)}T23:59:59+08:00"
    except ValueError as error:
        raise Failure(f"--day {day}: expected a day such as 2016-03-01") from error
