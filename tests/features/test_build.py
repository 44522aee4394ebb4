"""Features in one process: neither threads nor blocks change a bit."""

import pytest
from tests.features.test_write import EVER, quiet
from tests.laws.checks import same_bits
from tests.laws.histories import make_history

from churnpredict import (
    build_features,
    take_snapshots,
)
from churnpredict.errors import UsageError
from churnpredict.features import build
from churnpredict.features.threads import in_threads


@quiet
def test_threads_do_not_matter(monkeypatch):
    monkeypatch.setattr(build, "BLOCK", 7)
    history = make_history(4, n_rows=200, n_customers=30)
    past = take_snapshots(history.tables(), EVER, at=["2024-05-01", "2024-06-01", "2024-07-01"])
    same_bits(build_features(history.tables(), past), build_features(history.tables(), past, n_jobs=4))
    same_bits(build_features(history.tables(), past), build_features(history.tables(), past, n_jobs=-1))
    with pytest.raises(UsageError, match="bad-jobs"):
        build_features(history.tables(), past, n_jobs=0)


def test_all_blocks_are_done_and_errors_come_through():
    done = []
    in_threads(done.append, range(20), 3)
    assert sorted(done) == list(range(20))
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda block: 1 // (block - 9), range(20), 3)
