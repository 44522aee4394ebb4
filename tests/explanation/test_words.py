"""Words: every number in a sentence is one that anybody can compute again."""

import re

import numpy as np
import pandas as pd
import pytest
from tests.laws.histories import cutoffs_of, features_of, make_history, pairs_of

from churnpredict.errors import UsageError
from churnpredict.explanation.attribution import Explanation, explain
from churnpredict.explanation.drivers import assign_drivers
from churnpredict.explanation.words import UNSAID, Narrator, known_numbers
from churnpredict.feature_names import FAMILIES, GRAMMAR, read_name, subjects_of
from churnpredict.features.build import build_features
from churnpredict.features.feature import AGGREGATES, Feature
from churnpredict.languages.catalogue import LANGUAGES, language_of


def features_of_all(history):
    return build_features(history.tables(), pairs_of(history, cutoffs_of(history)), features=features_of(history))


UNNAMED = ("attribute", "state")  # their names carry a column instead


def told(values, weights=None, *, cutoff="2024-06-01", usual=None, language="en", names=None, k=4):
    """The words for one customer with these feature values, all of which raise the risk."""
    return spoken(made_up([values], weights, cutoff=cutoff, usual=usual), language=language, names=names, k=k)[0]


def made_up(customers, weights=None, *, cutoff="2024-06-01", usual=None):
    """An explanation of customers with these feature values, all of which raise the risk."""
    index = pd.MultiIndex.from_tuples([(i, pd.Timestamp(cutoff)) for i in range(1, 1 + len(customers))], names=["customer_id", "cutoff"])
    X = pd.DataFrame(customers, index=index)
    keys, table = assign_drivers(X.columns)
    phi = np.array([[(weights or {}).get(name, 0.0 if weights else 1.0) for name in X.columns]] * len(X))
    grouped = np.array([[row[[key == d for key in keys]].sum() for d in table] for row in phi])
    return Explanation(X.index, list(X.columns), keys, table, 0.0, grouped.sum(axis=1), grouped, phi, X, usual or {}, X, None, "somebody")


def spoken(why, *, language="en", names=None, k=4):
    return [re.sub(r" \(\u200e?\+[^)]*\)(?=:)", "", text) for text in why.words(k, language=language, names=names)]


def narrated(values, *, money, language="en"):
    """What is said of the only feature of a customer."""
    X = pd.DataFrame([values], index=pd.MultiIndex.from_tuples([(1, pd.Timestamp("2024-06-01"))], names=["customer_id", "cutoff"]))
    keys, table = assign_drivers(X.columns)
    zeros = np.zeros((1, len(table)))
    why = Explanation(X.index, list(X.columns), keys, table, 0.0, zeros[:, 0], zeros, np.zeros(X.shape), X, {}, X, None, "somebody")
    return Narrator(why, language, money=money).fact(0, 0)


@pytest.mark.parametrize("aggregate", [a for a in AGGREGATES if a not in UNNAMED])
def test_every_aggregate_of_the_catalog_is_read_and_told(aggregate):
    takes = AGGREGATES[aggregate].takes
    extra = {"window": "90d"} if takes in ("window", "half-life") else {"nth": 2} if takes == "nth" else {}
    column = "price" if AGGREGATES[aggregate].needs in ("state", "label", "date") else None
    kinds = {"kind": ("Failed Twice",), "replies": (None,)}.get(AGGREGATES[aggregate].needs, (None, "Failed Twice"))
    for kind in kinds:
        name = Feature("my_orders", aggregate, extra.get("window"), kind=kind, nth=extra.get("nth"), column=column, driver="habit").name
        read = read_name(name)
        assert (read.driver, read.aggregate, read.window, read.number) == ("habit", aggregate, extra.get("window", ""), extra.get("nth", 0))
        assert read.subject == "_".join(filter(None, ["my_orders", "failed_twice" if kind else None, column]))
        why = made_up([{name: value} for value in (3.0, 0.0, np.nan)])
        for language in LANGUAGES:
            for said in spoken(why, language=language):
                assert not {"{", "nan"} & set(re.split(r"[^{\w]+", said))


