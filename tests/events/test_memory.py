"""Sizes of memory: read as they are written, and never more than the process may use."""

from __future__ import annotations

import pytest

from churnpredict.errors import UsageError
from churnpredict.events.memory import memory_limit, size


def test_a_size_is_read_as_it_is_written() -> None:
    assert size("1MiB") == 1 << 20
    assert size("1 MB") == size("1000kB") == 10**6
    assert size(1 << 20) == 1 << 20
    assert size(None) == memory_limit() // 2


@pytest.mark.parametrize("wrong", ["much", "-1GiB", "1", 0, 1.5, True, "100000TiB"], ids=str)
def test_what_is_no_size_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="bad-size"):
        size(wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="bad-size"):
        size("1MiB", least=1 << 21)
