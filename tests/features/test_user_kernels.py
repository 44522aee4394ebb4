"""People inside accounts: a small log worked by hand, names that do not matter, and what is refused. The plain loop and the laws compare
the rest: tests/laws/histories.py declares a user in every history."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")

ROWS = [  # account, person, day of 2024, what was done
    *(("ACME", "ann", day, "edit") for day in range(1, 61, 3)),  # every 3 days until 28 February, then silent
    *(("ACME", "ben", day, "view") for day in (10, 40, 70, 88)),
    ("ACME", "cat", 85, "view"),
    ("ACME", None, 86, "edit"),  # nobody is known to have done it
    *(("BIRCH", "ann", day, "view") for day in (20, 80)),  # another account's person of the same name
    *(("BIRCH", "dan", day, "edit") for day in (21, 80)),
]
CUTOFF = "2024-03-31"  # day 91


def log(rename=None):
    frame = pd.DataFrame(ROWS, columns=["account", "person", "day", "what"])
    frame["at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.pop("day") - 1, unit="D")
    return frame if rename is None else frame.assign(person=frame["person"].map(rename))


def declared(frame, **more):
    return cp.EventTables(logins=cp.Events(frame, customer="account", time="at", kind="what", repeats="keep", **more))


def measure(tables, *features, cutoff=CUTOFF):
    pairs = pd.DataFrame({"customer_id": tables.ids.to_pylist(), "cutoff": cutoff})
    return cp.build_features(tables, pairs, features=[cp.Feature("logins", *f) for f in features]).T.to_numpy().tolist()


def test_a_log_worked_by_hand():
    tables = declared(log(), user="person")
    expected = {
        ("active_users", "7d"): [2, 0],  # ben and cat
        ("active_users", "90d"): [3, 2],
        ("new_users", "30d"): [1, 0],  # cat
        ("lost_users", "30d"): [1, 0],  # ann's last day is one day before the 30
        ("concentration", "90d"): [20 / 25, 2 / 4],
        ("busiest_silence", "180d"): [(91 - 58) / 3, 11 / 59],  # of ann and dan, equally busy and as late, dan has the shorter gap
        ("busiest_gone", "180d"): [1, 0],
        ("kinds_per_user", "90d"): [1, 1],
    }
    found = measure(tables, *expected)
    np.testing.assert_allclose(found, list(expected.values()), rtol=1e-7)


def test_names_and_order_do_not_matter():
    """Names in another order: of equally busy people the choice does not go by name."""
    features = [f for f in cp.catalog(declared(log(), user="person")) if "user" in f.name or "busiest" in f.name or "concentr" in f.name]
    assert len(features) >= 10
    wanted = [(f.aggregate, f.window) for f in features]
    renamed = log({"ann": "z-1", "ben": "m", "cat": "b", "dan": "a"})
    for frame in (renamed, log().iloc[::-1], log({"ann": "04", "ben": "03", "cat": "02", "dan": "01"}).sample(frac=1, random_state=0)):
        np.testing.assert_array_equal(measure(declared(frame, user="person"), *wanted), measure(declared(log(), user="person"), *wanted))


def test_what_happens_from_the_cutoff_on_is_unknown():
    past = log()
    later = pd.DataFrame({"account": "ACME", "person": ["ann", "eve"], "what": "edit", "at": pd.Timestamp(CUTOFF)})
    wanted = [(a, "90d") for a in ("active_users", "new_users", "lost_users", "concentration", "busiest_silence", "busiest_gone")]
    found = measure(declared(pd.concat([past, later]), user="person"), *wanted)
    np.testing.assert_array_equal(found, measure(declared(past, user="person"), *wanted))


def test_without_a_user_nothing_changes_and_features_of_people_are_refused():
    plain, named = declared(log()), declared(log(), user="person")
    rows = cp.catalog(plain)
    assert {f.name for f in rows} < {f.name for f in cp.catalog(named)}
    pairs = pd.DataFrame({"customer_id": plain.ids.to_pylist(), "cutoff": CUTOFF})
    pd.testing.assert_frame_equal(
        cp.build_features(plain, pairs, features=rows), cp.build_features(named, pairs, features=rows), check_exact=True
    )
    with pytest.raises(UsageError, match="needs-column"):
        measure(plain, ("active_users", "30d"))
    with pytest.raises(UsageError, match="needs-column"):  # no item is declared
        measure(named, ("items_per_user", "30d"))
    with pytest.raises(UsageError, match="needs-column"):  # people of one account are not peers of another's
        cp.build_features(named, pairs, features=[cp.Feature("logins", "peer_churn", "30d", column="user")])


def test_a_bounded_history_does_not_know_who_is_new():
    tables = declared(log(), user="person")
    assert not [f for f in cp.catalog(tables, history="180d") if f.aggregate == "new_users"]
    pairs = pd.DataFrame({"customer_id": tables.ids.to_pylist(), "cutoff": CUTOFF})
    found = cp.build_features(tables, pairs, features=[cp.Feature("logins", "new_users", "30d")], history="60d")
    assert found.isna().all(axis=None)


def test_the_lines_of_an_order_belong_to_the_person_of_the_largest():
    frame = log().assign(number=[0, 0, *range(2, len(ROWS))], worth=[1.0, 5.0, *[2.0] * (len(ROWS) - 2)])
    frame.loc[1, "person"] = "zoe"
    found = measure(declared(frame, user="person", order="number", value="worth"), ("active_users", "all"), ("count", "all"))
    assert found == [[4, 2], [len(ROWS) - 5, 4]]


def test_seats_are_those_of_another_table_at_the_cutoff():
    plans = pd.DataFrame({"account": ["ACME", "ACME", "BIRCH"], "from": ["2024-01-01", "2024-03-31", "2024-01-01"], "seats": [4, 100, 0]})
    logins = {"logins": cp.Events(log(), customer="account", time="at", kind="what", repeats="keep", user="person", seats="plans.seats")}
    tables = cp.EventTables(**logins, plans=cp.States(plans, customer="account", time="from", values=["seats"]))
    found = measure(tables, ("seats_used", "90d"), ("seats_used", "7d"), ("seats_change", "30d"))
    np.testing.assert_array_equal(found, [[3 / 4, np.nan], [2 / 4, np.nan], [0, np.nan]])  # ann has left and cat come: two before, two now
    assert {"value__logins_seats_used_90d", "value__logins_seats_change_90d"} <= {f.name for f in cp.catalog(tables)}
    with pytest.raises(UsageError, match="bad-seats"):
        cp.EventTables(**logins)
    with pytest.raises(UsageError, match="no user is declared"):
        cp.EventTables(
            logins=cp.Events(log(), customer="account", time="at", seats="plans.seats"),
            plans=cp.States(plans, customer="account", time="from", values=["seats"]),
        )
    words = cp.States(plans.assign(seats="many"), customer="account", time="from", values=["seats"])
    with pytest.raises(UsageError, match="not numbers"):
        measure(cp.EventTables(**logins, plans=words), ("seats_used", "90d"))


def test_people_are_never_named():
    tables = declared(log(), user="person")
    shown = [repr(tables), tables._repr_html_(), *(f.name for f in cp.catalog(tables))]
    assert not any(who in text for text in shown for who in ("ann", "ben", "dan"))


def valued_log():
    """ann has a value on her third day, ben never, cat at once; in BIRCH dan's value comes from the cutoff on."""
    rows = [
        *(("ACME", "ann", day, worth) for day, worth in ((70, 0.0), (71, None), (73, 5.0), (80, 9.0))),
        *(("ACME", "ben", day, 0.0) for day in (75, 85)),
        ("ACME", "cat", 76, 2.0),
        *(("ACME", "old", day, worth) for day, worth in ((1, 0.0), (90, 4.0))),  # new long ago
        *(("BIRCH", "dan", day, worth) for day, worth in ((80, 0.0), (91, 3.0))),
    ]
    frame = pd.DataFrame(rows, columns=["account", "person", "day", "worth"])
    return frame.assign(at=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.pop("day") - 1, unit="D"))