def test_grammar_knows_the_whole_catalog():
    assert set(AGGREGATES) - set(UNNAMED) <= set(GRAMMAR)
    assert set(FAMILIES) <= set(GRAMMAR)
    assert read_name(Feature("customers", "attribute", column="plan").name).aggregate == "plain"


def test_every_aggregate_has_a_sentence_or_is_said_to_say_nothing():
    english = language_of("en").words
    told = set(GRAMMAR) - set(UNSAID) - {"season_sin", "season_cos", "decayed", "last_gap", "last_value"}
    assert {name for name in told if name not in english} == set()


ORDERS = {
    "habit__orders_count_90d": 3.0,
    "habit__orders_count_365d": 28.39,
    "lifecycle__orders_days_since_first": 800.0,
    "habit__orders_days_since_last": 41.2,
    "habit__orders_gap_mean": 12.04,
    "habit__orders_gap_ratio": 3.4,
}
WEIGHTS = {"habit__orders_count_90d": 2.0, "habit__orders_gap_ratio": 1.5, "habit__orders_days_since_last": 0.2}


def test_the_sentence_that_was_asked_for():
    expected = "Habit: 3 orders in the last 90 days, usually 7; last one 41 days ago (20 Apr 2024), usually every 12 days."
    assert told(ORDERS, WEIGHTS) == expected
    assert told(ORDERS, {**WEIGHTS, "habit__orders_gap_ratio": 5.0}) == expected  # what was done, then since when no more
    german = "Gewohnheit: Bestellungen: 3 in den letzten 90 Tagen, sonst 7; zuletzt vor 41 Tagen (20.04.2024), sonst alle 12 Tage."
    assert told(ORDERS, WEIGHTS, language="de") == german
    arabic = "العادة: الطلبات: 3 خلال آخر 90 يومًا، عادةً 7؛ آخر مرة قبل 41 يومًا (20/04/2024)، عادةً كل 12 يومًا."
    assert told(ORDERS, WEIGHTS, language="ar") == arabic


