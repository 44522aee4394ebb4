"""The season in a classifier: one more column, additive to the last digits, kept in the file; nothing at all without evidence."""

import io

import numpy as np
import pandas as pd
import pytest
from tests.model.season.test_clock import END
from tests.model.season.test_leaving import _rows as leaving_rows
from tests.model.season.test_leaving import _yearly as yearly
from tests.model.season.test_leaving import counts as leaving_counts
from tests.model.season.test_season import HORIZON, _counts_at, _rate, _snapshots

import churnpredict as cp
from churnpredict.clock import DAY
from churnpredict.errors import ModelFileError, TimeError
from churnpredict.model.calibration import sigmoid
from churnpredict.model.season.season import COLUMN
from churnpredict.model_file import serialise
from churnpredict.model_file.schema import Numbers, read_json, write_json

NAMES = ("habit__orders_active_days_all", "habit__orders_days_since_last", "lifecycle__orders_days_since_first")


def _matrix(n: int = 120):
    rows, y = _snapshots(_rate, n=n)
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_arrays(
        [rng.permutation(len(y)), pd.DatetimeIndex((rows.cutoffs * DAY).astype(np.int64).astype("datetime64[us]"))],
        names=["customer_id", "cutoff"],
    )
    columns = [rows.x + 1, rows.T - rows.t_x, rows.T]
    X = pd.DataFrame(dict(zip(NAMES, columns, strict=True)) | {"price__plain": rng.normal(size=len(y))}, index=index)
    return X, y


def _model(**more):
    return cp.ChurnClassifier(horizon=f"{HORIZON}d", n_seeds=1, n_estimators=60, n_jobs=1, half_life=None, **more)


