"""Blocks of work in threads: each runs once, the first alone."""

from __future__ import annotations

import threading

import pytest

from churnpredict.errors import UsageError
from churnpredict.features.threads import in_threads, thread_number
from churnpredict.threads import processors


@pytest.mark.parametrize("n_jobs", [1, 3, -1])
@pytest.mark.parametrize("n", [0, 1, 7])
def test_each_block_runs_once_and_the_first_one_alone(n: int, n_jobs: int) -> None:
    done: list[int] = []
    others: list[int] = []

    def work(block: int) -> None:
        if block == 0:
            others.append(len(done))
            assert threading.current_thread() is threading.main_thread()
        done.append(block)

    in_threads(work, range(n), n_jobs)
    assert sorted(done) == list(range(n))
    assert others == [0] * min(n, 1)


def test_an_error_in_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda block: print(1 // (block - 3)), range(5), 2)


def test_a_number_of_threads_is_a_number() -> None:
    assert thread_number(4) == 4
    assert thread_number(-1) == processors()
    for wrong in (0, -2, 1.5, True, "2"):
        with pytest.raises(UsageError, match="bad-jobs"):
            thread_number(wrong)  # type: ignore[arg-type]
