"""Connections to DuckDB, which reads files: opening one costs as much as reading half a million rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["connect", "one_connection", "shared_connection"]

_SHARED: ContextVar[Any] = ContextVar("shared_connection", default=None)  # of this thread: a connection serves one at a time


def connect() -> Any:
    """Return a new connection."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    return connection


def shared_connection() -> Any:
    """Return the connection that is shared at the moment, or None."""
    return _SHARED.get()


@contextmanager
def one_connection() -> Iterator[None]:
    """Let all files that are read within share a connection; also a decorator.

    It is closed at the end, and not kept for the process: DuckDB's threads do not live on in a forked one.
    """
    if shared_connection() is not None:
        yield
        return
    with connect() as connection:
        token = _SHARED.set(connection)
        try:
            yield
        finally:
            _SHARED.reset(token)
