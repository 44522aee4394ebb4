"""Law 19: after a fork, scoring, explaining, loading and training end, and say the same."""

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


@needs_fork
@pytest.mark.parametrize(
    ("what", "when"),
    [(what, "before") for what in ("predict", "explain", "fit", "set_params", "booster", "score", "new tables", "load")]
    + [("fit", "after"), ("load", "after")],
)
def test_a_fork_answers_as_its_parent_does(what, when):
    done = subprocess.run([sys.executable, SCRIPT, what, when, "fork"], capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout.strip() == "same", done.stderr


@needs_fork
@pytest.mark.parametrize("what", ["predict", "load"])
def test_a_pool_of_workers_answers_as_a_preloading_server_does(what):
    done = subprocess.run([sys.executable, SCRIPT, what, "before", "pool"], capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout.strip() == "same", done.stderr


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
