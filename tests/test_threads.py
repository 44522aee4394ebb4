"""Threads of a call: what is asked for, else what the work and the machine allow."""

from __future__ import annotations

import os

import pytest

from churnpredict.errors import UsageError
from churnpredict.threads import asking, each_in_threads, one_blas_thread, processors, thread_count, was_forked


def test_threads_follow_the_work_unless_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    here = processors()
    assert thread_count(None) == here
    assert thread_count(None, pieces=0.3) == 1
    assert thread_count(-1) == here
    assert thread_count(-here - 5) == 1
    assert thread_count(10_000) == os.cpu_count()
    with asking(1):
        assert thread_count(None) == 1
        assert thread_count(-1) == here, "what the call says comes first"
    assert thread_count(None) == here
    assert not was_forked()


def test_the_environment_limits_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1,2")
    assert processors() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert processors() >= 1


@pytest.mark.parametrize("wrong", [1.5, True, "2"])
def test_a_number_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="bad-jobs"):
        thread_count(wrong)
    with asking(wrong), pytest.raises(UsageError, match="bad-jobs"):
        thread_count(None)


def test_linear_algebra_keeps_to_one_thread_and_has_its_own_again() -> None:
    import numpy  # noqa: F401 - its linear algebra is loaded with it
    from threadpoolctl import threadpool_info, threadpool_limits

    def pools() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = pools()
        with one_blas_thread():
            assert set(pools()) <= {1}
        assert pools() == before


@pytest.mark.parametrize("threads", [0, 1, 3, 50])
def test_every_piece_is_done_once_and_an_error_is_raised(threads: int) -> None:
    done: list[int] = []
    each_in_threads(done.append, range(20), threads)
    assert sorted(done) == list(range(20))
    with pytest.raises(ZeroDivisionError):
        each_in_threads(lambda n: 1 // n, [1, 0, 2], threads)
