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
    assert report.findings.columns.tolist() == ["severity", "code", "where", "what", "sure", "remedy"]
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
