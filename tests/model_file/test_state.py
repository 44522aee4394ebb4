"""The trained state: all that a model file holds of a pipeline, and a pipeline made from it scores the same."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.model_file.state import TrainedState


def test_a_pipeline_is_its_state(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    state = trained.state
    again = cp.ChurnPipeline.from_state(state)
    pd.testing.assert_frame_equal(again.score(tables, at="2023-12-01"), trained.score(tables, at="2023-12-01"), check_exact=True)
    assert again.model_id_ == state.model_id == trained.model_id_
    assert again.state == state


def test_a_state_cannot_be_changed(trained: cp.ChurnPipeline) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        trained.state.model_id = "another"  # type: ignore[misc]


def test_every_setting_of_a_pipeline_is_in_its_state(trained: cp.ChurnPipeline) -> None:
    names = {f.name for f in dataclasses.fields(TrainedState)}
    settings = {n for n in vars(trained) if not n.endswith("_")} - {"churn", "features"}
    assert settings == trained.state.settings.keys() - {"features"}
    assert {"churn", "features", "model", "cutoffs"} <= names
