"""The laws as functions that fail where they are broken: held by tests/laws, and shown to catch planted faults by tests/faults."""

import numpy as np
import pandas as pd
from tests.laws.histories import features_of, pairs_of
from tests.oracles.features_pandas import measure_all, utc
from tests.oracles.snapshots import latest_labelled, left_or_stayed, risk_set

from churnpredict import build_features, label_churn, take_snapshots
from churnpredict.errors import ImmatureError

__all__ = [
    "check_labels",
    "check_maturity",
    "check_order",
    "check_risk_set",
    "check_time_shift",
    "check_truncation",
    "check_windows",
    "same_bits",
]


def same_bits(one, other):
    """Equal frames, float32 compared as bits (a missing value is a missing value)."""
    assert list(one.columns) == list(other.columns)
    assert one.index.equals(other.index)
    words = one.columns[[isinstance(dtype, pd.CategoricalDtype) for dtype in one.dtypes]]
    for column in words:
        a, b = one[column], other[column]
        assert a.astype(object).where(a.notna(), None).tolist() == b.astype(object).where(b.notna(), None).tolist(), column
    numbers, others = one.drop(columns=words), other.drop(columns=words)
    assert {*numbers.dtypes, *others.dtypes} <= {np.dtype(np.float32)}
    x, y = (
        np.where(np.isnan(v), np.float32(np.nan), v).view(np.int32) for v in (numbers.to_numpy(np.float32), others.to_numpy(np.float32))
    )
    for row, place in np.argwhere(x != y)[:1]:
        a, b = numbers.iloc[row, place], others.iloc[row, place]
        raise AssertionError(f"{numbers.columns[place]}: {a!r} is not {b!r} at {one.index[row]}")


def check_truncation(history, cutoffs, *, limit=None):
    """Law 1: at each cutoff, the features of all data are those of the rows known strictly before it."""
    tables, features = history.tables(), features_of(history)
    together = build_features(tables, pairs_of(history, cutoffs), features=features, history=limit)
    plain = history.plain().logs["orders"]
    happened = pd.Series(utc(history.log["at"], history.timezone))
    known = pd.Series(utc(history.log["seen_at"], history.timezone)).fillna(happened).clip(lower=happened) if history.known_at else happened
    assert len(plain) == len(happened)
    compared = 0
    for cutoff in cutoffs:
        moment = utc([cutoff], history.timezone)[0]
        past = history.with_log(history.log[((happened < moment) & (known < moment)).to_numpy()])
        if past.log.empty:
            continue
        alone = past.tables()
        pairs = pairs_of(past, [cutoff])  # without a customers table, who has no row yet is not there yet
        now = build_features(alone, pairs, features=features_of(past), history=limit)
        same_bits(together.loc[now.index], now)
        same_bits(build_features(tables.known_before(int(moment.value // 1000)), pairs, features=features, history=limit), now)
        compared += len(now)
    assert compared


def check_windows(history, cutoffs, *, limit=None):
    """Law 3 and all arithmetic: every feature equals the plain loop over half-open windows."""
    features, pairs = features_of(history), pairs_of(history, cutoffs)
    found = build_features(history.tables(), pairs, features=features, history=limit)
    moments = utc(found.index.get_level_values("cutoff"), history.timezone)
    expected = measure_all(history.plain(), list(zip(found.index.get_level_values(0), moments, strict=True)), features, limit)
    for column in found.columns:
        if isinstance(found[column].dtype, pd.CategoricalDtype):
            assert found[column].astype(object).tolist() == expected[column].tolist(), column
            continue
        want = expected[column].to_numpy(np.float64).astype(np.float32)
        # half a unit in float32's last place, and what sums of values of both signs lose in float64
        np.testing.assert_allclose(found[column].to_numpy(), want, rtol=3e-7, atol=1e-9, err_msg=column)


def check_order(history, other_tables, cutoffs):
    """Law 6: other tables made of the same rows give the same features, to the last bit."""
    features, pairs = features_of(history), pairs_of(history, cutoffs)
    same_bits(build_features(history.tables(), pairs, features=features), build_features(other_tables, pairs, features=features))


def check_risk_set(history, churn, cutoffs, *, within):
    """Law 2: the risk set is that of the plain loop over the rule's words."""
    plain = history.plain()
    moments = list(utc(cutoffs, history.timezone))
    everybody, zone = history.customers(), history.timezone
    expected = risk_set(plain.logs["orders"], plain.people, moments, within=within, everybody=everybody, timezone=zone)
    if len({moment for _, moment in expected}) < len(moments):  # nobody at risk at some cutoff: refused, and tested elsewhere
        return False
    found = take_snapshots(history.tables(), churn, at=cutoffs)
    pairs = list(zip(found["customer_id"], utc(found["cutoff"], history.timezone), strict=True))
    assert pairs == expected
    return True


def check_labels(history, churn, cutoffs, *, horizon, gap):
    """Law 3 for outcomes: [cutoff + gap, cutoff + gap + horizon), open on the right."""
    pairs = pairs_of(history, cutoffs)
    far = pd.Timestamp(max(cutoffs)) + pd.Timedelta("900D")
    found = label_churn(history.tables(observed_until=far), pairs, churn)
    moments = utc(found.index.get_level_values("cutoff"), history.timezone)
    asked = list(zip(found.index.get_level_values(0), moments, strict=True))
    plain = history.plain().logs["orders"]
    assert found["outcome"].tolist() == left_or_stayed(plain, asked, horizon=horizon, gap=gap, timezone=history.timezone)
    assert found.within(horizon).tolist() == found["outcome"].tolist()


def check_maturity(history, churn, observed_until, *, horizon, gap):
    """Law 4: the latest cutoff with a label is the last whose whole window is observed; one microsecond later there is none."""
    tables = history.tables(observed_until=observed_until)
    latest = latest_labelled(observed_until, horizon=horizon, gap=gap)
    somebody = history.customers()[:1]  # labels ask no risk set
    label_churn(tables, pd.DataFrame({"customer_id": somebody, "cutoff": [latest]}), churn)
    later = pd.DataFrame({"customer_id": somebody * 2, "cutoff": [latest, latest + pd.Timedelta("1us")]})
    try:
        label_churn(tables, later, churn)
    except ImmatureError as error:
        assert str(latest.date()) in str(error)  # noqa: PT017
    else:
        raise AssertionError("an immature snapshot was given a label")
    assert len(label_churn(tables, later, churn, drop_immature=True)) == 1


def check_time_shift(history, cutoffs, weeks):
    """Law 7: all times moved by whole weeks leave all features unchanged that have no calendar meaning."""
    by = pd.Timedelta(weeks=weeks)
    moved = history.with_log(history.log.assign(at=history.log["at"] + by, seen_at=history.log["seen_at"] + by))
    if history.people is not None:
        moved = type(history)(
            moved.log,
            history.people.assign(joined=history.people["joined"] + by, card=history.people["card"] + by),
            history.timezone,
            history.known_at,
        )
    features = [f for f in features_of(history) if not f.aggregate.startswith("season")]
    here = build_features(history.tables(), pairs_of(history, cutoffs), features=features)
    there = build_features(moved.tables(), pairs_of(moved, [c + by for c in cutoffs]), features=features)
    index = there.index.set_levels(there.index.levels[1] - by, level=1)
    same_bits(here, there.set_axis(pd.MultiIndex.from_tuples(index.tolist(), names=here.index.names)).reindex(here.index))
