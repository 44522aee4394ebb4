"""A process that is killed at any of its writes, for the tests of what it leaves on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from churnpredict import files

WRITES = ((os, "replace"), (os, "fsync"), (os, "unlink"), (os, "mkdir"), (os, "rmdir"), (files.tempfile, "mkstemp"))


class Killed(BaseException):
    """What a killed process does from then on: nothing."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], Any]], bool]:
    """Do some work that is killed at the n-th call that changes a file or a folder, counted from 1; return whether it came so far.

    Neither this call nor any later one has an effect.
    """
    left = [10**9]

    def guarded(write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **how: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                raise Killed
            return write(*given, **how)

        return call

    for home, name in WRITES:
        monkeypatch.setattr(home, name, guarded(getattr(home, name)))

    def run(n: int, work: Callable[[], Any]) -> bool:
        left[0] = n
        try:
            work()
        except Killed:
            return True
        finally:
            left[0] = 10**9
        return False

    return run
