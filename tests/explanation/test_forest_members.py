"""Trees of other libraries as members: what they sum to is checked against the model's own risks."""

import numpy as np
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from tests.explanation.readers.matrices import A, Y

import churnpredict as cp
from churnpredict.errors import ChurnError, ModelError
from churnpredict.explanation.forest_members import ForestMember


def test_a_pipeline_explains_another_learner_and_says_why_it_is_not_saved(tables, churn, tmp_path):
    learner = HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype")
    pipeline = cp.ChurnPipeline(churn, classifier=learner).fit(tables, until="2023-12-01")
    scores = pipeline.score(tables, at="2024-01-01")
    assert scores["reason_1"].notna().any()
    with pytest.raises(ChurnError, match="not-storable"):
        pipeline.save(tmp_path / "churn.model")


def test_trees_that_do_not_give_the_prediction_are_noticed(monkeypatch):
    model = RandomForestClassifier(3, random_state=0).fit(A, Y)
    monkeypatch.setattr(ForestMember, "margin", lambda self, rows: np.full(len(rows), 0.3))
    with pytest.raises(ModelError, match="not-additive"):
        cp.explain(model, A)
