"""What the routes share: the store, the writer, the clock, the register of nodes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from fastapi import Request
from sqlalchemy import Engine

from exchange.clock import Clock
from province_hub.intake.door import TurnedAway, check_media_type, check_size
from province_hub.intake.receipt import Receipt
from province_hub.intake.submission import Sender, Submission
from province_hub.intake.writer import Busy, Intake, Writer
from province_hub.settings import Settings
from province_hub.store.nodes import RegisteredNode


@dataclass(slots=True)
class Hub:
    """One running hub."""

    settings: Settings
    engine: Engine
    clock: Clock
    nodes: dict[str, RegisteredNode]
    intake: Intake
    writer: Writer = field(init=False)
    ready: bool = False

    def __post_init__(self) -> None:
        self.writer = Writer(self.intake)

    def arrived_at(self) -> str:
        """The present instant as FHIR writes it."""
        return self.clock.now().isoformat(timespec="seconds")

    def sender(self, request: Request) -> Sender:
        """The node that a request comes from. Raises TurnedAway (403) for none or an unknown one."""
        code = request.headers.get("X-Node", "")
        node = self.nodes.get(code)
        if node is None:
            raise TurnedAway(
                403,
                "forbidden",
                f"X-Node: found {code!r}, expected the code of a registered node, such as 320481; "
                "`exchange nodes` and /api/nodes list them.",
            )
        today = date.fromisoformat(self.arrived_at()[:10])
        if not node.is_valid_on(today):
            raise TurnedAway(
                403,
                "forbidden",
                f"X-Node: {code} {node.name_zh} is registered from {node.valid_from} to {node.valid_to or 'now'}, "
                f"and the hub's day is {today}.",
            )
        return Sender(node.code, node.dialect)

    async def body(self, request: Request) -> bytes:
        """The body of a FHIR request. Raises TurnedAway for a wrong media type (415) or one over the limit (413)."""
        check_media_type(request.headers.get("Content-Type"))
        return await self.content(request)

    async def content(self, request: Request) -> bytes:
        """The body of any request. Raises TurnedAway for one over the limit (413)."""
        announced = request.headers.get("Content-Length", "")
        limit = self.settings.body_limit
        check_size(int(announced) if announced.isdecimal() else 0, limit)
        parts = bytearray()
        async for part in request.stream():
            parts += part
            check_size(len(parts), limit)
        return bytes(parts)

    async def take_in(self, opener: Callable[[], Submission]) -> Receipt:
        """Have a submission taken in and wait until it is durable. Raises TurnedAway (503) when too many wait."""
        try:
            return await asyncio.wrap_future(self.writer.submit(opener))
        except Busy as busy:
            raise TurnedAway(
                503, "throttled", "The hub has more submissions waiting than it takes; try again."
            ) from busy