def test_how_soon_new_people_have_their_first_value():
    frame = valued_log()
    wanted = [("first_value_share", "30d"), ("first_value_days", "30d"), ("first_value_share", "7d"), ("first_value_days", "all")]
    expected = [[2 / 3, 0], [(3 + 0) / 2, np.nan], [np.nan, np.nan], [(3 + 0 + 89) / 3, np.nan]]
    for rows in (frame, frame[frame["at"] < CUTOFF], frame.iloc[::-1]):
        tables = cp.EventTables(logins=cp.Events(rows, customer="account", time="at", user="person", value="worth", repeats="keep"))
        np.testing.assert_allclose(measure(tables, *wanted), expected, rtol=1e-7)
    pairs = pd.DataFrame({"customer_id": ["ACME"], "cutoff": CUTOFF})
    rows = [cp.Feature("logins", *f) for f in wanted]
    assert cp.build_features(tables, pairs, features=rows, history="60d").isna().all(axis=None), "nobody knows who is new"
    names = {f.name for f in cp.catalog(tables)}
    assert {"onboarding__logins_first_value_share_90d", "onboarding__logins_first_value_days_90d"} <= names
    assert not [f for f in cp.catalog(tables, history="365d") if f.aggregate.startswith("first_value")]
    with pytest.raises(UsageError, match="needs-column"):  # no value is declared
        measure(declared(log(), user="person"), ("first_value_days", "30d"))


def test_a_log_whose_kind_is_the_role_says_when_administrators_change():
    frame = log().assign(what=["admin" if who in ("ann", "cat") else "member" for who in log()["person"]])
    tables = declared(frame, user="person")
    found = [f for f in cp.catalog(tables) if f.kind == "admin" and f.aggregate.endswith("users")]
    assert [(f.aggregate, f.window) for f in found] == [("active_users", "90d"), ("new_users", "90d"), ("lost_users", "90d")]
    pairs = pd.DataFrame({"customer_id": ["ACME"], "cutoff": CUTOFF})
    rows = [cp.Feature("logins", a, "30d", kind="admin") for a in ("active_users", "new_users", "lost_users")]
    assert cp.build_features(tables, pairs, features=rows).iloc[0].tolist() == [1, 1, 1]  # cat has come, ann gone
    assert not [f for f in cp.catalog(declared(frame)) if f.kind == "admin" and f.aggregate.endswith("users")]
