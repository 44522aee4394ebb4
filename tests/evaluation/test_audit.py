"""The audit of a matrix: every planted leak is named, and sound matrices give no alarm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.faults.leaks import LEAKS, sound

from churnpredict.errors import LeakageError, UsageError
from churnpredict.evaluation import audit as room
from churnpredict.evaluation.audit import Audit, names_outcome


@pytest.fixture(scope="module")
def clean():
    return sound()


@pytest.mark.parametrize("kind", LEAKS)
def test_every_planted_leak_is_named(kind, clean, rng):
    plant, codes = LEAKS[kind]
    found = room.audit(**plant(dict(clean), rng))
    assert not found.ok
    assert codes & {f.code for f in found.alarms}, found


@pytest.mark.parametrize("seed", range(3))
def test_a_sound_matrix_gives_no_alarm(seed):
    report = room.audit(**sound(seed))
    assert report.ok, report
    assert {f.code for f in report.found} <= {"same-customer"}


def test_arrays_without_times_or_customers_are_audited_too(rng):
    y = rng.integers(0, 2, 400)
    A = rng.normal(size=(400, 4))
    assert room.audit(A, y).ok
    A[:, 2] = y + rng.normal(0, 0.1, 400)
    assert [f.where for f in room.audit(A, y).errors] == ['column "x2"']


def test_labels_as_text_and_the_outcomes_frame_mean_the_same(clean):
    y = clean["y"]
    leak = clean["X"].assign(leak=y + 0.0)
    texts = room.audit(leak, np.where(y == 1, "yes", "no"))
    frame = room.audit(leak, pd.DataFrame({"duration": 60.0, "outcome": y}))
    assert [f.code for f in texts.errors] == [f.code for f in frame.errors] == ["predicts-too-well"]


def test_few_leavers_prove_nothing(rng):
    """Twelve leavers can be told apart by chance almost perfectly: a note, no alarm; and fewer than ten say nothing."""
    y = np.r_[np.ones(12, int), np.zeros(300, int)]
    x = np.r_[rng.normal(3, 1, 12), rng.normal(0, 1, 300)]
    report = room.audit(pd.DataFrame({"x": x, "noise": rng.normal(size=312)}), y)
    assert report.ok
    assert {f.code for f in report.found} <= {"predicts-well"}


def test_customers_count_not_rows(rng):
    """Eleven leaving customers with a hundred rows each are eleven, not eleven hundred."""
    who = np.repeat(np.arange(60), 100)
    y = (who < 11).astype(int)
    x = np.where(who < 11, 3.5, 0) + rng.normal(0, 1, len(who))
    frame = pd.DataFrame({"x": x})
    assert not room.audit(frame, y).ok
    assert room.audit(frame, y, customers=who).ok


def test_equal_poor_rows_are_chance_and_equal_rich_rows_are_not(rng):
    n = 900
    poor = rng.random(n) < 0.7  # one purchase on one of few days: many customers are equal
    day, amount = rng.integers(1, 20, n), rng.integers(1, 6, n) * 5.0
    columns = {f"c{i}": np.where(poor, v, rng.gamma(2, 9, n)) for i, v in enumerate((day, day, amount, amount, day + 1, amount, day))}
    X, y = pd.DataFrame(columns), rng.integers(0, 2, n)
    assert "duplicate-customers" not in {f.code for f in room.audit(X, y).found}
    rich = np.flatnonzero(~poor)[:40]
    again = room.audit(pd.concat([X, X.iloc[rich]], ignore_index=True), np.r_[y, y[rich]])
    assert "duplicate-customers" in {f.code for f in again.alarms}


def test_an_honest_encoding_is_no_alarm(clean, rng):
    """Shares of leavers at earlier cutoffs are a fair feature."""
    X, y = clean["X"], clean["y"]
    times = X.index.get_level_values("cutoff")
    plan = X["lifecycle__plan"].astype(str)
    earlier = [y[(plan == p) & (times < t)].mean() for p, t in zip(plan[:400], times[:400], strict=True)]
    assert room.audit(X[:400].assign(te=np.nan_to_num(earlier, nan=0.3)), y[:400]).ok


@pytest.mark.parametrize(
    "name",
    [
        *("CancelDate", "cancelled_at", "churn", "is_churned", "has_left", "left", "exit_survey", "closing_reason", "churnScore", "status"),
        *("subscription_status", "end_date", "contract_end_date", "retention_offer", "attrition_flag", "target", "ENDDATE", "score"),
    ],
)
def test_names_of_outcomes(name):
    assert names_outcome(name)


@pytest.mark.parametrize(
    "name",
    [
        *("marital_status", "credit_score", "orders_cancelled_count", "contract__subscriptions_days_to_end", "trial_end_date", "on_time"),
        *("lifecycle__customers_peer_churn_90d", "tickets_closed_days_mean", "Contract", "weekend_share", "left_handed", "MonthlyCharges"),
    ],
)
def test_names_that_only_sound_like_it(name):
    assert names_outcome(name) is None


def test_the_report_prints_shows_and_refuses(clean):
    X = clean["X"].assign(**{"churn_<flag>": clean["y"]})
    report = room.audit(X, clean["y"])
    assert report.findings.columns.tolist() == ["severity", "code", "where", "what", "sure", "cure"]
    assert report.findings["sure"].between(0, 1).all()
    text = repr(report)
    assert "error" in text
    assert "-> " in text
    page = report._repr_html_()
    assert "<table>" in page
    assert "<flag>" not in page
    with pytest.raises(LeakageError, match="churn_<flag>") as refused:
        room.audit(X, clean["y"], raise_on="error")
    assert refused.value.code == "leakage"
    assert refused.value.exit_code == 4
    assert "nothing found" in repr(Audit())
    assert Audit().raise_on("note").ok


def test_wrong_arguments_are_refused(clean):
    with pytest.raises(UsageError, match="raise_on"):
        room.audit(clean["X"], clean["y"], raise_on="alarm")
    with pytest.raises(UsageError, match="rows"):
        room.audit(clean["X"], clean["y"], customers=[1, 2])


def test_the_frame_of_the_caller_is_left_alone(rng):
    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=[0, 1])
    room.audit(X, rng.integers(0, 2, 60))
    assert X.columns.tolist() == [0, 1]


def test_no_customer_id_is_told(clean, rng):
    for kind in ("customer id as feature", "duplicates with new ids", "same snapshot twice"):
        text = repr(room.audit(**LEAKS[kind][0](dict(clean), rng)))
        assert "K0" not in text, kind


def test_telco_gives_no_alarm(shared_data):
    frame = pd.read_parquet(shared_data("flat/telco_ibm.parquet"))
    X = frame.drop(columns=["Churn", "customerID"]).assign(TotalCharges=pd.to_numeric(frame["TotalCharges"], errors="coerce"))
    report = room.audit(X, frame["Churn"])
    assert report.ok, report
    assert not room.audit(X.assign(Churn=frame["Churn"]), frame["Churn"]).ok


def test_a_sample_finds_what_all_rows_show(clean, monkeypatch):
    monkeypatch.setattr(room, "MOST_ROWS", 1000)
    y = clean["y"]
    report = room.audit(clean["X"].assign(late=y + np.random.default_rng(0).normal(0, 0.1, len(y))), y)
    assert [f.code for f in report.errors] == ["predicts-too-well"]


def test_a_driver_before_a_name_hides_nothing():
    from churnpredict.evaluation.audit_names import names_outcome

    assert names_outcome("lifecycle__people_status") == "a status that leaving changes"
    assert names_outcome("lifecycle__customers_cancel_date") == "the moment or manner of leaving"
    assert names_outcome("lifecycle__people_marital_status") is None
    assert names_outcome("marital_status") is None


def test_numbers_given_out_one_after_the_other_are_ids_whatever_their_name():
    import numpy as np
    import pandas as pd

    from churnpredict.evaluation.audit import audit

    rng = np.random.default_rng(0)
    X = pd.DataFrame({"nummer": rng.permutation(400) + 5_000, "cents": rng.integers(100, 900_000, 400), "age": rng.integers(18, 90, 400)})
    found = audit(X, rng.integers(0, 2, 400)).findings
    assert found.loc[found["code"] == "id-as-feature", "where"].tolist() == ['column "nummer"']


def _copied(X, y, rng, share=0.05):
    again = rng.choice(len(X), int(share * len(X)), replace=False)
    return pd.concat([X, X.iloc[again]], ignore_index=True), np.r_[y, y[again]]


def _few_columns(rng, n=1000):
    """Frames without copies, in some of which rows are equal by chance or by kinship of their columns."""
    cents, plan = rng.gamma(2, 30, n).round(2), rng.choice(list("abcdefgh"), n)
    poor = rng.random(n) < 0.4
    told = {
        "two numbers": {"cents": cents, "age": rng.integers(18, 90, n)},
        "two fine numbers": {"a": rng.normal(size=n), "b": rng.normal(size=n)},
        "categories": {f"c{j}": rng.choice(list("abcdefghij"), n) for j in range(9)},
        "a number and texts": {"x": rng.gamma(2, 30, n), "plan": plan, "town": rng.choice([f"town {i}" for i in range(60)], n)},
    }
    kin = {
        "one column": {"cents": cents},
        "with tax": {"net": cents, "gross": (cents * 1.19).round(2)},
        "with its band": {"cents": cents, "band": pd.cut(cents, 20).astype(str)},
        "plan and price": {"plan": plan, "price": pd.Series(plan).map(dict(zip("abcdefgh", (9, 5, 7, 1, 8, 2, 6, 3), strict=True)))},
        "few values": {f"c{j}": rng.integers(0, 4, n) for j in range(4)},
        "mostly empty": {"a": np.where(poor, 0, cents), "b": np.where(poor, 0, rng.integers(1, 9, n)), "c": rng.integers(0, 3, n)},
        "place and region": {"cents": cents, "town": (town := rng.integers(0, 50, n)), "region": (town // 5).astype(str)},
        "bought once": {"sum": (s := rng.integers(1, 40, n) * 5.0), "mean": np.where(poor, s, s / 3), "days": rng.integers(0, 90, n)},
    }
    return {k: pd.DataFrame(v) for k, v in told.items()}, {k: pd.DataFrame(v) for k, v in kin.items()}


@pytest.mark.parametrize("seed", range(4))
def test_copies_are_found_in_any_columns_and_chance_is_no_copy(seed):
    rng = np.random.default_rng(seed)
    told, kin = _few_columns(rng)
    y = rng.integers(0, 2, 1000)
    for kind, X in (told | kin).items():
        assert "duplicate-customers" not in {f.code for f in room.audit(X, y).found}, kind
        same_label = np.ones(1000, int) - (np.arange(1000) < 30)  # nearly all labels agree: they prove nothing
        assert "duplicate-customers" not in {f.code for f in room.audit(X, same_label).found}, kind
    for kind, X in told.items():
        assert "duplicate-customers" in {f.code for f in room.audit(*_copied(X, y, rng)).found}, kind


def test_a_status_under_another_name_is_an_error_only_where_it_tells(rng):
    y = (np.arange(600) < 60).astype(int)
    gone = (y == 1) | (rng.random(600) < 0.5)
    plain = pd.DataFrame({"x": rng.normal(size=600)})
    for name, values in {
        "is_active": ~gone,
        "a__people_state": np.where(gone, "closed", "open"),
        "relation": np.where(gone, "ex", "ok"),
    }.items():
        assert [f.code for f in room.audit(plain.assign(**{name: values}), y).errors] == ["names-outcome"], name
        assert room.audit(plain.assign(**{name: rng.permutation(values)}), y).ok, name
    regions = plain.assign(state=rng.choice(["CA", "NY", "TX"], 600), colour=np.where(gone, "red", "blue"))
    assert room.audit(regions[["x", "state"]], y).ok


def test_a_status_that_all_leavers_share_is_an_error_though_others_have_it_too(rng):
    """Of today's inactive, many had stayed at an earlier cutoff: the AUC is low, and yet all who left are inactive."""
    y = (np.arange(600) < 60).astype(int)
    gone = (y == 1) | (rng.random(600) < 0.5)
    X = pd.DataFrame({"x": rng.normal(size=600), "account_status": np.where(gone, "inactive", "active")})
    assert [f.code for f in room.audit(X, y).errors] == ["names-outcome"]
    honest = X.assign(account_status=rng.choice(["paused", "open"], 600))
    assert room.audit(honest, y).ok is False
    assert not room.audit(honest, y).errors


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%d-%b-%Y", "%Y%m%d"])
def test_dates_as_text_are_dates_whatever_their_order(form, clean, rng):
    """Birthdays warn that they are dates; days that may lie in the past in another order are not called later."""
    X, n = clean["X"], len(clean["y"])
    born = pd.Timestamp("1960-01-01") + pd.to_timedelta(rng.integers(0, 9000, n), unit="D")
    report = room.audit(X.assign(born=born.strftime(form)), clean["y"])
    assert [f.code for f in report.found if f.where == 'column "born"'] == ["date-as-feature"]
    late = X.index.get_level_values("cutoff") + pd.to_timedelta(rng.integers(40, 90, n), unit="D")
    report = room.audit(X.assign(due=pd.Series(late.strftime(form), index=X.index).where(rng.random(n) < 0.5, "")), clean["y"])
    assert [f.code for f in report.errors if f.where == 'column "due"'] == ["date-after-cutoff"]
