"""The laws of the synthetic business, each beside a fault that breaks it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError, UsageError
from churnpredict.simulation import planting
from churnpredict.simulation.business import Business, make_business
from churnpredict.simulation.planting import DRIVERS, NUMBER, Settings, World, plant

WHO = {"customers": "customer_id", "usage": "user"}
COLUMNS = {
    "customers": ["customer_id", "signup_date", "channel", "region", "plan", "owner"],
    "orders": ["customer", "paid_at", "amount", "product", "order_id"],
    "returns": ["customer", "returned_at", "recorded_at", "order_id", "amount"],
    "usage": ["user", "at", "feature", "kind"],
    "tickets": ["customer", "opened_at", "closed_at", "topic", "severity", "reopened", "satisfaction"],
    "payments": ["customer", "at", "kind", "amount", "days_late"],
    "contacts": ["customer", "at", "kind"],
    "market": ["customer", "at", "kind"],
    "subscriptions": ["customer", "starts", "ends", "plan", "price", "auto_renew", "renews_at"],
    "prices": ["customer", "at", "price", "discount"],
    "cancellations": ["customer", "at", "kind", "stated_reason"],
    "treatments": ["customer", "at", "arm"],
}
TIMES = ("signup_date", "paid_at", "returned_at", "at", "opened_at", "closed_at", "starts", "ends")


def chosen(**changes: object) -> Settings:
    plain = {
        "n_customers": 1500,
        "seed": 0,
        "months": 30,
        "start": pd.Timestamp("2022-01-01"),
        "season": 0.3,
        "trial_days": 0,
        "second_year": 1.0,
        "involuntary": 0.2,
        "distractors": 0.2,
        "signal": 0.0,
        "causes": DRIVERS,
        "spend": 1.0,
        "treatments": False,
    }
    return Settings(**(plain | changes))  # type: ignore[arg-type]


@cache
def world(**changes: object) -> World:
    return plant(chosen(**changes))


@pytest.fixture(scope="module")
def shop() -> Business:
    return make_business(2500, random_state=3, treatments=True, trial="14d", season=0.5)


# --- what is written down -------------------------------------------------------------------------------------------------------------


def test_columns_and_types(shop: Business) -> None:
    assert {name: list(frame.columns) for name, frame in shop.frames.items()} == COLUMNS
    for name, frame in shop.frames.items():
        assert frame.index.equals(pd.RangeIndex(len(frame))), name
        for column in frame:
            if column in (*TIMES, "recorded_at", "renews_at"):
                assert frame[column].dtype == "datetime64[us]", (name, column)
        missing = frame.isna().any()
        assert set(missing[missing].index) <= {"closed_at", "reopened", "satisfaction", "ends", "stated_reason"}, name
    assert shop.frames["customers"]["customer_id"].is_unique
    assert shop.frames["customers"]["customer_id"].str.fullmatch(r"C\d{6}").all()
    assert shop.frames["orders"]["order_id"].is_unique
    assert shop.frames["usage"]["kind"].unique().tolist() != []
    assert set(shop.frames["payments"]["kind"]) == {"paid", "failed", "retried"}
    assert set(shop.frames["contacts"]["kind"]) == {"email", "call", "visit", "open", "click"}
    assert shop.truth.columns.tolist() == ["left_at", "outcome", "driver", "cause_at", "effect"]
    assert shop.truth.index.equals(pd.Index(shop.frames["customers"]["customer_id"], name="customer_id"))
    assert (shop.frames["orders"]["amount"] > 0).all()
    assert (shop.frames["subscriptions"]["price"] >= 0).all()


# --- the true risk --------------------------------------------------------------------------------------------------------------------


def realised(where: World, rows: np.ndarray, day: int, horizon: int) -> np.ndarray:
    return (where.left_day[rows] >= day) & (where.left_day[rows] < day + horizon)


def check_calibrated(pairs: list[tuple[np.ndarray, np.ndarray]], level: float = 0.01) -> None:
    """Mean risk against observed share: over all, and in each tenth of the risk."""
    p, y = np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs]).astype(float)
    assert len(p) > 4000
    assert abs(p.mean() - y.mean()) < level, f"level {p.mean():.4f} against {y.mean():.4f}"
    assert abs((y - p).sum()) < 4 * np.sqrt((p * (1 - p)).sum()), "level, in standard errors"
    for part in np.array_split(np.argsort(p, kind="stable"), 10):
        error = np.sqrt((p[part] * (1 - p[part])).mean() / len(part))
        assert abs(p[part].mean() - y[part].mean()) < max(0.02, 4 * error), f"tenth {p[part].mean():.4f} against {y[part].mean():.4f}"


def test_a_cause_at_work_raises_the_risk(shop: Business) -> None:
    risk = shop.true_risk("2023-06-01", "90d")
    at_work = shop.causes[(shop.causes["cause_at"] <= "2023-06-01") & ~(shop.causes["ended_at"] <= pd.Timestamp("2023-06-01"))]
    struck = risk.index.isin(at_work["customer_id"])
    assert risk[struck].mean() > 4 * risk[~struck].mean()


def test_effects_of_contacts_have_their_sign(shop: Business) -> None:
    with_, without = (shop.true_risk("2023-06-01", "90d", contact=c) for c in (True, False))
    effect = shop.truth["effect"].reindex(with_.index)
    assert (with_[effect > 0] < without[effect > 0]).all()
    assert (with_[effect < 0] > without[effect < 0]).all()
    assert with_[effect == 0].equals(without[effect == 0])
    assert {-1.0, 0.0, 1.0} == set(np.sign(effect))


def test_campaigns_are_a_clean_experiment() -> None:
    where = world(n_customers=6000, seed=31, treatments=True)
    arms: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {1: [], 2: []}
    for number, day in list(enumerate(where.campaigns))[2::2]:
        rows, p = where.risk(int(day), 45, outcome=None, contact=None, quiet=False)
        for arm, pairs in arms.items():
            mine = where.arms[rows, number] == arm
            pairs.append((p[mine], realised(where, rows[mine], int(day), 45)))
    for pairs in arms.values():
        check_calibrated(pairs, level=0.02)
    held, contacted = (np.concatenate([y for _, y in arms[arm]]).mean() for arm in (1, 2))
    assert contacted < held, "contacting helps on the whole"


# --- options --------------------------------------------------------------------------------------------------------------------------


def test_christmas_comes_when_asked_for() -> None:
    def december(season: float) -> float:
        shop = make_business(400, random_state=2, season=season)
        orders = shop.frames["orders"]
        alive = shop.true_risk("2022-12-01", "30d").index
        mine = orders[orders["customer"].isin(alive)]
        return float(
            mine["paid_at"].between("2022-12-08", "2022-12-22").sum() / max(1, mine["paid_at"].between("2022-10-25", "2022-11-08").sum())
        )

    assert december(1.0) > 1.7 * december(0.0)


def test_second_year_and_owners_matter() -> None:
    def around_anniversary(second_year: float) -> float:
        where = world(n_customers=4000, seed=42, second_year=second_year)
        episodes = where.episodes()
        struck = episodes[episodes["cause"] == NUMBER["lifecycle"]]
        return float((struck["first"] - where.join[struck["customer"]]).between(345, 415).mean())

    assert around_anniversary(1.0) > 0.5 > 0.1 > around_anniversary(0.0)
    where = world(n_customers=4000, seed=42, second_year=1.0)
    good = where.traits["owner_quality"] > 0
    assert (where.left_day[good] >= 0).mean() < (where.left_day[~good] >= 0).mean() - 0.03


# --- seeds ----------------------------------------------------------------------------------------------------------------------------


def same(a: Business, b: Business, among: pd.Index | None = None) -> bool:
    """Equal to the last bit, or among some customers."""
    for name in a.frames:
        other = b.frames[name]
        if among is not None:
            other = other[other[WHO.get(name, "customer")].isin(among)].reset_index(drop=True)
        if not a.frames[name].equals(other):
            return False
    return a.truth.equals(b.truth if among is None else b.truth.loc[among])


def test_same_seed_same_business_and_no_global_state() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = (make_business(150, random_state=8, treatments=True) for _ in range(2))
    assert same(one, two)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert not same(one, make_business(150, random_state=9, treatments=True))


def test_a_larger_business_begins_with_the_smaller_one(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = (
        make_business(120, random_state=8, trial="14d", treatments=True),
        make_business(300, random_state=8, trial="14d", treatments=True),
    )
    assert same(small, large, small.truth.index)
    monkeypatch.setattr(planting, "CHUNK", 70)
    assert same(large, make_business(300, random_state=8, trial="14d", treatments=True)), "results do not depend on the chunk"


def test_fault_one_shared_generator_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    shared: dict[str, np.random.Generator] = {}
    monkeypatch.setattr(
        planting.Streams, "__getitem__", lambda self, _: shared.setdefault(str(id(self)), np.random.default_rng(self._seed))
    )
    small, large = make_business(120, random_state=8), make_business(300, random_state=8)
    assert not same(small, large, small.truth.index)


# --- the door -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"n_customers": 0}, "bad-argument"),
        ({"n_customers": 2.5}, "bad-argument"),
        ({"random_state": -1}, "bad-argument"),
        ({"months": 5}, "bad-argument"),
        ({"season": -0.1}, "bad-argument"),
        ({"season": float("nan")}, "bad-argument"),
        ({"trial": "61d"}, "bad-argument"),
        ({"trial": "12h"}, "bad-argument"),
        ({"trial": "soon"}, "bad-span"),
        ({"involuntary": 1.0}, "bad-argument"),
        ({"distractors": 2}, "bad-argument"),
        ({"rule": "inactivty"}, "bad-argument"),
        ({"start": "yesterday-ish"}, "bad-time"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, object], code: str) -> None:
    with pytest.raises(ChurnError) as caught:
        make_business(**({"n_customers": 10} | arguments))  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("2021-12-31", "90d"), "no-such-cutoff"),
        (("2024-07-02", "90d"), "no-such-cutoff"),
        (("2023-01-01 12:00", "90d"), "no-such-cutoff"),
        (("2023-01-01", "36h"), "bad-horizon"),
        (("2023-01-01", "366d"), "bad-horizon"),
        (("2023-01-01", "0d"), "bad-span"),
    ],
)
def test_unknown_risks_are_refused(arguments: tuple[str, str], code: str) -> None:
    with pytest.raises(ChurnError) as caught:
        make_business(10).true_risk(*arguments)
    assert caught.value.code == code
    with pytest.raises(ChurnError, match="bad-argument"):
        make_business(10).true_risk("2023-01-01", outcome=1, meaning="silence")


def test_one_customer_and_the_shortest_records() -> None:
    shop = make_business(1, random_state=0, months=6)
    assert len(shop.truth) == 1
    assert set(shop.frames) == set(COLUMNS) - {"treatments"}
    assert shop.true_risk(shop.end, "90d").between(0, 1).all()


def test_prints_well(shop: Business) -> None:
    lines = repr(shop).splitlines()
    assert lines[0] == "Business of 2,500 customers, 2022-01-01 to 2024-07-01, churn by inactivity"
    assert max(map(len, lines)) < 260
    assert "C0000" not in repr(shop)


# --- together with the tables ---------------------------------------------------------------------------------------------------------


def test_tables_and_rule_go_together(shop: Business) -> None:
    assert shop.tables is shop.tables
    cutoff = "2023-06-01"
    past = cp.take_snapshots(shop.tables, shop.churn, at=cutoff)
    outcomes = cp.label_churn(shop.tables, past, shop.churn)
    left = shop.truth["left_at"].reindex(outcomes.index.get_level_values("customer_id")).to_numpy() < np.datetime64(cutoff)
    assert (outcomes["outcome"].to_numpy()[left] == 1).all(), "who left before is silent for ever"
    silent = shop.true_risk(cutoff, "90d", meaning="silence").reindex(outcomes.index.get_level_values("customer_id")).fillna(1.0)
    assert abs(silent.mean() - (outcomes["outcome"] > 0).mean()) < 0.02


def test_cancellations_are_no_table_where_they_would_be_the_answer() -> None:
    assert "cancellations" not in repr(make_business(200).tables)
    assert "cancellations" in repr(make_business(200, rule="cancellation").tables)


def test_a_clearer_business_leaves_for_the_causes_that_were_chosen() -> None:
    """With ``signal``, causes show longer before customers leave; only those chosen strike; without both nothing has changed."""
    plain, same = (make_business(150, random_state=3, months=12, **more) for more in ({}, {"signal": 0.0, "causes": None, "spend": 1.0}))
    for name, frame in plain.frames.items():
        pd.testing.assert_frame_equal(frame, same.frames[name])
    clear = make_business(600, random_state=3, months=18, signal=1.0, causes=["support", "payment"])
    assert set(clear.causes["driver"]) == {"support", "payment"}
    gone = clear.truth.dropna(subset="left_at")
    usual = make_business(600, random_state=3, months=18).truth.dropna(subset="left_at")
    shows, showed = ((t["left_at"] - t["cause_at"]).dt.days.median() for t in (gone, usual))
    assert shows > 1.2 * showed
    at = clear.start + pd.Timedelta(days=360)
    faint = make_business(600, random_state=3, months=18, causes=["support", "payment"])
    assert clear.true_risk(at, "60d").var() > faint.true_risk(at, "60d").var(), "risks differ more between customers"
    for wrong in ([], "support", ["weather"]):
        with pytest.raises(UsageError, match="bad-argument"):
            make_business(10, causes=wrong)
    rich = make_business(150, random_state=3, months=12, spend=10.0)
    assert rich.frames["orders"]["amount"].sum() == pytest.approx(10 * plain.frames["orders"]["amount"].sum(), rel=1e-3)
    with pytest.raises(UsageError, match="bad-argument"):
        make_business(10, signal=2)
