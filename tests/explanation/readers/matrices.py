"""Rows that trees of all libraries are trained on: numbers with and without missing ones, categories, labels and weights."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ModelFileError
from churnpredict.model.calibration import sigmoid

RNG = np.random.default_rng(0)
A = RNG.normal(size=(400, 4))
A[:, 1] = RNG.integers(0, 4, 400)
M = A.copy()
M[RNG.random(A.shape) < 0.1] = np.nan
Y = (RNG.random(400) < sigmoid(2 * A[:, 0] * A[:, 1] / 3 + A[:, 2])).astype(int)
W = RNG.random(400) * 2
FRAME = pd.DataFrame(
    {"habit__a": M[:, 0], "price__c": pd.Categorical(np.array(list("xyzuvwst"))[RNG.integers(0, 8, 400)]), "value__b": M[:, 2]}
)
FRAME.loc[:20, "price__c"] = np.nan
Z = (RNG.random(400) < sigmoid(2 * FRAME["price__c"].isin(["x", "u"]) + M[:, 2] - 1)).astype(int)


def refused(model, code, match=""):
    with pytest.raises(ModelFileError, match=match) as told:
        cp.TreeShap(model)
    assert told.value.code == code
