"""Faults planted into the left wing: each is one plausible mistake, and each law check must notice its own.

A check that passes on a broken library proves nothing; here every fault makes one fail, on a history on which the sound library passes.
"""

import contextlib
from dataclasses import replace
from itertools import pairwise
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from tests.laws.checks import (
    check_labels,
    check_maturity,
    check_order,
    check_risk_set,
    check_time_shift,
    check_truncation,
    check_windows,
)
from tests.laws.histories import cutoffs_of, make_history

from churnpredict import Inactivity, catalog
from churnpredict.churn import rules
from churnpredict.errors import ChurnError
from churnpredict.events import reading, streams, tables
from churnpredict.events.timing import DAY
from churnpredict.events.window_edges import positions, window_edges
from churnpredict.features import build, kernels

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


# --- variants of the library's parts, each wrong in one way ---


def known_too_late(stream, customers, cutoffs, windows):
    """``<=`` instead of ``<``: a row exactly on the cutoff counts as known."""
    edges = window_edges(stream, customers, cutoffs, windows)
    edges[0] = window_edges(stream, customers, cutoffs + 1, [])[0]
    return edges


def windows_open_on_the_left(stream, customers, cutoffs, windows):
    """A row exactly at the start of a window is left out: (cutoff - w, cutoff)."""
    edges = window_edges(stream, customers, cutoffs, windows)
    later = np.minimum(window_edges(stream, customers, cutoffs + 1, windows), edges[0])
    for row, window in enumerate(windows, 1):
        edges[row] = edges[row] if window is None else later[row]
    return edges


def positions_of(offsets, times, customers, moments):
    out = np.empty((1, len(customers)), np.int64)
    positions(offsets, times, customers, moments, out)
    return out[0]


def sums_from_a_global_prefix(values, edges, which, sums, means, maxima, out, at):
    """One running total over all customers: fast, and loses the digits of small sums."""
    prefix = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))])
    seen = np.concatenate([[0], np.cumsum(~np.isnan(values))])
    n = edges.shape[1]
    for f, window in enumerate(which):
        low, high = edges[window], edges[0]
        total, count = prefix[high] - prefix[low], seen[high] - seen[low]
        if sums[f] >= 0:
            out[sums[f], at : at + n] = total
        if means[f] >= 0:
            out[means[f], at : at + n] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        if maxima[f] >= 0:
            most = [np.nanmax(values[a:b]) if seen[b] > seen[a] else np.nan for a, b in zip(low, high, strict=True)]
            out[maxima[f], at : at + n] = most


def sorted_by_time_only(offsets, times, *columns):
    """No tie-break: rows of the same time stay in the order in which they came."""
    for a, b in pairwise(offsets):
        order = np.argsort(times[a:b], kind="stable")
        for column in (times, *(c for group in columns for c in (group if isinstance(group, (tuple, list)) else [group]))):
            if isinstance(column, np.ndarray) and column.ndim == 1 and len(column) == len(times):
                column[a:b] = column[a:b][order]
    return 0


def closed_on_the_right(self, tables, customers, cutoffs):
    """An outcome window [.., ..]: a purchase exactly at its end still counts."""
    stream = tables.stream(self.table(tables))
    opens = self.gap_span.after(cutoffs, tables.timezone)
    following = positions_of(stream.offsets, stream.times, customers, opens)
    after_the_end = positions_of(stream.offsets, stream.times, customers, self.horizon_span.after(opens, tables.timezone) + 1)
    return np.full(len(customers), 30.0), (following == after_the_end).astype(np.int8)


def window_without_gap(self, tables, customers, cutoffs):
    sound = Inactivity(self.horizon, of=self.of, active_within=self.active_within)
    return sound_outcomes(sound, tables, customers, cutoffs)


sound_outcomes = Inactivity.outcomes


def known_at_ignored(self, column, times):
    """The column is declared and read, and never used."""


def whole_past_kept(self, moment):
    keep = self.times < moment
    return self if bool(keep.all()) else self.where(keep)


def kinds_known_at_once(stream, before, n):
    return sound_kinds(replace(stream, columns={"kind": stream.columns["kind"]}), before, n)


sound_kinds = tables.kinds_before


def everybody_ever_seen(self, tables, customers, cutoffs):
    """Who has left stays in the risk set."""
    stream = tables.stream(self.table(tables))
    return positions_of(stream.offsets, stream.times, customers, cutoffs) > stream.offsets[customers]


def everybody_joined(_tables, customers, _cutoffs):
    return np.ones(len(customers), np.bool_)


def mature_too_early(self, tables):
    """The gap is forgotten."""
    return self.horizon_span.before(tables.observed_until(self.table(tables)), tables.timezone)


def days_of_utc(times, _timezone):
    return (times // DAY).astype(np.int32)


def months_since_1970(times, _timezone):
    """Days by the calendar's month: not the same after a shift by weeks."""
    return times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int32)


def ages_to_the_whole_day(times, cutoffs, edges, last, first, out, at):
    for r in range(edges.shape[1]):
        high, low = edges[0, r], edges[1, r]
        if last >= 0:
            out[last, at + r] = cutoffs[r] // DAY - times[high - 1] // DAY if high > low else np.nan
        if first >= 0:
            out[first, at + r] = cutoffs[r] // DAY - times[low] // DAY if high > low else np.nan


# --- what each check looks at ---


def history(**given):
    return make_history(17, **{"n_rows": 120, "n_customers": 6} | given)


