"""Files as strangers export them: what `init` makes of them, and that the three first commands end in scores."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.cli import business_cases, export_cases, key_cases, made_cases, more_door_cases, stranger_cases  # noqa: F401 - register their cases
from tests.cli.door_cases import CASES, WANTED, D, P
from tests.cli.test_commands import run
from tests.shops import QUICKEST

import churnpredict as cp
from churnpredict.cli.config import parse_config, read_config
from churnpredict.cli.intake.draft_config import Draft, draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles
from churnpredict.errors import ChurnError
from churnpredict.pipeline import churn_pipeline

LEARNER = QUICKEST
RUN = (
    "stripe_subscriptions",
    "spanish_members",
    "german_panel",
    "months_across_german",
    "german_shop_by_join",
    "invoice_lines",
    "typos_in_the_log",
    "customers_with_totals",
    "sap_export_german",
    "headless",
    "members_who_stay_after_the_end",
    "german_history_with_returns",
    "lines_with_prices_of_units",
    "receipts_numbered_in_each_store",
    "files_of_months",
    "policies_renewed_as_new_rows",
    "crm_with_zoned_times_and_days",
    "states_with_both_ends",
    "hubspot_renewal_deals",
    "sqlite_with_tariffs",
    "datev_bookings",
    "woocommerce_totals_on_every_line",
    "french_insurance",
    "segment_events",
)


EXACT = (
    "sap_export_german",
    "french_sales",
    "polish_orders",
    "russian_orders",
    "turkish_orders",
    "totals_below",
    "sqlite_shop",
    "headless",
)


Drafted = Callable[[str], tuple[Draft, Path]]


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Drafted:
    """A function from the name of a case to its draft, made once, and the folder of its files."""

    @functools.cache
    def draft(name: str) -> tuple[Draft, Path]:
        folder = tmp_path_factory.mktemp(name)
        CASES[name](folder)
        profiles, refused = read_profiles(found_files(folder))
        return draft_config(profiles, folder, refused=refused), folder

    return draft


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("name", CASES)
def test_what_a_file_says_is_used(name: str, drafted: Drafted) -> None:
    """As wanted; the horizon is what the library proposes and its comment states it; nothing that tells the outcome describes anybody."""
    wanted = WANTED[name]
    if "error" in wanted:
        with pytest.raises(ChurnError) as caught:
            drafted(name)
        assert caught.value.code == wanted["error"]
        return
    draft, folder = drafted(name)
    found = tomllib.loads(draft.text)
    for key, value in wanted.items():
        table, option = key.split("__", 1)
        section: dict[str, Any] = found["churn"] if table == "churn" else found["tables"][table]
        assert section.get(option) == value, f"{table}.{option}\n{draft.text}"
    assert draft.leavers >= 10
    assert all(r.why or r.kind for r in draft.readings)
    for section in found["tables"].values():
        described = " ".join([*section.get("attributes", []), *section.get("values", [])]).lower()
        assert not any(
            word in described for word in ("status", "churn", "cancel", "ended", "stato", "baja", "gek", "left", "last", "total")
        )
    if found["churn"]["rule"] == "inactivity":
        tables = parse_config(draft.text, folder / "churn.toml").event_tables()
        proposed = cp.accounting.suggest_horizon(tables, of=found["churn"]["of"])
        assert found["churn"]["horizon"] == proposed.horizon == found["churn"]["active_within"]
        line = next(text for text in draft.text.splitlines() if text.startswith("horizon"))
        assert line.count(f"{proposed.days}") >= 2


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("name", RUN)
def test_three_commands_end_in_scores(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**LEARNER))
    CASES[name](tmp_path)
    for command in (["init", "--yes"], ["train"], ["score"]):
        assert run(*command) == 0, f"{command}: {capsys.readouterr().err}"
    assert pd.read_csv("scores.csv")["risk"].between(0, 1).all()


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize(
    "name",
    [*EXACT, "files_of_months", "shop_export_with_totals_on_first_lines", "receipts_numbered_in_each_store"],
)
def test_amounts_are_read_exactly(name: str, drafted: Drafted) -> None:
    """To the last cent, whatever signs stand around them: the sum is that of the file."""
    draft, folder = drafted(name)
    config = parse_config(draft.text, folder / "churn.toml")
    stream = max(config.event_tables().streams.values(), key=lambda s: len(s.columns.get("value", ())))
    assert np.isclose(stream.columns["value"].sum(), D["eur"].sum(), rtol=0, atol=0.01 * len(D) if name.startswith("receipts") else 0.005)
    assert len(stream) == len(D)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("name", ["woocommerce_totals_on_every_line", "datev_bookings", "amounts_in_minor_units", "amounts_in_pence"])
def test_amounts_of_services_are_read_exactly(name: str, drafted: Drafted) -> None:
    draft, folder = drafted(name)
    stream = next(iter(parse_config(draft.text, folder / "churn.toml").event_tables().streams.values()))
    assert len(stream) == len(export_cases.D)
    assert stream.columns["value"].sum() == pytest.approx(export_cases.D["eur"].sum(), abs=0.005)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_lines_of_an_order_are_one_purchase(drafted: Drafted) -> None:
    draft, folder = drafted("invoice_lines")
    tables = parse_config(draft.text, folder / "churn.toml").event_tables()
    assert len(tables.streams["transactions"]) == len(D)
    assert np.isclose(tables.streams["transactions"].columns["value"].sum(), D["eur"].sum(), rtol=0, atol=0.01 * len(D))


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize(
    ("name", "table", "per_row"),
    [
        (
            "lines_with_prices_of_units",
            "order_lines",
            lambda f: f["quantity"] * f["unit_price"] * (1 - f["discount"].str.rstrip("%").astype(float) / 100),
        ),
        ("prices_in_a_list", "order_lines", lambda f: f["qty"] * (5 + 1.5 * f["product_id"])),
        ("nights_and_a_rate", "stays", lambda f: f["nights"] * f["rate"].str.lstrip("$").astype(float)),
        ("cents_and_zeros_for_no_day", "payments", lambda f: f["amount_cents"] / 100),
        (
            "sides_of_a_ledger_and_two_clocks",
            "charges",
            lambda f: f["amount_gross"].str.replace(",", "").astype(float) * np.where(f["S/H"] == "H", -1, 1),
        ),
    ],
)
def test_amounts_that_no_column_states(name: str, table: str, per_row: Any, drafted: Drafted) -> None:
    """The quantity times the price of a unit, less the discount; the price may stand in a list of its own."""
    draft, folder = drafted(name)
    stream = parse_config(draft.text, folder / "churn.toml").event_tables().streams[table]
    written = pd.read_csv(folder / f"{table}.csv")
    assert np.isclose(stream.columns["value"].sum(), per_row(written).sum(), rtol=1e-9)
    assert len(stream) == len(D)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_ids_written_in_two_ways_are_joined_and_it_is_said(drafted: Drafted) -> None:
    draft, folder = drafted("keys_written_in_two_ways")
    found = {r.name: r for r in draft.readings}
    told = [note for r in found.values() for note in r.profile.notes]
    assert any("written in small letters, without signs and leading zeros, as those in" in note for note in told)
    assert not any(str(who) in note for who in P["who"] for note in told)  # no id in a message
    assert set(map(str, found["orders"].customer.codes[1])) <= set(map(str, found["customers"].customer.codes[1]))
    assert len(parse_config(draft.text, folder / "churn.toml").event_tables()) == len(P)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_an_end_that_some_outlive_is_asked_about(tmp_path: Path) -> None:
    """Of those whose contract is over one in nine does something later: enough to ask, too few to know."""
    later = P["gone"] & (P.index % 9 == 0)
    end = P["last"].where(~later, P["first"] + pd.Timedelta(days=1))
    P.assign(end=end.dt.date, start=P["first"].dt.date).rename(columns={"who": "user_id"})[["user_id", "start", "end"]].to_csv(
        tmp_path / "contracts.csv", index=False
    )
    D.rename(columns={"who": "user_id", "at": "seen_at"})[["user_id", "seen_at"]].to_csv(tmp_path / "visits.csv", index=False)
    profiles, _ = read_profiles(found_files(tmp_path))
    asked = []

    def planned(question: Any) -> int:
        asked.append(question.text)
        return 1

    assert "planned_end" in draft_config(profiles, tmp_path, ask=planned).text
    assert len(asked) == 1
    assert "did something after" in asked[0]
    assert 'rule = "subscription_end"' in draft_config(profiles, tmp_path).text


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_totals_of_months_that_are_noise_find_no_signal(drafted: Drafted) -> None:
    """Everything about the usage is noise: only how long a contract has run may say something, and that is not much."""
    draft, folder = drafted("totals_at_month_ends")
    config = parse_config(draft.text, folder / "churn.toml")
    tables, churn = config.event_tables(), config.churn_rule()
    past = cp.take_snapshots(tables, churn, every="30d")
    outcomes = cp.label_churn(tables, past, churn)
    X = cp.build_features(tables, outcomes.index.to_frame(index=False))
    y = outcomes.within().to_numpy()
    of_usage = [c for c in X if "verbruik" in c and X[c].notna().all() and X[c].nunique() > 20]
    assert of_usage
    from churnpredict.evaluation.audit_columns import separation

    assert max(separation(X[c], y) for c in of_usage) < 0.75
    assert cp.audit(X, y).ok or all(f.code not in ("predicts-too-well", "missing-tells") for f in cp.audit(X, y).found)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_flag_of_true_and_false_names_those_who_left(drafted: Drafted) -> None:
    draft, folder = drafted("panel_of_true_and_false")
    tables = parse_config(draft.text, folder / "churn.toml").event_tables()
    written = pd.read_csv(folder / "panel.csv")
    assert len(tables.streams["panel_left"]) == written["churned"].sum()


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_training_refuses_what_check_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A column that somebody writes at the leaving, declared by hand as an attribute."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**LEARNER))
    D.rename(columns={"who": "id", "at": "seen"})[["id", "seen"]].to_csv("visits.csv", index=False)
    P.assign(left_on_day=np.where(P["gone"], 1, 0)).rename(columns={"who": "id"})[["id", "left_on_day"]].to_csv("people.csv", index=False)
    leaving = P[P["gone"]].rename(columns={"who": "id", "last": "day"})[["id", "day"]]
    leaving.to_csv("leavers.csv", index=False)
    text = (
        '[tables.visits]\nkind="events"\nsource="visits.csv"\ncustomer="id"\ntime="seen"\n'
        '[tables.people]\nkind="customers"\nsource="people.csv"\ncustomer="id"\nattributes=["left_on_day"]\n'
        '[tables.leavers]\nkind="events"\nsource="leavers.csv"\ncustomer="id"\ntime="day"\n'
        '[churn]\nrule="cancellation"\nhorizon="400d"\nof="leavers"\n[model]\nevery="20d"\n'
    )
    Path("churn.toml").write_text(text, encoding="utf-8")
    checked = run("check")
    told = capsys.readouterr()
    trained = run("train")
    assert (checked, trained) == (4, 4), told
    assert not Path("churn.model").exists()
    Path("churn.toml").write_text(text + 'raise_on="nothing"\n', encoding="utf-8")
    assert run("train") == 0
    assert read_config("churn.toml").pipeline().raise_on is None


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_what_was_guessed_is_printed_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    CASES["stripe_subscriptions"](tmp_path)
    assert run("init") == 0
    told = capsys.readouterr().out
    assert told.index("subscriptions.csv") < told.index("wrote churn.toml")
    assert "overwritten" in told
    assert 'customers leave when "Ended At (UTC)"' in told.replace("\n", " ")


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_two_readings_that_are_equally_good_are_asked_about(tmp_path: Path) -> None:
    """Days of no more than 12: nothing tells day from month."""
    early = D[(D["at"].dt.day <= 12) & (D["at"].dt.year == 2024)]
    frame = early.assign(day=early["at"].dt.strftime("%m/%d/%Y"))[["who", "day"]].rename(columns={"who": "user_id"})
    frame.sample(frac=1, random_state=0).to_csv(tmp_path / "log.csv", index=False)  # sorted rows would leave no doubt
    profiles, _ = read_profiles([tmp_path / "log.csv"])
    asked = []

    def second(question: Any) -> int:
        asked.append(question.choices)
        return 1

    assert 'format = "%d/%m/%Y"' in draft_config(profiles, tmp_path, ask=second).text
    assert asked == [("%m/%d/%Y", "%d/%m/%Y")]
    assert 'format = "%m/%d/%Y"' in draft_config(profiles, tmp_path).text


REAL = {
    "cdnow": ("inactivity", "transactions", {"customer": "customer_id", "time": "date", "value": "amount", "money": True}),
    "grocery_elog": ("inactivity", "transactions", {"customer": "cust", "time": "date"}),
    "ravenstack": ("cancellation", "churn_events", {"customer": "account_id", "time": "churn_date", "kinds": "reason_code"}),
    "oulad_subset": ("inactivity", "student_vle", {"customer": "id_student", "time": "date", "value": "sum_click", "unit": "d"}),
}


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("name", REAL)
def test_histories_that_others_recorded(name: str, tmp_path: Path, shared_data: Any) -> None:
    rule, table, wanted = REAL[name]
    profiles, refused = read_profiles(found_files(shared_data(name)))
    found = tomllib.loads(draft_config(profiles, tmp_path, refused=refused).text)
    assert (found["churn"]["rule"], found["churn"]["of"]) == (rule, table)
    assert {key: found["tables"][table].get(key) for key in wanted} == wanted


def test_a_flat_table_that_others_recorded(tmp_path: Path, shared_data: Any) -> None:
    profiles, _ = read_profiles([shared_data("flat/telco_ibm.parquet")])
    with pytest.raises(ChurnError, match="flat-table") as caught:
        draft_config(profiles, tmp_path)
    assert "set_index('customerID')" in str(caught.value)