@pytest.mark.parametrize(
    ("values", "usual", "words"),
    [
        ({"habit__orders_count_30d": 1.0}, {"habit__orders_count_30d": 4.0}, "Habit: 1 order in the last 30 days (most customers: 4)."),
        ({"habit__orders_count_30d": 4.0}, {"habit__orders_count_30d": 4.0}, "Habit: 4 orders in the last 30 days."),
        ({"habit__deliveries_count_30d": 1.0}, {}, "Habit: 1 delivery in the last 30 days."),
        ({"competition__market_count_30d": 1.0}, {}, "Competition: offers of competitors: 1 in the last 30 days."),
        ({"habit__usage_count_30d": 5.0}, {}, "Habit: 5 uses in the last 30 days."),
        ({"habit__usage_active_days_7d": 1.0}, {}, "Habit: days with uses in the last 7 days: 1."),
        (
            {"habit__usage_active_days_7d": 2.0},
            {"habit__usage_active_days_7d": 5.0},
            "Habit: days with uses in the last 7 days: 2 (most customers: 5).",
        ),
        ({"habit__orders_count_all": 0.0}, {}, "Habit: no orders so far."),
        ({"habit__orders_days_since_last": np.nan}, {}, "Habit: no orders so far."),
        (
            {"price__prices_price_last_change_pct": 12.5, "price__prices_discount_changes": 0.0},
            {},
            "Price: price: last change +12.5 %; discount: never changed.",
        ),
        ({"habit__orders_stage": 2.0}, {"habit__orders_stage": 1.0}, "Habit: orders: by own rhythm slowing down (most customers: active)."),
        ({"payment__payments_failed_share_90d": 0.5}, {}, "Payment: payments failed: 50 % of all in the last 90 days."),
        ({"MonthlyCharges": 104.5}, {"MonthlyCharges": 70.35}, "Other: MonthlyCharges: 104 (most customers: 70.3)."),
        ({"Contract": "Month-to-month"}, {"Contract": "Two year"}, "Other: Contract: Month-to-month (most customers: Two year)."),
        ({"lifecycle__customers_tenure_days": 40.0}, {}, "Lifecycle: became a customer 40 days ago (22 Apr 2024)."),
        ({"contract__plans_days_to_end": 9.0}, {}, "Contract: plans: the agreed end is in 9 days (10 Jun 2024)."),
        ({"onboarding__orders_days_to_2": np.nan}, {}, "Onboarding: orders: fewer than 2 so far."),
        ({"value__orders_sum_30d": 1234.4}, {}, "Value: orders: 1,234 in total in the last 30 days."),
        ({"habit__orders_gap_sd": np.nan}, {}, "Habit (+23.1 points)."),
        ({"value__orders_mean_all": np.nan}, {}, "Value: no orders so far."),
        ({"value__orders_mean_30d": np.nan}, {}, "Value: no orders in the last 30 days."),
        ({"region": np.nan}, {"region": "North"}, "Other: region: not known."),
        (
            {"habit__logins_active_users_30d": 2.0},
            {"habit__logins_active_users_30d": 9.0},
            "Habit: logins: people active in the last 30 days: 2 (most customers: 9).",
        ),
        ({"habit__logins_active_users_30d": 0.0}, {}, "Habit: logins: nobody active in the last 30 days."),
        ({"habit__logins_lost_users_30d": 0.0}, {}, "Habit: logins: nobody has become inactive in the last 30 days."),
        (
            {"onboarding__logins_first_value_share_90d": 0.25},
            {},
            "Onboarding: logins: 25 % of the people active for the first time in the last 90 days have had a first result.",
        ),
        (
            {"onboarding__logins_first_value_days_90d": 12.0},
            {},
            "Onboarding: logins: people active for the first time in the last 90 days had their first result after 12 days on average.",
        ),
        ({"onboarding__logins_first_value_days_90d": float("nan")}, {}, "Onboarding: logins: no first result of new people on record."),
        ({"habit__logins_concentration_90d": 0.8}, {}, "Habit: logins: the busiest person accounts for 80 % in the last 90 days."),
        ({"habit__logins_busiest_gone_180d": 1.0}, {}, "Habit: logins: the busiest person has gone silent."),
        ({"value__logins_seats_used_30d": 0.4}, {}, "Value: logins: 40 % of the paid seats used in the last 30 days."),
        (
            {"value__logins_seats_change_30d": -0.25},
            {},
            "Value: logins: paid seats in use in the last 30 days: −25 points against the same time before.",
        ),
        ({"value__logins_seats_used_30d": np.nan}, {}, "Value: logins: number of paid seats not known."),
        ({"habit__logins_busiest_gone_180d": np.nan}, {}, "Habit (+23.1 points)."),
        (
            {"habit__logins_busiest_gone_180d": 1.0},
            {"habit__logins_busiest_gone_180d": 0.0},
            "Habit: logins: the busiest person has gone silent.",
        ),
        ({"support__tickets_open_count": 2.0}, {"support__tickets_open_count": 0.0}, "Support: tickets: 2 open (most customers: none)."),
        (
            {"payment__payments_failed_streak": 0.0},
            {"payment__payments_failed_streak": 0.0},
            "Payment: payments failed: not the last time.",
        ),
        ({"value__seats_seats_change_year_pct": 0.0}, {}, "Value: seats: the same as a year ago."),
        ({"price__prices_price_last_change_pct": 0.0}, {}, "Price: price: left unchanged the last time."),
        ({"contract__plans_closed_days_mean": 90.0}, {}, "Contract: plans: ran for 90 days on average."),
        ({"support__tickets_closed_days_mean": 4.0}, {}, "Support: tickets: closed after 4 days on average."),
        ({"habit__clicks_sessions_30d": 12.0}, {}, "Habit: clicks: sessions in the last 30 days: 12."),
        ({"habit__clicks_sessions_30d": 0.0}, {}, "Habit: clicks: no sessions in the last 30 days."),
        (
            {"value__clicks_session_minutes_30d": 7.5},
            {"value__clicks_session_minutes_30d": 20.0},
            "Value: clicks: half of the sessions in the last 30 days were longer than 7.5 min (most customers: 20).",
        ),
        ({"value__clicks_session_events_90d": 4.0}, {}, "Value: clicks: 4 per session in the last 90 days."),
        (
            {"value__clicks_session_depth_change_30d": -1.5},
            {},
            "Value: clicks: different ones per session in the last 30 days: −1.5 against the same time before.",
        ),
        (
            {"value__clicks_session_depth_change_30d": 0.0},
            {},
            "Value: clicks: as many different ones per session in the last 30 days as in the same time before.",
        ),
        ({"payment__invoices_late_rate": 0.4}, {}, "Payment: invoices: 40 % late."),
        ({"payment__invoices_late_days_mean": 6.0}, {}, "Payment: invoices: 6 days late on average."),
        ({"payment__invoices_late_days_last": 0.0}, {}, "Payment: invoices: the last one came on time."),
        ({"payment__invoices_late_days_trend": -4.0}, {}, "Payment: invoices: the last three came 4 days earlier than those before."),
        ({"payment__invoices_late_days_trend": 4.0}, {}, "Payment: invoices: the last three came 4 days later than those before."),
        ({"payment__invoices_overdue_days": 12.0}, {}, "Payment: invoices: 12 days overdue."),
        ({"payment__invoices_overdue_days": np.nan}, {}, "Payment: invoices: none overdue."),
        ({"support__tickets_slow_answer_rate": 0.25}, {}, "Support: tickets: 25 % not answered in time."),
        (
            {"support__tickets_reopenings": 2.0},
            {"support__tickets_reopenings": 0.0},
            "Support: tickets: 2 reopened (most customers: none).",
        ),
        ({"support__tickets_reopened_rate": 0.0}, {}, "Support: tickets: none reopened."),
        ({"support__tickets_renewals": 2.0}, {}, "Support (+23.1 points)."),
    ],
)
def test_sentences(values, usual, words):
    assert told(values, usual=usual) == words


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_what_a_thin_history_does_not_tell_is_told_as_such():
    """What is missing has a reason of its own for every aggregate: none so far, none in the window, not on record."""
    history = make_history(3, n_rows=12, n_customers=6, known_at=False)
    X = features_of_all(history)
    missing = {name: np.nan for name in X if X[name].isna().any() and read_name(name).aggregate != "plain"}
    assert len({read_name(name).aggregate for name in missing}) > 15
    for name in missing:
        for language in LANGUAGES:
            said = told({name: np.nan}, language=language)
            assert not re.search(r"(last|first|letzten|ersten|derniers|последние) *[.,;]", said), name


