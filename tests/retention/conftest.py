"""Scores of customers who never were, as a pipeline would give them."""

import numpy as np
import pandas as pd
import pytest

HOSTILE = '</td><script>alert("x")</script><img src=x onerror=alert(1)>'


def made_scores(rng, n=400):
    drivers = np.array(["support", "price", "habit", "lifecycle", "quality"], dtype=object)
    risk = rng.beta(2, 6, n)
    first, second = drivers[rng.integers(0, 5, n)], drivers[rng.integers(0, 5, n)]
    second[second == first] = None
    value = rng.gamma(2, 150, n).round(2)
    return pd.DataFrame(
        {
            "customer_id": [f"K{i:04d}" for i in rng.permutation(n)],
            "cutoff": pd.Timestamp("2024-09-01"),
            "risk": risk,
            "percentile": pd.Series(risk).rank(pct=True) * 100,
            "band": np.select([risk > 0.4, risk < 0.1], ["high", "low"], "medium"),
            "value": value,
            "money_at_risk": risk * value,
            "reason_1": first,
            "reason_2": second,
            "reason_1_points": rng.uniform(0.05, 0.2, n),
            "reason_2_points": np.where(pd.isna(second), np.nan, rng.uniform(0.01, 0.05, n)),
            "words": [f"Support: {i} tickets are open." for i in range(n)],
            "model_id": "f00d",
        }
    )


@pytest.fixture
def scores(rng):
    return made_scores(rng)
