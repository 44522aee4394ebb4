"""ChurnClassifier: what it learns, what it refuses, and that nothing depends on names, order or make of the frame."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from churnpredict.errors import ChurnWarning, ContentError, MismatchError, OutcomeError, SchemaError, TrainingError, UsageError
from churnpredict.evaluation.metrics import auc, scorers
from churnpredict.model.calibration import sigmoid
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.split import TemporalSplit


def quick(**parameters):
    return ChurnClassifier(**({"n_estimators": 30, "n_jobs": 1, "n_seeds": 1} | parameters))


@pytest.fixture
def fitted(snapshots):
    X, y = snapshots
    return quick(horizon="60d").fit(X, y)


def test_a_history_is_validated_on_later_cutoffs_and_calibrated(snapshots, fitted):
    X, y = snapshots
    p = fitted.predict_proba(X)
    assert fitted.validated_on_ == "time"
    assert auc(y, p[:, 1]) > 0.75
    assert abs(p[:, 1].mean() - y.mean()) < 0.02
    assert fitted.base_rate_ == pytest.approx(y.mean())
    assert list(fitted.classes_) == [0, 1]
    assert list(fitted.feature_names_in_) == list(X.columns)
    np.testing.assert_array_equal(fitted.predict(X), (p[:, 1] > 0.5).astype(int))


def check_additive(model, X):
    A = model.encode(X)
    total = np.zeros(len(A))
    for member in model.members_:
        phi, base = member.contributions(A)
        assert phi.shape == A.shape
        np.testing.assert_allclose(phi.sum(axis=1) + base, member.margin(A), atol=1e-9)
        total += member.weight * member.margin(A)
    calibrated = model.calibration_.slope * total + model.calibration_.intercept
    np.testing.assert_allclose(model.decision_function(X), calibrated, atol=1e-12)
    np.testing.assert_allclose(sigmoid(calibrated), model.predict_proba(X)[:, 1], atol=1e-12)


def test_every_member_is_a_sum_over_features(snapshots, fitted):
    check_additive(fitted, snapshots[0])
    assert {m.name for m in fitted.members_} == {"trees", "linear"}
    assert sum(m.weight for m in fitted.members_) == pytest.approx(1)


def test_the_additivity_check_catches_a_forgotten_base(snapshots, fitted):
    member = fitted.members_[-1]
    honest = member.contributions
    member.contributions = lambda A: (honest(A)[0], 0.0)
    with pytest.raises(AssertionError):
        check_additive(fitted, snapshots[0])


def purchase_rows(rng, n=800):
    T = rng.uniform(50, 400, n)
    days = 1.0 + rng.poisson(T / 60)
    last = rng.uniform(0, 1, n) * T / days
    X = pd.DataFrame(
        {"habit__orders_active_days_all": days, "habit__orders_days_since_last": last, "lifecycle__orders_days_since_first": T}
    )
    y = (rng.random(n) < sigmoid(1.5 - 60 * days / T)).astype(int)
    return X, y


def test_mbg_nbd_joins_where_events_recur_and_speaks_through_recency(rng):
    X, y = purchase_rows(rng)
    model = quick(horizon="60d", members=("linear", "purchases")).fit(X, y)
    assert [m.name for m in model.members_] == ["linear", "purchases"]
    check_additive(model, X)
    phi, _ = model.members_[1].contributions(model.encode(X))
    assert not phi[:, [0, 2]].any()
    assert {m.name for m in quick(members="auto").fit(X, y).members_} == {"trees", "linear"}  # no horizon, no MBG/NBD


def test_order_names_and_make_do_not_matter(snapshots, fitted):
    X, _ = snapshots
    flat = X.reset_index()
    expected = fitted.predict_proba(X)
    others = [
        X[X.columns[::-1]],
        X.assign(extra=1.0),
        X.assign(contract__plan=X["contract__plan"].astype(str)),
        X.assign(contract__plan=X["contract__plan"].cat.reorder_categories(["year", "month", "two years"])),
        flat,
        pl.from_pandas(flat),
        pl.from_pandas(flat).lazy(),
        pl.from_pandas(flat).with_columns(pl.col("contract__plan").cast(pl.String).cast(pl.Categorical)),
        pa.Table.from_pandas(flat),
        X.convert_dtypes(dtype_backend="pyarrow").assign(contract__plan=X["contract__plan"]),
    ]
    for other in others:
        np.testing.assert_array_equal(fitted.predict_proba(other), expected)
    np.testing.assert_array_equal(fitted.predict_proba(X.iloc[::-1])[::-1], expected)


def test_two_fits_agree_and_survive_pickle_and_clone(snapshots, fitted):
    X, y = snapshots
    again = clone(fitted).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), fitted.predict_proba(X))


def test_cutoff_as_an_argument_is_the_index_level(snapshots, fitted):
    X, y = snapshots
    bare = X.reset_index(drop=True)
    model = quick(horizon="60d").fit(bare, y.to_numpy(), cutoff=X.index.get_level_values("cutoff"))
    assert model.validated_on_ == "time"
    assert quick().fit(X, y).validated_on_ == "customers"
    assert quick().fit(bare, y.to_numpy()).validated_on_ == "rows"


def test_outcomes_frame_and_labels_are_one(snapshots, fitted):
    X, y = snapshots
    outcomes = pd.DataFrame({"duration": 1.0, "outcome": np.where(y == 1, 1 + np.arange(len(y)) % 2, 0)}, index=X.index)
    np.testing.assert_array_equal(quick(horizon="60d").fit(X, outcomes).predict_proba(X), fitted.predict_proba(X))


def test_text_labels_need_the_class_that_left(snapshots):
    X, y = snapshots
    labels = np.where(y == 1, "churn", "stay")
    with pytest.raises(OutcomeError, match="no-positive-class"):
        quick().fit(X, labels)
    with pytest.raises(OutcomeError, match="no-positive-class"):
        quick().fit(X, y.to_numpy() == 1)
    model = quick(positive="churn").fit(X, labels)
    assert list(model.classes_) == ["churn", "stay"]  # sorted, as scikit-learn promises
    np.testing.assert_array_equal(model.predict_proba(X)[:, 0], quick().fit(X, y).predict_proba(X)[:, 1])
    np.testing.assert_array_equal(model.predict_risk(X), model.predict_proba(X)[:, 0])
    assert set(model.predict(X)) == {"stay", "churn"}


def test_monotone_by_driver_or_feature_holds_for_the_whole_blend(snapshots):
    X, y = snapshots
    model = quick(monotone={"habit": -1}, horizon="60d").fit(X, y)
    lower, higher = X.copy(), X.copy()
    lower["habit__a"] -= 1
    assert np.all(model.decision_function(lower) >= model.decision_function(higher) - 1e-12)
    free = quick(horizon="60d").fit(X, y)
    assert np.any(free.decision_function(lower) < free.decision_function(higher))
    with pytest.raises(UsageError, match='Did you mean "habit"'):
        quick(monotone={"habbit": 1}).fit(X, y)


def test_numbers_spoilt_by_a_blank_are_told_from_names(snapshots):
    X, y = snapshots
    for texts, advised in (([f"{i}.5" for i in range(len(X))], True), ([f"c{i}" for i in range(len(X))], False)):
        texts[0] = " "
        with pytest.raises(ContentError, match="identifier-column") as caught:
            ChurnClassifier().fit(X.assign(charges=texts), y)
        assert ('pd.to_numeric(X["charges"], errors="coerce")' in str(caught.value)) == advised


def test_weight_zero_is_no_row(snapshots):
    X, y = snapshots
    w = (np.arange(len(X)) % 3 > 0).astype(float)
    weighted = quick(horizon="60d").fit(X, y, sample_weight=w)
    without = quick(horizon="60d").fit(X[w > 0], y[w > 0])
    np.testing.assert_array_equal(weighted.predict_proba(X), without.predict_proba(X))


def change(X, column, values):
    return X.assign(**{column: values})


@pytest.mark.parametrize(
    ("spoil", "error", "code"),
    [
        (lambda X, y: (change(X, "habit__a", np.inf), y), ContentError, "infinite-value"),
        (lambda X, y: (change(X, "id", [f"c{i}" for i in range(len(X))]), y), ContentError, "identifier-column"),
        (lambda X, y: (change(X, "when", pd.Timestamp("2024-01-01")), y), SchemaError, "time-as-feature"),
        (lambda X, y: (X.set_axis(["a"] * X.shape[1], axis=1), y), SchemaError, "duplicate-column"),
        (lambda X, y: (X.set_axis([1, *X.columns[1:]], axis=1), y), SchemaError, "mixed-names"),
        (lambda X, y: (X.iloc[:0], y.iloc[:0]), TrainingError, "empty-matrix"),
        (lambda X, y: (X, y * 0), TrainingError, "one-class"),
        (lambda X, y: (X, y + np.arange(len(y)) % 2), OutcomeError, "many-classes"),
        (lambda X, y: (X, y.astype(float).where(y.index.get_level_values(0) > 3)), OutcomeError, "missing-label"),
        (lambda X, y: (X, y.iloc[1:]), UsageError, "unequal-lengths"),
        (lambda X, y: (X, y.set_axis(y.index.set_levels(y.index.levels[0] + 10_000, level=0))), UsageError, "other-rows"),
        (lambda X, y: (X, pd.DataFrame({"duration": 1.0, "outcome": y.where(y > 0)})), OutcomeError, "missing-label"),
        (lambda X, y: (X, pd.DataFrame({"duration": 1.0, "outcome": y - 1})), OutcomeError, "unknown-outcome"),
    ],
)
def test_bad_input_is_refused_by_name(snapshots, spoil, error, code):
    with pytest.raises(error) as caught:
        quick().fit(*spoil(*snapshots))
    assert caught.value.code == code


def test_bad_input_at_scoring(snapshots, fitted):
    X, _ = snapshots
    with pytest.raises(MismatchError, match='Did you mean "habit__A"'):
        fitted.predict_proba(X.rename(columns={"habit__a": "habit__A"}))
    with pytest.raises(MismatchError, match="not-a-number"):
        fitted.predict_proba(change(X, "habit__a", "12"))
    with pytest.raises(MismatchError, match="no-names"):
        fitted.predict_proba(np.zeros((2, 6)))
    with pytest.raises(ContentError, match="infinite-value"):
        fitted.predict_proba(change(X, "habit__a", -np.inf))
    with pytest.warns(ChurnWarning, match="unseen-categories") as caught:
        p = fitted.predict_proba(change(X, "contract__plan", "secret plan"))
    assert "secret" not in str(caught[0].message)
    np.testing.assert_array_equal(p, fitted.predict_proba(change(X, "contract__plan", None)))
    assert np.isfinite(fitted.predict_proba(change(X, "habit__a", 1e300))).all()


def test_few_leavers_are_refused_only_on_request(rng):
    X = pd.DataFrame({"a": rng.normal(size=200)})
    y = (np.arange(200) < 9).astype(int)
    quick().fit(X, y)
    with pytest.raises(OutcomeError, match="too-few-leavers"):
        quick(min_leavers=10).fit(X, y)
    with pytest.warns(ChurnWarning, match="few-leavers"):
        quick(min_leavers=5).fit(X, y)


@pytest.mark.parametrize(
    "parameters",
    [{"members": ("forest",)}, {"members": ("purchases",)}, {"calibration": "beta"}, {"monotone": {"a": 2}}, {"horizon": "soon"}],
)
def test_unknown_settings_are_refused(rng, parameters):
    X = pd.DataFrame({"a": rng.normal(size=60)})
    with pytest.raises(UsageError):
        quick(**parameters).fit(X, (np.arange(60) % 2))


def test_isotonic_and_identity_on_request(snapshots):
    X, y = snapshots
    for name in ("identity", "isotonic"):
        p = quick(calibration=name, horizon="60d").fit(X, y).predict_proba(X)[:, 1]
        assert ((p > 0) & (p < 1)).all()


def test_citizen_of_scikit_learn(snapshots):
    X, y = snapshots
    pipeline = make_pipeline(FunctionTransformer(), quick(horizon="60d")).set_output(transform="pandas")
    folds = TemporalSplit(2, horizon="60d")
    assert cross_validate(pipeline, X, y, cv=folds, scoring=scorers())["test_auc"].min() > 0.7
    search = GridSearchCV(quick(horizon="60d"), {"num_leaves": [7, 15]}, cv=folds, scoring="neg_log_loss").fit(X, y)
    assert search.best_score_ > -0.62
    assert "ChurnClassifier" in search.best_estimator_._repr_html_()
    with config_context(enable_metadata_routing=True):
        routed = quick(horizon="60d").set_fit_request(cutoff=True, sample_weight=True).set_score_request(sample_weight=True)
        given = {"cutoff": X.index.get_level_values("cutoff"), "sample_weight": np.ones(len(X))}
        splitter = folds.set_split_request(cutoff=True)
        scores = cross_validate(routed, X.reset_index(drop=True), y.to_numpy(), cv=splitter, params=given, return_estimator=True)
        assert {e.validated_on_ for e in scores["estimator"]} <= {"time", "rows"}


def test_long_tails_of_categories_share_a_code(rng):
    X = pd.DataFrame({"city": rng.zipf(1.5, 6000).astype(str), "a": rng.normal(size=6000)})
    model = quick().fit(X, rng.integers(0, 2, 6000))
    assert len(model.matrix_encoder_.levels[0]) <= 1000


def test_season_seen_once_stays_unused(snapshots):
    X, y = snapshots
    X = X.assign(lifecycle__calendar_season_sin=np.sin(X.index.get_level_values("cutoff").day_of_year / 58))
    model = quick(horizon="60d").fit(X, y)
    other = X.assign(lifecycle__calendar_season_sin=0.3)
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(other))