def test_amounts_carry_the_currency_and_hours_do_not():
    """LANGUAGE.md: a column of hours is never money."""
    X = {"value__orders_max_all": 140.0}
    assert narrated(X, money={"orders": "€"}) == "orders: largest so far €140"
    assert narrated({"value__orders_sum_30d": 1234.4}, money={"orders": "€"}) == "orders worth €1,234 in the last 30 days"
    assert narrated({"value__orders_sum_30d": 1234.4}, money={"orders": "€"}, language="de") == (
        "Bestellungen: im Wert von 1.234\u00a0€ in den letzten 30 Tagen"
    )
    assert narrated({"habit__usage_sum_30d": 14.6}, money={"orders": "€"}) == "uses: 14.6 in total in the last 30 days"


def test_what_says_nothing_to_a_person_gives_its_sentence_to_a_plainer_sibling():
    values = {"habit__orders_gap_sd": 9.0, "habit__orders_weekend_share_90d": 0.6, "habit__orders_count_90d": 2.0}
    assert told(values, dict(zip(values, (5.0, 4.0, 1.0), strict=True))) == "Habit: 2 orders in the last 90 days."
    assert told({"habit__orders_weekend_share_90d": 0.6}) == "Habit (+23.1 points)."


def test_trend_is_told_in_counts():
    with_counts = {"habit__orders_trend_30d": -0.5, "habit__orders_count_30d": 2.0}
    assert told(with_counts, {"habit__orders_trend_30d": 1.0}) == "Habit: 2 orders in the last 30 days, 6 in the same time before."
    more = {**with_counts, "habit__orders_trend_30d": -1.0, "habit__orders_count_30d": 0.0, "habit__orders_count_60d": 5.0}
    assert told(more, {"habit__orders_trend_30d": 1.0}) == "Habit: no orders in the last 30 days, 5 in the same time before."
    assert told({"habit__orders_trend_30d": -0.5}) == "Habit: fewer orders in the last 30 days than in the same time before."