def _weeks(X):
    older = sorted({int(pd.Timestamp(c).value // 1000 // DAY) for c in X.index.get_level_values("cutoff")})[4:]
    return _counts_at(_rate, [*older, END])


@pytest.fixture(scope="module")
def data():
    return _matrix()


@pytest.fixture(scope="module")
def fitted(data):
    X, y = data
    model = _model().fit(X, y, weeks=_weeks(X))
    assert model.season_ is not None
    return model


def test_the_level_follows_the_season(data, fitted):
    X, y = data
    plain = _model().fit(X, y)
    ahead = X.iloc[:300].set_index(pd.MultiIndex.from_product([range(300), [pd.Timestamp(END, unit="D")]], names=X.index.names))
    busy = fitted.expected_activity(ahead)
    assert np.ptp(busy) < 1e-12
    moved = fitted.decision_function(ahead).mean() - plain.decision_function(ahead).mean()
    assert abs(moved) > 0.05
    assert np.sign(moved) == -np.sign(np.log(busy[0]))


def test_the_sum_is_exact_and_the_calendar_is_a_column_of_it(data, fitted):
    X, _ = data
    why = cp.explain(fitted, X)
    assert why.features[-1] == COLUMN
    assert np.abs(why.values.sum(axis=1) + why.base_value - fitted.decision_function(X)).max() < 1e-10
    assert np.abs(why.points.sum(axis=1) - (why.risk - why.base_risk)).max() < 1e-10
    assert "calendar" in why.drivers
    mean = why.values[COLUMN].mean()
    assert abs(mean) < 0.02  # counted from all that was learnt: it raises some and lowers others


def test_its_sentence_says_how_busy_the_time_ahead_is(data, fitted):
    X, _ = data
    why = cp.explain(fitted, X)
    reasons = cp.explain(fitted, X).words(4)
    told = reasons[reasons.str.contains("times that of the time that the model learnt from")]
    assert len(told)
    assert told.str.contains("activity in the coming 60 days is usually").all()
    assert why.table["calendar"].actionable == "fixed"


def test_without_counts_it_is_the_model_that_it_was(data):
    X, y = data
    one, other = _model().fit(X, y), _model().fit(X, y, weeks=[])
    assert other.season_ is None
    assert np.array_equal(one.decision_function(X), other.decision_function(X))


def test_without_evidence_it_is_the_model_that_it_was(data):
    from dataclasses import replace

    X, y = data
    short = [replace(c, days=300) for c in _weeks(X)]
    one, other = _model().fit(X, y), _model().fit(X, y, weeks=short)
    assert other.training_record_["season"] == {"share": 0.0, "why": "less than a year of events"}
    assert np.array_equal(one.decision_function(X), other.decision_function(X))
    assert one.encode(X).shape == other.encode(X).shape


@pytest.fixture(scope="module")
def parts():
    """Customers who cancel or are lost, at a hazard with a season; their risk has parts and an earlier horizon."""
    windows, left, *_ = leaving_rows(yearly, n=150)
    rng = np.random.default_rng(1)
    cutoffs = pd.DatetimeIndex((windows.cutoffs * DAY).astype(np.int64).astype("datetime64[us]"))
    index = pd.MultiIndex.from_arrays([rng.permutation(len(left)), cutoffs], names=["customer_id", "cutoff"])
    X = pd.DataFrame({"price__plain": rng.normal(size=len(left)), "price__other": rng.normal(size=len(left))}, index=index)
    lost = rng.random(len(left)) < sigmoid(X["price__plain"].to_numpy() - 1)
    y = pd.DataFrame(
        {"outcome": left.astype(int) * (1 + lost), "duration": np.where(left > 0, rng.uniform(0, 90, len(left)), 90.0)}, index=index
    )
    model = cp.ChurnClassifier(horizon="90d", horizons=["30d"], n_seeds=1, n_estimators=40, n_jobs=1, half_life=None)
    return X, model.fit(X, y, weeks=leaving_counts(yearly))


def test_the_parts_of_a_risk_with_a_season_are_learnt(parts):
    X, model = parts
    assert model.season_ is not None
    assert model.season_.share > 0.3
    risks = model.predict_parts(X)
    assert np.abs(risks["risk_left"] + risks["risk_lost"] - risks["risk"]).max() < 1e-12
    assert (risks["risk_30d"] <= risks["risk"]).all()
    assert np.corrcoef(risks["risk_lost"] / risks["risk"], X["price__plain"])[0, 1] > 0.8


def test_the_shares_of_a_risk_do_not_depend_on_the_season(parts):
    """The season moves how many leave, not how or when: whatever its column holds, the shares are the same."""
    X, model = parts
    A = model.encode(X[:200])
    other = A.copy()
    other[:, -1] += np.linspace(-2, 2, len(A))
    assert len(model.shares_) == 2
    for share in model.shares_.values():
        assert share.members
        assert np.array_equal(share.log_odds(A), share.log_odds(other))


def test_rows_without_a_cutoff_are_refused(data, fitted):
    X, _ = data
    with pytest.raises(TimeError, match="knows the season") as refused:
        fitted.predict_proba(X.reset_index(drop=True))
    assert refused.value.code == "no-cutoff"


def test_order_and_company_of_rows_do_not_matter(data, fitted):
    X, _ = data
    whole = fitted.decision_function(X)
    assert np.array_equal(whole[::-1], fitted.decision_function(X.iloc[::-1]))
    assert np.array_equal(whole[:7], fitted.decision_function(X.iloc[:7]))


def test_a_season_has_a_file_and_comes_back_from_it(data, fitted):
    X, _ = data
    columns, classifier, numbers, texts = serialise.freeze_model(fitted)
    back = serialise.thaw_model(columns, classifier, read_json(Numbers, write_json(numbers), "numbers.json"), texts)
    assert np.array_equal(back.decision_function(X), fitted.decision_function(X))
    assert back.season_.share == fitted.season_.share
    buffer = io.BytesIO()
    import joblib

    joblib.dump(fitted, buffer)
    buffer.seek(0)
    assert np.array_equal(joblib.load(buffer).decision_function(X), fitted.decision_function(X))


@pytest.mark.parametrize(
    "change",
    [
        {"season": None},
        {"members": "without"},
        {"first": "after the end"},
        {"rates": "zero"},
    ],
    ids=str,
)
def test_a_season_that_contradicts_the_rest_is_refused(fitted, change):
    columns, classifier, numbers, texts = serialise.freeze_model(fitted)
    season = numbers.season
    match change:
        case {"season": None}:
            numbers = numbers.model_copy(update={"season": None})
        case {"members": _}:
            numbers = numbers.model_copy(update={"members": [m for m in numbers.members if m.kind != "calendar"]})
        case {"first": _}:
            numbers = numbers.model_copy(update={"season": season.model_copy(update={"first": season.end + 1})})
        case _:
            numbers = numbers.model_copy(update={"season": season.model_copy(update={"rates": [0.0] * len(season.rates)})})
    with pytest.raises(ModelFileError):
        serialise.thaw_model(columns, classifier, numbers, texts)


def test_the_clock_works_on_the_columns_of_its_own_table(data):
    """Another recurring event that stands first is left alone."""
    from dataclasses import replace

    X, y = data
    other = X[list(NAMES)].set_axis([name.replace("orders", "visits") for name in NAMES], axis=1) * 0.5
    both = pd.concat([other, X], axis=1)
    model = _model().fit(both, y, weeks=[replace(c, table="orders") for c in _weeks(X)])
    assert model.season_ is not None
    assert model.season_.columns == NAMES
    strangers = [replace(c, table="calls") for c in _weeks(X)]
    assert _model().fit(X, y, weeks=strangers).training_record_["season"]["why"] == "no recurring event is known"


def test_constraints_and_isotonic_calibration_live_with_it(data):
    X, y = data
    model = _model(calibration="isotonic", monotone={NAMES[1]: 1}).fit(X, y, weeks=_weeks(X))
    assert model.season_ is not None
    why = cp.explain(model, X.iloc[:50])
    assert np.abs(why.values.sum(axis=1) + why.base_value - model.decision_function(X.iloc[:50])).max() < 1e-9
    later = X.iloc[:50].assign(**{NAMES[1]: np.minimum(X[NAMES[1]].iloc[:50] + 5, X[NAMES[2]].iloc[:50])})
    assert len(model.decision_function(later)) == 50


@pytest.fixture(scope="module")
def apart(data):
    """Two countries, one of which has counts of its own; and a third that is too small for them."""
    from dataclasses import replace

    X, y = data
    X = X.assign(lifecycle__country=pd.Categorical(np.resize(["n", "s", "s", "t"], len(y))))
    weeks = _weeks(X)
    parts = [replace(c, segment=("lifecycle__country", name), people=people) for name, people in (("s", 900), ("t", 199)) for c in weeks]
    model = _model().fit(X, y, weeks=[*weeks, *parts])
    return X, model


def test_only_segments_of_enough_customers_have_clocks(apart):
    X, model = apart
    (code,) = model.season_.own
    assert model.matrix_encoder_.levels[X.columns.get_loc("lifecycle__country")][code] == "s"
    assert model.season_.columns == (*NAMES, "lifecycle__country")
    busy, there = model.expected_activity(X), X["lifecycle__country"] == "s"
    times = X.index.get_level_values("cutoff")
    newest = times == times.max()
    assert len({*busy[newest & there].round(12)}) == len({*busy[newest & ~there].round(12)}) == 1
    assert busy[newest & there][0] != busy[newest & ~there][0]


@pytest.mark.parametrize("change", ["none", "without a column", "code", "twice", "short", "still"])
def test_clocks_of_segments_that_contradict_the_rest_are_refused(apart, change):
    X, model = apart
    columns, classifier, numbers, texts = serialise.freeze_model(model)
    season, (own,) = numbers.season, numbers.season.own
    changed = {
        "none": {},
        "without a column": {"columns": season.columns[:3]},
        "code": {"own": [own.model_copy(update={"code": 3})]},
        "twice": {"own": [own, own]},
        "short": {"own": [own.model_copy(update={"rates": own.rates[1:]})]},
        "still": {"own": [own.model_copy(update={"rates": [0.0] * len(own.rates)})]},
    }[change]
    numbers = numbers.model_copy(update={"season": season.model_copy(update=changed)})
    if change == "none":
        back = serialise.thaw_model(columns, classifier, read_json(Numbers, write_json(numbers), "numbers.json"), texts)
        assert np.array_equal(back.decision_function(X), model.decision_function(X))
        return
    with pytest.raises(ModelFileError):
        serialise.thaw_model(columns, classifier, numbers, texts)


@pytest.mark.parametrize("asked", [{"outcome": "lost"}, {"outcome": "left"}, {"horizon": "30d"}])
def test_a_part_of_a_risk_with_a_season_is_explained_to_the_last_point(parts, asked):
    X, model = parts
    why = cp.explain(model, X[:60], **asked)
    risk = model.predict_risk(X[:60], **asked)
    assert np.abs(why.risk - risk).max() < 1e-12
    assert np.abs(why.points.sum(axis=1) - (why.risk - why.base_risk)).max() < 1e-10
    assert "calendar" in why.points.columns


def test_the_parts_of_a_risk_with_a_season_come_back_from_a_file(parts):
    X, model = parts
    columns, classifier, numbers, texts = serialise.freeze_model(model)
    back = serialise.thaw_model(columns, classifier, read_json(Numbers, write_json(numbers), "numbers.json"), texts)
    pd.testing.assert_frame_equal(back.predict_parts(X[:60]), model.predict_parts(X[:60]))
