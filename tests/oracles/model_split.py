"""Slow oracle of purging: every pair of a training and a test row, looked at in the calendar."""

import pandas as pd

__all__ = ["reaching_into"]


def reaching_into(train_cutoffs, test_cutoffs, *, horizon, gap):
    """Pairs whose training label window ends after the test cutoff."""
    window = pd.Timedelta(horizon.upper()) + pd.Timedelta(gap.upper())
    return [(a, b) for a in set(train_cutoffs) for b in set(test_cutoffs) if pd.Timestamp(a) + window > pd.Timestamp(b)]