def test_what_is_as_always_is_not_told():
    same = {"habit__orders_last_gap_1": 7.0, "habit__orders_gap_mean": 7.0}
    assert told(same, {"habit__orders_last_gap_1": 1.0}) == "Habit (+23.1 points)."
    others = told(same, {"habit__orders_last_gap_1": 1.0}, usual={"habit__orders_last_gap_1": 30.0})
    assert others == "Habit: orders: 7 days between the last two (most customers: 30 days)."
    even = {"habit__orders_trend_30d": 0.0, "habit__orders_count_30d": 4.0}
    assert told(even, {"habit__orders_trend_30d": 1.0}) == "Habit: 4 orders in the last 30 days."
    nothing = {"value__orders_sum_30d": 0.0, "value__orders_count_30d": 0.0}
    assert told(nothing, {"value__orders_sum_30d": 1.0}, usual={"value__orders_sum_30d": 90.0}) == "Value: no orders in the last 30 days."


def test_a_day_that_began_at_midnight_does_not_slip_in_float32():
    cutoff, last = pd.Timestamp("2024-06-01 13:37:11"), pd.Timestamp("2020-02-29")
    days = float(np.float32((cutoff - last) / pd.Timedelta(days=1)))
    assert "(29 Feb 2020)" in told({"habit__orders_days_since_last": days}, cutoff=cutoff)


def test_kinds_and_columns_are_named_apart():
    parts = subjects_of(["a__pay_count_7d", "a__pay_failed_count_7d", "b__people_region", "b__people_plan", "flat_column"])
    assert parts["pay_failed"] == ("pay", "failed")
    assert parts["people_region"] == ("people", "region")
    assert parts["flat_column"] == ("flat_column", "")
    values = {"payment__pays_count_7d": 0.0, "payment__pays_failed_count_30d": 2.0}
    assert told(values, {"payment__pays_failed_count_30d": 1.0}) == "Payment: 2 pays (failed) in the last 30 days."


def test_words_of_a_model_name_only_what_raises(book):
    model, X, _ = book
    why = explain(model, X.iloc[:150])
    table = why.reasons(4)
    assert (table["points"] > 0).all()
    assert table["rank"].max() <= 4
    assert set(table["nature"]) <= {"actionable", "behavioural", "fixed"}
    raised = why.top(1)["reason_1"].notna().to_numpy()
    words = why.words(4)
    assert (words.str.startswith("Nothing raises") == ~raised).all()
    assert len(table.index.unique()) == raised.sum()
    assert words.equals(explain(model, X.iloc[:150]).words(4))  # deterministic
    assert words.iloc[3:9].equals(Explanation.words(_with_usual(why, slice(3, 9)), 4))


def _with_usual(why, rows):
    part = why[rows]
    assert part.usual == why.usual  # a part is compared with the same rows as the whole
    return part


