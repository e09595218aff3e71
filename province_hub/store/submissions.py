"""What was submitted, and when."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from province_hub.store.tables import SUBMISSION


def last_arrival(connection: Connection) -> datetime | None:
    """The latest instant at which anything arrived; None in a new store."""
    found = connection.execute(select(func.max(SUBMISSION.c.arrived_at))).scalar()
    return datetime.fromisoformat(found) if found else None
