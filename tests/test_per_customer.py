"""What a person gives per customer is matched by id, whatever holds it, and never by position."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning, IdentityError, SchemaError, UsageError
from churnpredict.per_customer import by_customer, id_form, listed_customers, read_as

IDS = [2, 0, 1]
WORTH = {0: 100.0, 1: 200.0, 2: 300.0}
SCORES = pd.DataFrame({"customer_id": IDS, "risk": [0.9, 0.5, 0.4], "value": 50.0})
FORMS = {
    "mapping": lambda v: v,
    "Series": pd.Series,
    "Series of floats": lambda v: pd.Series(list(v.values()), index=[float(k) for k in v]),
    "nullable": lambda v: pd.Series(list(v.values()), index=pd.Index(list(v), dtype="Int64")),
    "Arrow": lambda v: pd.Series(list(v.values()), index=pd.Index(list(v), dtype=pd.ArrowDtype(pa.int64()))),
    "category": lambda v: pd.Series(list(v.values()), index=pd.CategoricalIndex(list(v))),
    "Decimal": lambda v: {Decimal(k): x for k, x in v.items()},
    "frame": lambda v: pd.DataFrame({"customer_id": list(v), "value": list(v.values())}),
    "by customer and cutoff": lambda v: pd.Series(
        list(v.values()), index=pd.MultiIndex.from_product([list(v), ["2024-01-01"]], names=["customer_id", "cutoff"])
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_values_are_matched_by_id(form):
    plan = cp.plan_retention(SCORES, value=FORMS[form](WORTH), holdout=0)
    assert plan.table.set_index("customer_id")["value"].to_dict() == WORTH


def test_arrays_and_columns_are_in_the_order_of_the_scores():
    wanted = {2: 1.0e3, 0: 2.0e3, 1: 3.0e3}
    column = SCORES.assign(revenue=list(wanted.values()))
    for value in (list(wanted.values()), np.array(list(wanted.values())), pa.array(list(wanted.values())), "revenue"):
        found = cp.plan_retention(column, value=value, holdout=0).table
        assert found.set_index("customer_id")["value"].to_dict() == wanted
    with pytest.raises(SchemaError, match='Did you mean "revenue"'):
        cp.plan_retention(column, value="revenu")


@pytest.mark.parametrize("name", ["value", "uplift", "owner", "offer_cost"])
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (pd.Series({"0": 1.0, "1": 2.0, "2": 3.0}), "id-types-differ"),
        ({"0": 1.0, "1": 2.0, "2": 3.0}, "id-types-differ"),
        (pd.Series([1.0, 2.0, 3.0], index=[0.5, 1.5, 2.5]), "id-types-differ"),
        (pd.Series([1.0, 2.0, 3.0], name="risk"), "default-index"),
        (pd.Series([1.0, 2.0, 3.0, 4.0]), "default-index"),
        (pd.Series([1.0, 2.0], index=[1, 1]), "duplicate-customer"),
        ({7: 1.0, 8: 2.0}, "unknown-ids"),
    ],
    ids=["text", "text keys", "halves", "default", "longer", "twice", "strangers"],
)
def test_ids_that_do_not_fit_are_refused(name, given, code):
    with pytest.raises(IdentityError, match=code):
        cp.plan_retention(SCORES, **{name: given})


@pytest.mark.parametrize("name", ["value", "uplift", "owner", "offer_cost"])
@pytest.mark.parametrize("given", [[1.0, 2.0], np.ones((3, 1)), {1.0, 2.0, 3.0}, iter([1.0, 2.0, 3.0])])
def test_only_arrays_of_the_right_length_are_positional(name, given):
    with pytest.raises(UsageError, match="bad-argument"):
        cp.plan_retention(SCORES, **{name: given})


def test_who_is_missing_and_who_is_nobody_is_counted():
    with pytest.warns(ChurnWarning) as said:
        plan = cp.plan_retention(SCORES, value={0: 1.0, 1: 2.0, 77: 3.0})
    assert {w.message.code for w in said} == {"unknown-ids", "missing-ids"}
    assert any("(1 of 3 rows)" in str(w.message) for w in said)
    assert plan.decisions.set_index("customer_id").loc[2, "decision"] == "no value known"
    with pytest.warns(ChurnWarning, match="unknown-owners"):
        cp.plan_retention(SCORES, owner={0: "ann", 1: "bob", 2: "bob"}, capacity={"ann": 1, "bbo": 1})


def test_the_remedy_says_the_cast():
    with pytest.raises(IdentityError, match=r'series\.index\.astype\("int64"\)'):
        by_customer(pd.Series({"1": 2.0}), [1], "value")
    with pytest.raises(IdentityError, match=r"series\.index\.astype\(str\)"):
        by_customer({1: 2.0}, ["1"], "value")


def test_lists_to_exclude():
    for given in ([2.0], np.array([2]), pd.Series({2: "opted out"}), pa.array([2]), {2}, pd.Index([2, 9])):
        assert cp.plan_retention(SCORES, exclude=given).counts["excluded"] == 1
    for given, code in (
        (["2"], "id-types-differ"),
        (pd.Series([2]), "default-index"),
        (pd.Series(["x"] * 4), "default-index"),
        ([1, "2"], "id-types-differ"),
    ):
        with pytest.raises(IdentityError, match=code):
            cp.plan_retention(SCORES, exclude=given)
    assert listed_customers([2, None, 9], IDS, "exclude").strangers == 2


def log(ids):
    days = pd.date_range("2024-01-01", "2024-12-01", freq="7D")
    return pd.DataFrame([(i, d) for i in ids for d in days], columns=["u", "t"])


@pytest.mark.parametrize("ids", [range(20), [str(i) for i in range(20)]], ids=["numbers", "texts"])
def test_segments_of_a_rate(ids):
    tables = cp.EventTables(visits=cp.Events(log(ids), customer="u", time="t"))
    churn = cp.Inactivity("60d", of="visits")
    segment = {i: "a" if int(i) < 8 else "b" for i in ids}
    wanted = {"a": 8, "b": 12}
    for by in (segment, pd.Series(segment), pd.Series(segment).astype("category"), pd.Series(segment).astype("string")):
        rates = cp.churn_rate(tables, churn, by=by, period="Q", start="2024-04-01", end="2024-06-01")
        assert rates.set_index("group")["customers"].to_dict() == wanted
    other = {(int(i) if isinstance(i, str) else str(i)): s for i, s in segment.items()}
    code = "id-types-differ" if isinstance(ids, range) else "default-index|id-types-differ"  # pandas 3: the default index
    for by, said in ((other, "id-types-differ"), (pd.Series(other), code), (pd.Series([*segment.values(), "a"]), "default-index")):
        with pytest.raises(IdentityError, match=said):
            cp.churn_rate(tables, churn, by=by)
    with pytest.raises(UsageError, match="bad-argument"):
        cp.churn_rate(tables, churn, by=list(segment.values()))


def test_one_form_of_ids():
    for ids in ([1, 2], [1.0, 2.0], np.array([1, 2], np.uint8), pd.array([1, 2], dtype="Int64"), [Decimal(1), Decimal("2.0")]):
        kind, values, missing = id_form(ids)
        assert (kind, list(values), missing.any()) == ("whole numbers", [1, 2], False)
    assert id_form([float(2**53)])[0] != "whole numbers"
    assert id_form([True, False])[0] == "of type boolean"
    assert id_form(["1", 1])[0] == "of several types"
    assert read_as(["007", "7", "8.0", "1e3"], [7]).tolist() == [None, 7, 8, None]
    assert read_as(["007"], ["007"]).tolist() == ["007"]


def test_flags_by_customer_say_who_is_on_a_list_and_who_is_not():
    """``exclude=frame.set_index("id")["opted_out"]`` excluded everybody, those who had not opted out as well."""
    flags = {"a": True, "b": False, "c": np.True_}
    for given in (flags, pd.Series(flags), pd.Series(flags, dtype="boolean")):
        assert listed_customers(given, ["a", "b", "c", "d"], "exclude").found.tolist() == [True, False, True, False]
    for given in ({"a": True, "b": None}, pd.Series([True, None], index=["a", "b"], dtype="boolean"), {"a": True, "b": "asked us"}):
        with pytest.raises(UsageError, match="flags"):
            listed_customers(given, ["a", "b"], "exclude")
