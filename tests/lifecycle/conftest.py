"""Champions and a promotion, trained once for all tests of the lifecycle."""

from __future__ import annotations

import pytest
from tests.lifecycle.champions import UNTIL, Frames, fooled, learnt
from tests.monitoring.test_drift import declared, steady_log

import churnpredict as cp
from churnpredict.lifecycle import retraining
from churnpredict.pipeline.churn_pipeline import ChurnPipeline


@pytest.fixture(scope="session")
def frames() -> Frames:
    log = steady_log()
    calls = log.iloc[::4][["who"]].assign(at=log["paid_at"].iloc[::4])
    return log, calls.assign(known=calls["at"])


@pytest.fixture(scope="session")
def tables(frames: Frames) -> cp.EventTables:
    return declared(*frames)


@pytest.fixture(scope="session")
def champion(tables: cp.EventTables) -> ChurnPipeline:
    return learnt(tables)


@pytest.fixture(scope="session")
def peer(tables: cp.EventTables) -> ChurnPipeline:
    """A champion that has seen enough: a challenger cannot be told from it."""
    return learnt(tables, "2023-10-15")


@pytest.fixture(scope="session")
def promoted(tables: cp.EventTables) -> retraining.Retraining:
    return cp.retrain(fooled(tables), tables, UNTIL)
