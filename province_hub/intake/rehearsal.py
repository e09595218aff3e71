"""Judging without storing: the one way, as far as commit."""

from itertools import count

from exchange.fhir import resource_type_of
from province_hub.intake.door import open_bundle, open_resource
from province_hub.intake.receipt import Receipt
from province_hub.intake.submission import Sender
from province_hub.intake.way import Way
from province_hub.store.engine import in_memory, open_store


class Rehearsal:
    """Walks what a node would send. With a store, references and earlier records are looked up in it.

    Raises StoreError where the store cannot be opened.
    """

    def __init__(self, sender: Sender, store: str | None, arrived_at: str) -> None:
        self._sender = sender
        self._arrived_at = arrived_at
        self._look_outside = store is not None
        self._engine = in_memory() if store is None else open_store(store, must_exist=True)
        self._way = Way()

    def receipt(self, content: bytes) -> Receipt:
        """What would become of a Bundle, or of a single resource. Raises TurnedAway for what is neither."""
        resource_type = resource_type_of(content)
        if resource_type in (None, "Bundle"):
            submission = open_bundle(content, self._sender, self._arrived_at)
        else:
            submission = open_resource(content, self._sender, self._arrived_at, method="POST", url=resource_type or "")
        with self._engine.connect() as connection:
            return self._way.rehearse(submission, connection, count(1).__next__, look_outside=self._look_outside)