def test_numbers_are_those_of_the_row(book):
    model, X, _ = book
    why = explain(model, X)
    narrator = Narrator(why)
    j = why.features.index("support__tickets_count_30d")
    for i in range(30):
        said = narrator.fact(j, i)
        n = int(X.iloc[i, X.columns.get_loc("support__tickets_count_30d")])
        assert said.startswith(f"{n or 'no'} ticket{'' if n == 1 else 's'} in the last 30 days")


def test_words_need_features_and_a_known_language(book):
    model, X, _ = book
    with pytest.raises(UsageError, match="only-drivers"):
        explain(model, X.iloc[:200], detail="drivers").words()
    with pytest.raises(UsageError, match="unknown-language"):
        explain(model, X.iloc[:5]).words(language="xx")


def test_amounts_beyond_what_a_feature_holds_are_told_in_digits_that_are_true():
    """A float32 feature of 16,777,217 is 16,777,216, and 1,048,577.49 is 1,048,577.5: six digits are sure."""
    for exact in (16_777_217.0, 1_048_577.49, 98_765_432.1, 2_000_000.0, -16_777_217.0):
        feature = pd.DataFrame({"value__orders_sum_30d": [exact]}, dtype=np.float32)
        said = known_numbers(feature["value__orders_sum_30d"])[0]
        assert said == float(f"{exact:.6g}"), exact
    assert known_numbers(pd.Series([12.34, 99.99, 999_999.0], dtype=np.float32)).round(2).tolist() == [12.34, 99.99, 999_999.0]
    assert known_numbers(pd.Series([16_777_217.0])).tolist() == [16_777_217.0], "what came in double precision is told as it is"


def test_nothing_is_said_once():
    empty = {"payment__payments_count_30d": 0.0, "payment__payments_paid_count_30d": 0.0}
    said = told(empty, {"payment__payments_count_30d": 1.0, "payment__payments_paid_count_30d": 1.0})
    assert said == "Payment: no payments in the last 30 days."
    before = {"payment__payments_sum_30d": 0.0, "payment__payments_trend_30d": -1.0}
    before |= {"payment__payments_count_30d": 0.0, "payment__payments_count_60d": 5.0}
    said = told(before, {"payment__payments_sum_30d": 1.0, "payment__payments_trend_30d": 0.9})
    assert said == "Payment: no payments in the last 30 days, 5 in the same time before."
    other = {"payment__payments_count_30d": 0.0, "payment__payments_paid_count_90d": 0.0}
    said = told(other, {"payment__payments_count_30d": 1.0, "payment__payments_paid_count_90d": 0.9})
    assert said == "Payment: no payments in the last 30 days; no payments (paid) in the last 90 days."


def test_a_column_of_a_profile_is_called_by_its_own_name():
    profile = {"lifecycle__customers_region": "south", "lifecycle__customers_tenure_days": 400.0}
    assert told(profile, {"lifecycle__customers_region": 1.0}) == "Lifecycle: region: south."


def test_the_mark_of_a_kind_that_ends_like_a_measure_is_not_told():
    kind = {"communication__contacts_kind_open_count_30d": 2.0, "communication__contacts_count_30d": 9.0}
    assert told(kind, {"communication__contacts_kind_open_count_30d": 1.0}) == "Communication: 2 contacts (open) in the last 30 days."


def test_contracts_run_and_end_where_tickets_are_open_and_closed():
    names = ("open_count", "closed_count", "open_age", "closed_days_mean")
    said = {}
    for driver in ("contract", "support"):
        for name in names:
            for value in (2.0, 0.0, np.nan):
                said[driver, name, str(value)] = told({f"{driver}__things_{name}": value})
    assert "2 running" in said["contract", "open_count", "2.0"]
    assert "none has ended so far" in said["contract", "closed_count", "0.0"]
    assert "2 ended so far" in said["contract", "closed_count", "2.0"]
    assert "the oldest running one" in said["contract", "open_age", "2.0"]
    for (driver, *_), text in said.items():
        wrong = ("open", "closed") if driver == "contract" else ("running", "ended")
        assert not set(wrong) & set(re.findall(r"\w+", text)), text
