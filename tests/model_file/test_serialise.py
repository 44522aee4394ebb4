"""What a model file holds comes back to the last bit: members, calibration, labels, rules and settings."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tests.model_file.test_store import history

import churnpredict as cp
from churnpredict.model.calibration import make_calibration
from churnpredict.model_file import schema
from churnpredict.model_file import serialise as freezing


def through_bytes(model: cp.ChurnClassifier) -> cp.ChurnClassifier:
    """Frozen, written as JSON, read and thawed."""
    columns, classifier, numbers, texts = freezing.freeze_model(model)
    parts = [schema.read_json(type(part), schema.write_json(part), "part") for part in (columns, classifier, numbers)]
    return freezing.thaw_model(*parts, texts)  # type: ignore[arg-type]


@pytest.mark.parametrize("members", [("trees",), ("linear",), ("purchases",), "auto"])
@pytest.mark.parametrize("calibration", ["affine", "isotonic", "identity"])
def test_every_member_comes_back_to_the_last_bit(members: object, calibration: str) -> None:
    X, y = history()
    settings = {"n_estimators": 15, "n_seeds": 1, "n_jobs": 1, "half_life": pd.Timedelta("400D"), "monotone": {"habit": 1}}
    if members != ("trees",):
        settings |= {"monotone": None}
    model = cp.ChurnClassifier(horizon="60d", members=members, calibration=calibration, **settings).fit(X, y)
    model.calibration_.shift(0.125)
    again = through_bytes(model)
    assert [m.name for m in again.members_] == [m.name for m in model.members_]
    assert again.get_params() == model.get_params()
    assert again.training_record_ == model.training_record_
    for asked in (X, X.iloc[::-7], X.assign(contract__plan=X["contract__plan"].where(X.index > 9, "never seen"))):
        assert np.array_equal(again.decision_function(asked), model.decision_function(asked))
    A = model.encode(X)
    for one, other in zip(again.members_, model.members_, strict=True):
        assert vars(one).keys() == vars(other).keys()
        for mine, theirs in zip(one.contributions(A), other.contributions(A), strict=True):
            assert np.array_equal(mine, theirs)


def test_isotonic_steps_with_ties_come_back() -> None:
    rng = np.random.default_rng(0)
    margin = rng.normal(size=3000).round(2)
    steps = make_calibration("isotonic").fit(margin, rng.random(3000) < 1 / (1 + np.exp(-margin)))
    part = freezing.freeze_calibration(steps)
    again = freezing.thaw_calibration(schema.read_json(schema.Isotonic, schema.write_json(part), "part"))
    asked = np.linspace(-9, 9, 20_001)
    assert np.array_equal(again.transform(asked), steps.transform(asked))


@pytest.mark.parametrize("labels", [["stay", "left"], [0.0, 1.0], [False, True], [3, 8]])
def test_labels_keep_their_type(labels: list[object]) -> None:
    X, y = history(200)
    model = cp.ChurnClassifier(members=("linear",), n_jobs=1, positive=labels[1]).fit(X, np.array(labels)[y])
    again = through_bytes(model)
    assert again.classes_.dtype == model.classes_.dtype
    assert again.predict(X).tolist() == model.predict(X).tolist()


RULES = [
    cp.Inactivity("90d", of="orders", active_within="ever", gap="7d"),
    cp.Cancellation("90d", of="gone", involuntary=["payment", "death"], back="orders"),
    cp.SubscriptionEnd("90d", of="subs", grace="14d"),
    cp.rules.TrialEnd("30d", of="subs", kinds=("trial", "demo")),
    cp.rules.DownSell("90d", of="prices", value="price", drop=0.25),
    cp.rules.WinBack("60d", of="orders", silent_for="180d"),
]


@pytest.mark.parametrize("churn", RULES, ids=lambda rule: type(rule).__name__)
def test_every_rule_comes_back(churn: cp.Inactivity) -> None:
    assert freezing.thaw_rule(schema.read_json(schema.Rule, schema.write_json(freezing.freeze_rule(churn)), "rule")) == churn


def test_every_rule_there_is_was_tried() -> None:
    from churnpredict.churn import rules

    assert {type(rule).__name__ for rule in RULES} == {rule.__name__ for rule in rules.rules_by_name().values()}


def test_settings_of_every_kind_come_back() -> None:
    value = {"a": (1, 2.5, None), "b": [True, "x", {"time": 1}], "c": pd.Timestamp("2024-01-01 05:00:00.000001"), "d": pd.Timedelta("36h")}
    again = freezing.given_value(json.loads(json.dumps(freezing.plain_value(value, "it"))))
    assert again == value
    assert type(again["a"]) is tuple
