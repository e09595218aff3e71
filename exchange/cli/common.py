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
