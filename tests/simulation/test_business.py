"""The laws of the synthetic business, each beside a fault that breaks it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.errors import ChurnError, UsageError
from churnpredict.simulation import planting, records
from churnpredict.simulation.business import Business, make_business
from churnpredict.simulation.planting import DRIVERS, NUMBER, Settings, World, plant

D = pd.Timedelta(days=1)
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


def with_frame(shop: Business, name: str, frame: pd.DataFrame) -> Business:
    return Business(shop.frames | {name: frame}, shop.truth, shop.causes, shop.rule, shop.world)


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


def check_nothing_outside_membership(shop: Business) -> None:
    """No row of any table before the sign-up, after leaving, or outside the records."""
    joined = shop.frames["customers"].set_index("customer_id")["signup_date"]
    for name, frame in shop.frames.items():
        who = frame[WHO.get(name, "customer")]
        left = shop.truth["left_at"].reindex(who).to_numpy()
        for column in set(frame.columns) & set(TIMES):
            time = frame[column].to_numpy()
            assert not (time > left).any(), f"{name}.{column} after leaving"
            assert not (time < joined.reindex(who).to_numpy()).any(), f"{name}.{column} before the sign-up"
            assert not (time >= np.datetime64(shop.end)).any(), f"{name}.{column} after the end"
            if name not in ("cancellations", "subscriptions"):
                assert not (time == left).any(), f"{name}.{column} at the moment of leaving"


def test_nothing_is_recorded_outside_membership(shop: Business) -> None:
    check_nothing_outside_membership(shop)
    late = shop.frames["returns"]
    assert (late["recorded_at"] >= late["returned_at"]).all()
    assert (late["recorded_at"] < shop.end).all()
    assert (late["recorded_at"].to_numpy() > shop.truth["left_at"].reindex(late["customer"]).to_numpy()).any(), "late rows exist"


def test_fault_a_row_after_leaving_is_caught(shop: Business) -> None:
    usage = shop.frames["usage"]
    gone = shop.truth["left_at"].dropna().index[0]
    row = pd.DataFrame({"user": [gone], "at": [shop.truth.loc[gone, "left_at"] + D], "feature": ["lists"], "kind": ["action"]})
    with pytest.raises(AssertionError, match="after leaving"):
        check_nothing_outside_membership(with_frame(shop, "usage", pd.concat([usage, row])))


def check_causes(truth: pd.DataFrame, joined: pd.Series) -> None:
    left = truth["outcome"] > 0
    assert (truth["left_at"].notna() == left).all()
    assert (truth["cause_at"].notna() == left).all()
    assert ((truth["driver"] != "") == left).all()
    assert set(truth["driver"]) == {"", *DRIVERS}
    assert ((truth["outcome"] == 2) == (truth["driver"] == "payment")).all()
    assert (truth["cause_at"][left] + D < truth["left_at"][left]).all(), "cause dated after leaving"
    assert (truth["cause_at"][left] > joined[left]).all()


def test_each_leaver_has_a_dated_cause_and_nobody_else_has(shop: Business) -> None:
    joined = shop.frames["customers"].set_index("customer_id")["signup_date"]
    check_causes(shop.truth, joined)
    wrong = shop.truth.assign(cause_at=shop.truth["left_at"])
    with pytest.raises(AssertionError, match="after leaving"):
        check_causes(wrong, joined)


def test_causes_list_all_episodes_one_at_a_time(shop: Business) -> None:
    causes = shop.causes.sort_values(["customer_id", "cause_at"])
    before = causes.groupby("customer_id")["ended_at"].shift()
    assert (causes["cause_at"][before.notna()] > before.dropna()).all()
    assert (causes.loc[causes["end"] == "left"].set_index("customer_id")["driver"] == shop.truth["driver"][shop.truth["outcome"] > 0]).all()
    assert (causes["end"] == "recovered").mean() > 0.15, "stayers overcome causes"
    assert causes["ended_at"].isna().equals(causes["end"] == "open")


def traces(shop: Business, driver_of: pd.Series) -> pd.DataFrame:
    """Daily rates of each signal between cause and leaving: rows are planted drivers, columns signals."""
    left = shop.truth[shop.truth["outcome"] > 0]
    frames, days = shop.frames, (left["left_at"] - left["cause_at"]) / D

    def between(name: str, time: str, which: pd.Series | None = None) -> pd.DataFrame:
        frame = frames[name] if which is None else frames[name][which]
        who = frame[WHO.get(name, "customer")]
        seen = (frame[time].to_numpy() >= left["cause_at"].reindex(who).to_numpy()) & (
            frame[time].to_numpy() < left["left_at"].reindex(who).to_numpy()
        )
        return frame[seen].assign(who=who[seen])

    usage, payments, contacts = frames["usage"], frames["payments"], frames["contacts"]
    counted = {
        "habit": between("orders", "paid_at"),
        "support": between("tickets", "opened_at"),
        "quality": between("usage", "at", usage["kind"] == "error"),
        "complexity": between("usage", "at", usage["kind"] == "help"),
        "competition": between("market", "at"),
        "communication": between("contacts", "at", contacts["kind"] == "email"),
        "payment": between("payments", "at", payments["kind"] == "failed"),
    }
    group = driver_of.reindex(left.index)
    span = days.groupby(group).sum()
    table = {name: rows["who"].map(group).value_counts().reindex(span.index).fillna(0) / span for name, rows in counted.items()}
    spent = counted["habit"]
    table["value"] = spent.groupby(spent["who"].map(group))["amount"].mean()
    prices = frames["prices"].sort_values(["customer", "at"])
    risen = prices.groupby("customer")["price"].pct_change() > 0.08
    rises = between("prices", "at")
    table["price"] = rises[risen.reindex(rises.index)]["who"].map(group).value_counts().reindex(span.index).fillna(0) / group.value_counts()
    contract = frames["subscriptions"].sort_values("starts").groupby("customer")["auto_renew"].last().reindex(left.index)
    table["contract"] = (~contract.astype(bool)).groupby(group).mean()
    joined = frames["customers"].set_index("customer_id")["signup_date"]
    first = usage[(usage["at"] - usage["user"].map(joined) < 21 * D) & (usage["kind"] == "action")]["user"].value_counts()
    table["onboarding"] = first.reindex(left.index).fillna(0).groupby(group).mean()
    tenure = (left["cause_at"] - joined.reindex(left.index)) / D
    table["lifecycle"] = tenure.between(345, 415).groupby(group).mean()
    return pd.DataFrame(table)


LOWERED = {"habit", "value", "communication", "onboarding"}


def check_traces(table: pd.DataFrame) -> None:
    """Each cause moves its own signal by far more than any other cause does."""
    for driver in DRIVERS:
        own, others = table.loc[driver, driver], table[driver].drop(driver)
        if driver in ("habit", "onboarding"):  # a failed start is quiet in orders too, lost habit in use
            others = others.drop(["onboarding", "habit"], errors="ignore")
        if driver in LOWERED:
            assert own < 0.6 * others.min(), f"{driver}: {own} against {others.min()}"
        else:
            assert own > 1.8 * others.max(), f"{driver}: {own} against {others.max()}"


def test_each_cause_leaves_its_own_trace_before_leaving() -> None:
    shop = make_business(4000, random_state=5)
    check_traces(traces(shop, shop.truth["driver"]))
    left = shop.truth.loc[shop.truth["outcome"] > 0, "driver"]
    mixed = pd.Series(np.random.default_rng(0).permutation(left.to_numpy()), index=left.index)
    with pytest.raises(AssertionError):
        check_traces(traces(shop, mixed))


def test_stayers_have_the_same_troubles(shop: Business) -> None:
    stayed = shop.truth.index[shop.truth["outcome"] == 0]
    clear = set(stayed) - set(shop.causes["customer_id"])  # no cause ever struck them
    assert len(clear) > 300
    payments, prices = shop.frames["payments"], shop.frames["prices"].sort_values(["customer", "at"])
    assert len(clear & set(payments.loc[payments["kind"] == "failed", "customer"])) > 0.15 * len(clear)
    assert len(clear & set(prices.loc[prices.groupby("customer")["price"].pct_change() > 0.08, "customer"])) > 0.01 * len(clear)
    assert len(clear & set(shop.frames["tickets"].loc[shop.frames["tickets"]["reopened"] > 0, "customer"])) > 0.02 * len(clear)
    assert len(clear & set(shop.frames["subscriptions"].loc[~shop.frames["subscriptions"]["auto_renew"], "customer"])) > 0.08 * len(clear)


def test_money_and_terms_agree(shop: Business) -> None:
    prices = shop.frames["prices"].rename(columns={"price": "now"})[["customer", "at", "now"]]
    payments = pd.merge_asof(shop.frames["payments"], prices, on="at", by="customer")
    assert (payments["amount"] == payments["now"]).all()
    terms = shop.frames["subscriptions"].sort_values(["customer", "starts"])
    follows = terms.groupby("customer")["starts"].shift(-1)
    assert (terms["ends"][follows.notna()] == follows.dropna()).all(), "terms follow each other without a gap"
    last = terms.groupby("customer").last()
    assert terms.groupby("customer")["ends"].last().reindex(shop.truth.index).isna().sum() <= len(last)
    ended = terms.drop_duplicates("customer", keep="last").set_index("customer")["ends"]
    pd.testing.assert_series_equal(ended.reindex(shop.truth.index), shop.truth["left_at"], check_names=False)
    assert (terms["renews_at"] > terms["starts"]).all()


def test_trial_is_free_and_first(shop: Business) -> None:
    terms = shop.frames["subscriptions"].sort_values(["customer", "starts"])
    first = terms.drop_duplicates("customer").set_index("customer")
    assert (first["plan"] == "trial").all()
    assert (first["price"] == 0).all()
    paid = shop.frames["payments"].groupby("customer")["at"].min()
    regular = shop.causes[shop.causes["driver"] == "payment"]["customer_id"]
    since = (paid - first["starts"].reindex(paid.index)).drop(regular, errors="ignore")
    assert (since >= pd.Timedelta(days=14)).mean() > 0.999
    assert "trial" not in set(make_business(100).frames["subscriptions"]["plan"])


def test_cancellations_tell_the_outcome_and_often_the_reason() -> None:
    shop = make_business(4000, random_state=9)
    gone = shop.frames["cancellations"].set_index("customer").join(shop.truth)
    assert len(gone) == (shop.truth["outcome"] > 0).sum()
    assert (gone["at"] == gone["left_at"]).all()
    assert ((gone["kind"] == "payment_failure") == (gone["outcome"] == 2)).all()
    stated = gone["stated_reason"].dropna()
    assert abs(len(stated) / len(gone) - 0.6) < 0.04
    right = stated == gone.loc[stated.index, "driver"].map(records.STATED)
    assert 0.7 < right.mean() < 0.85


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


WORLDS = [{"seed": s} for s in range(4)] + [
    {"seed": 11, "season": 1.5},
    {"seed": 12, "trial_days": 14},
    {"seed": 13, "treatments": True},
    {"seed": 14, "treatments": True, "involuntary": 0.5, "second_year": 0.0},
    {"seed": 15, "distractors": 1.0},
]


@pytest.mark.parametrize("outcome", [None, 1, 2])
def test_true_risk_is_calibrated_over_many_seeds(outcome: int | None) -> None:
    pairs = []
    for changes in WORLDS:
        where = world(**changes)
        for day in (210, 365, 560, 800):
            rows, p = where.risk(day, 90, outcome=outcome, contact=None, quiet=False)
            y = realised(where, rows, day, 90)
            if outcome is not None:
                lost = np.array(DRIVERS)[(where.states[rows, np.maximum(where.left_day[rows], 0)] - 1) % len(DRIVERS)] == "payment"
                y &= lost == (outcome == 2)
            pairs.append((p, y))
    check_calibrated(pairs)


def test_fault_a_risk_from_other_hazards_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = [world(**changes) for changes in WORLDS]
    monkeypatch.setattr(planting, "ACUTE", planting.ACUTE * 1.5)
    pairs = []
    for where in worlds:
        for day in (210, 365, 560, 800):
            rows, p = where.risk(day, 90, outcome=None, contact=None, quiet=False)
            pairs.append((p, realised(where, rows, day, 90)))
    with pytest.raises(AssertionError):
        check_calibrated(pairs)


def test_silence_is_calibrated_on_the_orders_themselves() -> None:
    pairs, wrong = [], []
    for seed in range(3):
        shop = make_business(1500, random_state=20 + seed, season=0.3 * seed)
        orders = shop.frames["orders"]
        for cutoff in map(pd.Timestamp, ("2022-09-01", "2022-12-10", "2023-02-01", "2023-06-01", "2024-02-01")):
            p = shop.true_risk(cutoff, "30d", meaning="silence")
            seen = orders.loc[(orders["paid_at"] >= cutoff) & (orders["paid_at"] < cutoff + 30 * D), "customer"].unique()
            pairs.append((p.to_numpy(), ~p.index.isin(seen)))
            wrong.append((shop.true_risk(cutoff, "30d").to_numpy(), pairs[-1][1]))
    check_calibrated(pairs)
    with pytest.raises(AssertionError):
        check_calibrated(wrong)  # leaving is not silence


def oracle_risk(where: World, row: int, day: int, horizon: int) -> float:
    """One customer, one full transition matrix per day, multiplied out."""
    k = len(DRIVERS)
    chance = np.zeros(2 * k + 2)
    chance[where.states[row, day]] = 1.0
    rows = np.array([row])
    for now in range(day, day + horizon):
        step = where.step(rows, now, where.treated(rows, now))
        move = np.zeros((2 * k + 2, 2 * k + 2))
        move[-1, -1] = 1.0
        for c in range(k):
            move[0, 1 + c] = step.onset[c, 0]
            move[1 + c, 1 + k + c] = step.worsen
            move[1 + c, 0] = step.recover_early[0]
            move[1 + k + c, -1] = step.leave[c, 0]
            move[1 + k + c, 0] = step.recover_acute[0]
        move += np.diag(1 - move.sum(axis=1))
        assert (move >= 0).all()
        chance = chance @ move
    return float(chance[-1])


def test_true_risk_equals_the_slow_oracle() -> None:
    where = world(seed=13, treatments=True)
    for day in (100, 500):
        rows, p = where.risk(day, 45, outcome=None, contact=None, quiet=False)
        ill = np.flatnonzero(where.states[rows, day] > 0)[:15]
        for i in [*range(5), *ill]:
            assert p[i] == pytest.approx(oracle_risk(where, int(rows[i]), day, 45), abs=1e-12)


@given(day=st.integers(0, 912), horizons=st.tuples(st.integers(1, 120), st.integers(1, 120)))
@settings(max_examples=10, deadline=None)
def test_risk_grows_with_the_horizon_and_splits_by_outcome(day: int, horizons: tuple[int, int]) -> None:
    where = world(n_customers=300, seed=4)
    short, long = sorted(horizons)
    rows, near = where.risk(day, short, outcome=None, contact=None, quiet=False)
    _, far = where.risk(day, long, outcome=None, contact=None, quiet=False)
    _, left = where.risk(day, long, outcome=1, contact=None, quiet=False)
    _, lost = where.risk(day, long, outcome=2, contact=None, quiet=False)
    assert (near <= far + 1e-15).all()
    assert ((far >= 0) & (far <= 1)).all()
    np.testing.assert_allclose(left + lost, far, atol=1e-12)
    assert (where.join[rows] < day).all()
    assert ((where.left_day[rows] < 0) | (where.left_day[rows] >= day)).all()


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


def test_treatment_log_lists_the_living_only(shop: Business) -> None:
    log = shop.frames["treatments"]
    assert set(log["arm"]) == {"contact", "hold_out"}
    assert abs((log["arm"] == "contact").mean() - 0.5) < 0.05
    assert "treatments" not in make_business(50).frames


# --- options --------------------------------------------------------------------------------------------------------------------------


def check_share_of_lost(where: World, promised: float) -> None:
    ended = where.episodes().query("end == 'left'")
    lost = (ended["cause"] == NUMBER["payment"]).mean()
    assert abs(lost - promised) < 0.05, f"{lost:.3f} against {promised}"


@pytest.mark.parametrize("promised", [0.0, 0.2, 0.5])
def test_share_of_involuntary_leavers(promised: float) -> None:
    where = world(n_customers=4000, seed=41, involuntary=promised)
    check_share_of_lost(where, promised)
    with pytest.raises(AssertionError):
        check_share_of_lost(where, promised + 0.12)


def test_every_voluntary_cause_has_its_share() -> None:
    ended = world(n_customers=4000, seed=41, involuntary=0.2).episodes().query("end == 'left'")
    share = ended["cause"].value_counts(normalize=True)
    assert len(share) == len(DRIVERS)
    assert share.min() > 0.03
    assert share.drop(NUMBER["payment"]).max() < 0.15


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
        struck = where.episodes().query("cause == @NUMBER['lifecycle']")
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