def on_rows(h, n=6):
    """Cutoffs that are exactly the time of a row."""
    times = h.log["at"][h.log["at"] > h.log["at"].min()].drop_duplicates()
    return sorted(times.iloc[:: max(1, len(times) // n)].iloc[:n])


def truncation(**given):
    return lambda: check_truncation(history(**given), on_rows(history(**given)))


def windows(**given):
    def check():
        h = history(**{"grain": "day"} | given)
        check_windows(h, sorted({*on_rows(h), *(t + pd.Timedelta("7D") for t in on_rows(h))}))

    return check


def shuffled():
    h = history(known_at=False)
    check_order(h, h.tables(h.log.sample(frac=1, random_state=1), h.people), cutoffs_of(h, 1))


def risk():
    h = history(known_at=False, n_rows=30)
    assert check_risk_set(h, Inactivity("30d", of="orders", active_within="30d"), [pd.Timestamp("2024-06-01")], within="30d")


def late_kind():
    """A kind of which nothing is known yet, though many have it, has no feature of its own."""
    h = history()
    late = h.log.index % 3 == 0
    log = h.log.assign(what=np.where(late, "new", "old"))
    log.loc[late, "seen_at"] = log["at"].max() + pd.Timedelta("1D")
    found, now = h.with_log(log).tables(), log["at"].max()
    for rows in (catalog(found, until=now), catalog(found.known_before(int(found.instants(now)[0])))):
        assert {r.kind for r in rows} == {None, "old"}


def late_rows_and_joining():
    h = history(known_at=True)
    assert check_risk_set(h, Inactivity("30d", of="orders"), [pd.Timestamp("2024-03-15"), pd.Timestamp("2024-06-01")], within="30d")


def labels():
    h = history(grain="day")
    cutoffs = sorted({t - pd.Timedelta("10D") for t in on_rows(h, 20)})
    check_labels(h, Inactivity("7d", of="orders", gap="3d"), cutoffs, horizon="7d", gap="3d")


def maturity():
    check_maturity(history(), Inactivity("7d", of="orders", gap="3d"), "2024-12-31", horizon="7d", gap="3d")


def shifted():
    h = history(grain="second")
    check_time_shift(h, cutoffs_of(h, 2), 3)


def prefix_order():
    """A neighbour with huge values joins the file: nobody else's sums may move."""
    h = history(known_at=False, people=False)
    first = h.log["user"].min()
    big = h.log[h.log["user"] == first].assign(user="a00", amount=1e15 / 3)
    with_big = h.with_log(pd.concat([big, h.log]))
    alone = h.with_log(h.log)
    from tests.laws.checks import same_bits
    from tests.laws.histories import features_of, pairs_of

    from churnpredict import build_features

    pairs = pairs_of(alone, cutoffs_of(alone, 1))
    same_bits(*(build_features(x.tables(), pairs, features=features_of(x)) for x in (alone, with_big)))


PLANTED = {
    "<= at the cutoff": (truncation(known_at=False), build, "window_edges", known_too_late),
    "<= at the cutoff, seen by the oracle": (windows(), build, "window_edges", known_too_late),
    "windows open on the left": (windows(), build, "window_edges", windows_open_on_the_left),
    "known_at ignored when reading": (truncation(), reading.Reader, "known", known_at_ignored),
    "known_at ignored when late rows are corrected": (truncation(), build, "correct_for_late_rows", lambda *_: None),
    "known_at ignored in the tables of the past": (late_kind, streams.Stream, "known_before", whole_past_kept),
    "known_at ignored when kinds are counted": (late_kind, tables, "kinds_before", kinds_known_at_once),
    "sums from a global prefix": (prefix_order, kernels, "value_windows", sums_from_a_global_prefix),
    "no tie-break": (shuffled, streams, "sort_within", sorted_by_time_only),
    "who has left is at risk": (risk, Inactivity, "at_risk", everybody_ever_seen),
    "who has not joined is at risk": (late_rows_and_joining, rules, "have_joined", everybody_joined),
    "outcome window closed on the right": (labels, Inactivity, "outcomes", closed_on_the_right),
    "outcome window without its gap": (labels, Inactivity, "outcomes", window_without_gap),
    "mature without the gap": (maturity, Inactivity, "latest_cutoff", mature_too_early),
    "days of UTC for a business in Sydney": (windows(timezone="Australia/Lord_Howe", grain="hour"), streams, "local_days", days_of_utc),
    "months instead of days": (shifted, streams, "local_days", months_since_1970),
    "ages in whole days": (windows(timezone="America/New_York", grain="hour"), kernels, "ages", ages_to_the_whole_day),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_caught(fault):
    check, place, name, wrong = PLANTED[fault]
    check()  # sound: the check passes
    caught = False
    with mock.patch.object(place, name, wrong), contextlib.suppress(ChurnError):
        try:
            check()
        except AssertionError:
            caught = True
    assert caught, f"{fault}: nobody noticed"


def test_the_list_of_faults_covers_the_laws_of_this_wing():
    checks = {check.__qualname__.split(".")[0] for check, *_ in PLANTED.values()}
    assert checks == {
        "truncation",
        "windows",
        "prefix_order",
        "shuffled",
        "risk",
        "late_rows_and_joining",
        "late_kind",
        "labels",
        "maturity",
        "shifted",
    }
    assert tables.Stream is streams.Stream  # what is patched is what is used
