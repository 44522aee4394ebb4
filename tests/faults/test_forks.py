"""Law 19: after a fork, scoring, explaining, loading and training end, and say the same."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from tests.faults.forked import classifier, rows

from churnpredict import threads

SCRIPT = Path(__file__).with_name("forked.py")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


# How and when the parent forks, and what is asked, one after another in one process: a second process only where the first fork matters.
JOBS = [
    ("fork", "before", ("predict", "explain", "fit", "set_params", "booster", "score", "new tables", "load")),
    ("fork", "after", ("fit",)),
    ("fork", "after", ("load",)),
    ("pool", "before", ("predict", "load")),
]


@functools.cache
def told(*job):
    how, when, whats = job
    try:
        done = subprocess.run([sys.executable, SCRIPT, how, when, *whats], capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired as error:  # what was answered before the one that never ends
        return (error.stdout or b"").decode().splitlines(), "it does not end"
    return done.stdout.splitlines(), done.stderr


@needs_fork
@pytest.mark.parametrize(("job", "what"), [pytest.param(job, what, id="-".join([*job[:2], what])) for job in JOBS for what in job[2]])
def test_forks_answer_as_their_parent_does(job, what):
    """Of a parent that forks by hand, and of a pool as a server has it that loads first."""
    said, error = told(*job)
    assert f"{what}: same" in said, error


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_joblib_in_any_way_gives_the_same(backend):
    X, y = rows(600)
    model = classifier().fit(X, y)
    expected = model.predict_proba(X)
    for got in joblib.Parallel(2, backend=backend, timeout=120)(joblib.delayed(model.predict_proba)(X) for _ in range(3)):
        np.testing.assert_array_equal(got, expected)


@needs_fork
def test_a_fork_uses_one_thread_and_its_parent_as_many_as_asked():
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, f"{threads.was_forked()} {threads.thread_count(8)} {threads.thread_count(-1)}".encode())
        os._exit(0)
    os.wait()
    assert os.read(read, 100).decode() == "True 1 1"
    assert not threads.was_forked()
    assert threads.thread_count(2) == min(2, os.cpu_count() or 1)
