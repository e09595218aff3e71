"""Keys for new rows, taken from the store in blocks so that several writers never meet."""

from sqlalchemy import Engine, select, update

from province_hub.store.engine import for_writing
from province_hub.store.tables import COUNTER

_BLOCK = 10_000
_LONGEST = 18  # digits: what a 64-bit column holds for certain
_NAME = "key"
_BEGIN_COUNTING = "INSERT INTO counter (name, next_key) VALUES ('key', 1) ON CONFLICT (name) DO NOTHING"


def hub_id(key: int) -> str:
    """The id that the hub gives to a record.

    The letter keeps it apart from the plain numbers that county systems give: a county's `Patient/17` never means
    the hub's seventeenth record.
    """
    return f"r{key}"


def key_of(logical_id: str) -> int | None:
    """The key behind an id that the hub gave, or None for any other id."""
    return number_of(logical_id[1:]) if logical_id.startswith("r") else None


def number_of(digits: str) -> int | None:
    """A key as people write it, or None for what cannot be one."""
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST and not digits.startswith("0")
    return int(digits) if plain else None


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
            connection.exec_driver_sql(_BEGIN_COUNTING)
            first = connection.execute(select(COUNTER.c.next_key).where(mine).with_for_update()).scalar_one()
            connection.execute(update(COUNTER).where(mine).values(next_key=first + size))
        self._next, self._end = first, first + size

    def take(self) -> int:
        """The next key. Raises LookupError where `reserve` did not provide for it."""
        if self._next == self._end:
            raise LookupError("no key is left of the reserved block; reserve enough before the transaction begins")
        self._next += 1
        return self._next - 1
