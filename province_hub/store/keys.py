"""Keys for new rows, taken from the store in blocks so that several writers never meet."""

from sqlalchemy import Engine, insert, select, update

from province_hub.store.engine import for_writing
from province_hub.store.tables import COUNTER

_BLOCK = 10_000
_NAME = "key"


class Keys:
    """Hands out ever larger integers; what is left of a block when the hub stops remains a gap."""

    def __init__(self, engine: Engine) -> None:
        self._engine = for_writing(engine)
        self._next = 0
        self._end = 0

    def reserve(self, count: int) -> None:
        """Make sure that `count` keys can be taken without touching the store.

        Call it outside a transaction: the block is taken in one of its own.
        """
        if self._end - self._next >= count:
            return
        size = max(_BLOCK, count)
        with self._engine.begin() as connection:
            mine = COUNTER.c.name == _NAME
            first = connection.execute(select(COUNTER.c.next_key).where(mine).with_for_update()).scalar()
            if first is None:
                first = 1
                connection.execute(insert(COUNTER).values(name=_NAME, next_key=first + size))
            else:
                connection.execute(update(COUNTER).where(mine).values(next_key=first + size))
        self._next, self._end = first, first + size

    def take(self) -> int:
        """The next key. Raises LookupError where `reserve` did not provide for it."""
        if self._next == self._end:
            raise LookupError("no key is left of the reserved block; reserve enough before the transaction begins")
        self._next += 1
        return self._next - 1
