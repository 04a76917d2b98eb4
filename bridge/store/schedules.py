"""Up to when each schedule's runs are entered: what several runners and hosts agree on by one row."""

from datetime import datetime

from sqlalchemy import Connection, select

from triglot.store.tables import schedules


def reached(connection: Connection, name: str) -> datetime | None:
    """Return up to when a schedule's runs are entered; None for one that nobody has seen."""
    text = connection.execute(select(schedules.c.due).where(schedules.c.name == name)).scalar_one_or_none()
    return None if text is None else datetime.fromisoformat(text)


def begin(connection: Connection, name: str, now: str) -> None:
    """Note that nothing of a schedule is entered before now, unless there is a note already."""
    if reached(connection, name) is None:
        connection.execute(schedules.insert().values(name=name, due=now))


def reach(connection: Connection, name: str, due: str) -> bool:
    """Note that a schedule is entered up to a due time; False where this time or a later one is noted already."""
    later = schedules.update().where(schedules.c.name == name, schedules.c.due < due)
    return connection.execute(later.values(due=due)).rowcount == 1
