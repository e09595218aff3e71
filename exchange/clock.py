"""Time, injected everywhere: nothing in this project reads the machine's clock but `SystemClock`."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

CHINA: timezone = timezone(timedelta(hours=8), "+08:00")
"""The one time zone of the exchange: a day begins at midnight of UTC+8 (GB/T 7408; China has no summer time)."""


class Clock(Protocol):
    """Tells the time in the exchange's own zone."""

    def now(self) -> datetime:
        """The current instant, with the offset +08:00."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The current instant, with the offset +08:00."""
        return datetime.now(UTC).astimezone(CHINA)


class SimulatedClock:
    """A clock that stands still until it is set."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(CHINA)

    def now(self) -> datetime:
        """The instant that the clock was last set to."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Move the clock; it never goes back, because what has arrived has arrived.

        Raises ValueError for an instant before the present one.
        """
        instant = instant.astimezone(CHINA)
        if instant < self._now:
            raise ValueError(
                f"the simulated clock stands at {self._now.isoformat()} "
                f"and was asked to go back to {instant.isoformat()}"
            )
        self._now = instant


def day_of(instant: str) -> date | None:
    """The day in the exchange's zone on which a FHIR dateTime falls.

    `instant` is a FHIR date, dateTime or instant (R4 2.24.0.1); a date alone is that day. None where the
    value names no single day (`2016-03`) or does not exist.
    """
    try:
        if len(instant) == 10 or instant.endswith("+08:00"):
            return date.fromisoformat(instant[:10])
        return datetime.fromisoformat(instant).astimezone(CHINA).date() if "T" in instant else None
    except ValueError:
        return None
