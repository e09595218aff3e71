"""What an operator sets when starting a hub; every setting is declared here once."""

from dataclasses import dataclass

from province_hub.intake.door import DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class Settings:
    """A hub's settings.

    `simulated_clock` lets a scenario set the hub's day by a control call; it is meant for loopback only.
    `body_limit` is the largest request body in bytes.
    """

    region: str = "jiangsu-2016"
    simulated_clock: bool = False
    body_limit: int = DEFAULT_LIMIT
    version: str = "0.1.0"
