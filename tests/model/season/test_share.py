"""The share of the offset that earlier periods bear out."""

import numpy as np
import pytest

from churnpredict.model.calibration import sigmoid
from churnpredict.model.season.share import Trial, choose_share


def _trial(rng, offset, true, level=0.0, n=400):
    z = rng.normal(0, 1, n)
    y = (rng.random(n) < sigmoid(z + true * offset + level)).astype(float)
    return Trial(z, np.full(n, offset), y, 0.5)


def test_borne_out_offsets_are_used_and_refuted_ones_are_not():
    rng = np.random.default_rng(0)
    offsets = rng.normal(0, 0.8, 8)
    assert choose_share([_trial(rng, o, 1.0) for o in offsets]) > 0.7
    assert choose_share([_trial(rng, o, -0.5) for o in offsets]) < 0.1


def test_half_borne_out_is_half_used():
    rng = np.random.default_rng(1)
    offsets = rng.normal(0, 1.2, 24)
    assert choose_share([_trial(rng, o, 0.5, n=1000) for o in offsets]) == pytest.approx(0.5, abs=0.2)


def test_one_period_alone_cannot_prove_much():
    rng = np.random.default_rng(2)
    assert choose_share([_trial(rng, 0.15, 1.0, level=0.0)]) < 0.5


def test_no_trials_no_share():
    assert choose_share([]) == 0.0
