# ruff: noqa: E501 - one input, one line
"""Every bad input that real data are known to bring, by number: refused (E), warned of (W) or taken in silence (S), as documented.

One row or more per number. docs/bad-inputs.md is made of this table. Longer than most modules because it is one table and its builders.
"""

import decimal
import errno
import functools
import gzip
import io
import itertools
import pickle
import re
import subprocess
import sys
import threading
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError, ChurnWarning, OutputError
from churnpredict.files import write_text, write_whole
from churnpredict.model.encoding import MatrixEncoder
from churnpredict.model_file import archive
from churnpredict.pipeline.scoring import check_risks
from churnpredict.spans import span
from churnpredict.table_files import write_frame

TOTAL = 62
GROUPS = {"Keys": range(1, 24), "Time": range(24, 41), "Labels": range(41, 48), "Values": range(48, 58), "Files and machine": range(58, 63)}
MODEL = Path(__file__).parent / "data" / "models" / "format_1.model"


@dataclass(frozen=True)
class Bad:
    """One row: number, title, what must happen ("E code", "W code", "S"), what to do in a folder, and how it is handled where it is taken.

    A builder asserts on its own that what is taken is taken right.
    """

    number: int
    title: str
    must: str
    build: object
    handled: str = ""


def log(**columns):
    frame = {"user": ["a", "a", "b", "c"], "at": ["2024-01-01", "2024-02-20", "2024-01-15", "2024-03-31"], "eur": [1.0, 2.0, 3.0, 4.0]}
    return pd.DataFrame(frame | columns)


def guests():
    users = ["guest"] * 90 + [f"c{i}" for i in range(40)]
    return pd.DataFrame({"user": users, "at": pd.date_range("2024-01-01", periods=len(users), freq="D")})


def orders(source=None, **roles):
    settings = {k: roles.pop(k) for k in ("timezone", "observed_until") if k in roles}
    return cp.EventTables(orders=cp.Events(log() if source is None else source, **{"customer": "user", "time": "at"} | roles), **settings)


def with_people(people, source=None, **roles):
    events = cp.Events(log() if source is None else source, customer="user", time="at")
    return cp.EventTables(orders=events, people=cp.Customers(people, **{"customer": "id"} | roles))


def count_all(tables, cutoff="2024-04-10", **feature):
    pairs = pd.DataFrame({"customer_id": tables.ids.to_pylist(), "cutoff": cutoff})
    row = cp.Feature("orders", feature.pop("aggregate", "count"), feature.pop("window", "all"), **feature)
    return cp.build_features(tables, pairs, features=[row]).iloc[:, 0].tolist()


def last_days(_):
    frame = pd.DataFrame({"id": [1, 1, 1, 1], "a": ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]})
    frame["b"] = ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]
    tables = cp.EventTables(plans=cp.Intervals(frame, customer="id", start="a", end="b"), observed_until="2024-08-01")
    assert len(cp.take_snapshots(tables, cp.SubscriptionEnd("30d", of="plans", grace="0d"), at="2024-03-31 12:00")) == 1


def prices_at_one_moment(n):
    prices = pd.DataFrame({"id": ["a", "a", *map(str, range(n))], "at": "2024-01-01", "price": [10.0, 20.0, *[1.0] * n]})
    return cp.EventTables(prices=cp.States(prices, customer="id", time="at", values=["price"]))


def busy(missing_day=None):
    days = pd.date_range("2024-01-01", periods=40)
    days = days.delete(missing_day) if missing_day is not None else days
    return pd.DataFrame(
        {
            "user": np.tile(np.arange(40), len(days)),
            "at": np.repeat(days, 40) + pd.to_timedelta(np.tile(np.arange(40), len(days)), unit="min"),
        }
    )


def csv(folder, text):
    path = folder / "rows.csv"
    path.write_text(text)
    return str(path)


def truncated_parquet(folder):
    path = folder / "broken.parquet"
    pa.parquet.write_table(pa.Table.from_pandas(log()), path)
    path.write_bytes(path.read_bytes()[:-30])
    return orders(str(path))


def taken(tables, counts):
    assert count_all(tables) == counts
    return tables


def extra_and_reordered(_):
    given = log(extra="x")[["extra", "eur", "at", "user"]]
    return taken(orders(given, value="eur"), count_all(orders(value="eur")))


def no_timezone(_):
    for zone in (None, 5, "Europe", "UTC+1", "../etc"):
        with pytest.raises(ChurnError, match="unknown-timezone"):
            orders(timezone=zone)
    return orders(timezone=pd.Timestamp("2024", tz="Europe/Berlin").tz)


def half_precision(_):
    tables = orders(log(what=np.array([1.1, 2, 1.1, 2], np.float16), eur=np.array([1.1, 2, 1.1, 2], np.float16)), kind="what", value="eur")
    assert tables.labels["orders"]["kind"].to_pylist() == ["1.1", "2"]
    assert sorted(tables.streams["orders"].columns["value"].tolist()) == [1.1, 1.1, 2.0, 2.0]
    with pytest.raises(ChurnError, match="float-id"):
        orders(log(user=np.array([1, 1, 2, 3], np.float16)))
    return tables


def orders_until(moment):
    return cp.EventTables(orders=cp.Events(log(), customer="user", time="at"), observed_until=moment)


def fiscal(_):
    tables = orders_until("2025-06-01")
    rates = cp.churn_rate(tables, cp.Inactivity("3 months"), period="Q-JAN", start="2024-02-01", end="2024-06-01", min_group=1)
    assert rates["period"].tolist() == ["2025Q1", "2025Q2"]
    assert span("1y").months == 12


def dst(_):
    """A wall time that is skipped moves forward; one that comes twice is its first."""
    frame = pd.DataFrame({"user": ["a", "b"], "at": pd.to_datetime(["2024-03-31 02:30", "2024-10-27 02:30"])})
    times = orders(frame, timezone="Europe/Berlin").stream("orders").times.astype("datetime64[us]")
    assert [str(t)[:16] for t in times] == ["2024-03-31T01:00", "2024-10-27T00:30"]


def date_only_rows(_):
    """A row of a day is its midnight: known to a cutoff at noon of that day, not to one at midnight."""
    frame = pd.DataFrame({"user": ["a", "a"], "at": ["2024-01-01", "2024-03-01"]})
    assert count_all(orders(frame), "2024-03-01 12:00") == [2]
    assert count_all(orders(frame), "2024-03-01") == [1]


def late_arrival(_):
    frame = log(seen=["2024-01-01", "2024-05-01", None, "2024-03-31"])
    assert count_all(orders(frame, known_at="seen")) == [1, 1, 1]
    assert count_all(orders(frame, known_at="seen"), "2024-05-02") == [2, 1, 1]


def future_rows(_):
    before = count_all(orders(), "2024-02-01")
    more = pd.concat([log(), log(at="2024-06-01")])
    assert count_all(orders(more), "2024-02-01") == before


def names_of_all_kinds(folder):
    names = {"user": 'the "customer"', "at": "when it's", "eur": "paid 💶 {}[]:,"}
    frame = log().rename(columns=names)
    roles = {"customer": names["user"], "time": names["at"], "value": names["eur"]}
    path = folder / "names.parquet"
    pa.parquet.write_table(pa.Table.from_pandas(frame), path)
    for source in (frame, str(path)):
        assert count_all(orders(source, **roles), aggregate="sum") == [3, 3, 4]


def hostile_ids(_):
    ids = ["'; DROP TABLE users; --", "'; DROP TABLE users; --", 'say "hi"', "\\x00,\t"]
    assert sorted(orders(log(user=ids)).ids.to_pylist()) == sorted(set(ids))


def big_integers(_):
    frame = pd.DataFrame({"user": ["a", "a", "b"], "at": ["2024-01-01", "2024-01-02", "2024-01-03"], "n": [2**62, 2**62, 5]})
    with pytest.warns(ChurnWarning, match="huge-value"):
        assert count_all(orders(frame, value="n"), aggregate="sum")[0] == np.float32(2.0**63)  # does not wrap to a negative sum


def decimals(_):
    from decimal import Decimal

    frame = pa.table({"user": ["a", "a"], "at": ["2024-01-01", "2024-01-02"], "d": pa.array([Decimal("1.10"), Decimal("2.20")])})
    assert count_all(orders(frame, value="d"), aggregate="sum") == [np.float32(3.3)]


def currencies(_):
    """Converted by the declared rates; one currency needs none; in partitions the mixture is seen in the whole."""
    mixed = log(cur=["EUR", "USD", "USD", "EUR"])
    rates = {"EUR": 1.0, "USD": 0.5}
    assert count_all(orders(mixed, value="eur", currency="cur", rates=rates), aggregate="sum") == [2.0, 1.5, 4.0]
    assert count_all(orders(log(cur="EUR"), value="eur", currency="cur"), aggregate="sum") == [3, 3, 4]
    apart = cp.Events(log(cur=["EUR", "EUR", "USD", "EUR"]), customer="user", time="at", value="eur", currency="cur")
    with pytest.raises(ChurnError, match="mixed-currency"):
        cp.runs.scan_tables(orders=apart, partitions=100)
    with pytest.raises(ChurnError, match="bad-rate"):
        orders(mixed, value="eur", currency="cur", rates={"EUR": 1.0, "USD": -1})


def nan_and_null(_):
    """One missing value written in four ways."""
    null = pa.table({"user": ["a", "a"], "at": ["2024-01-01"] * 2, "v": pa.array([5.0, None]), "k": pa.array([1.0, None])})
    nan = pl.DataFrame({"user": ["a", "a"], "at": ["2024-01-01"] * 2, "v": np.array([5.0, -np.nan]), "k": [1.0, float("nan")]})
    for frame in (null, nan, nan.to_pandas(), null.to_pandas()):
        tables = orders(frame, value="v", item="k")
        assert count_all(tables, aggregate="sum") == [5.0]
        assert count_all(tables, aggregate="distinct") == [1.0]
        assert np.isnan(count_all(tables, aggregate="last_value", window=None, nth=1)).all()  # ties: missing last, in every source


def sums(tables, expected):
    assert count_all(tables, aggregate="sum") == expected
    return tables


def bytes_in(folder, content):
    (folder / "rows.csv").write_bytes(content)
    return str(folder / "rows.csv")


def exact_text_ids(folder):
    for ids, expected in (((2**53, 2**53 + 1), [2**53, 2**53 + 1]), ((1, 2**63), ["1", str(2**63)])):
        assert orders(csv(folder, f"user,at\n{ids[0]},2024-01-01\n{ids[1]},2024-01-02\n")).ids.to_pylist() == expected


def decimal_ids(_):
    ids = [decimal.Decimal(2**53), decimal.Decimal(2**53 + 1)]
    tables = orders(pa.table({"user": pa.array(ids, pa.decimal128(38, 2)), "at": ["2024-01-01"] * 2}))
    assert tables.ids.to_pylist() == [2**53, 2**53 + 1]


def stored_labels(_):
    for kind in ([1, None, 2, 1], ["1", "", "2", "1"], [decimal.Decimal("1.00"), None, decimal.Decimal(2), decimal.Decimal(1)]):
        assert orders(log(what=kind), kind="what").labels["orders"]["kind"].to_pylist() == ["1", "2"]


def csv_labels(folder):
    given = ["yes", "no", "1.10", "1.1", "12E4", "120000", "0x1F", "31", "007", "7"]
    text = "user,at,what\n" + "".join(f"a,2024-01-{i + 1:02},{label}\n" for i, label in enumerate(given))
    assert orders(csv(folder, text), kind="what").labels["orders"]["kind"].to_pylist() == sorted(given)


def nearly_iso(_):
    for text in ("2024-01-01T00:00:00.0000000", "2024-01-01 00:00:00 UTC", "2023-12-31 19:00:00 -0500", "20240101T000000Z"):
        assert orders(log(at=text), repeats="keep").stream("orders").times[0] == 1_704_067_200_000_000


def text_zero_ids(folder):
    tables = orders(csv(folder, "user,at\n007,2024-01-01\n008,2024-01-02\n"))
    assert tables.ids.to_pylist() == ["007", "008"]


def overlap_is_one(_):
    """Two contracts that overlap, one of them ending first: nobody left when it ended."""
    frame = pd.DataFrame({"user": ["a", "a"], "at": ["2024-01-01", "2024-02-01"], "end": ["2024-03-01", "2024-12-01"]})
    tables = cp.EventTables(plans=cp.Intervals(frame, customer="user", start="at", end="end"), observed_until="2025-03-01")
    pairs = pd.DataFrame({"customer_id": ["a", "a"], "cutoff": ["2024-02-15", "2024-11-15"]})
    assert cp.label_churn(tables, pairs, cp.SubscriptionEnd("30d", of="plans"))["outcome"].tolist() == [0, 1]


def placeholder_is_open(_):
    frame = pd.DataFrame({"user": ["a"] * 3, "at": ["2024-01-01", "2024-01-02", "2024-01-03"], "end": ["9999-12-31", None, "2024-02-01"]})
    tables = cp.EventTables(plans=cp.Intervals(frame, customer="user", start="at", end="end"), observed_until="2024-06-01")
    pairs = pd.DataFrame({"customer_id": ["a"], "cutoff": ["2024-05-01"]})
    assert cp.build_features(tables, pairs, features=[cp.Feature("plans", "open_count")]).iloc[0, 0] == 2


def purged(_):
    """No row trains whose outcome window reaches the tested cutoff."""
    X = pd.DataFrame({"x": range(10)}, index=pd.Index(pd.date_range("2024-01-01", periods=10, freq="10D"), name="cutoff"))
    folds = list(cp.TemporalSplit(2, horizon="30d").split(X))
    assert len(folds) == 2
    assert all(X.index[train].max() + np.timedelta64(30, "D") <= X.index[test].min() for train, test in folds)


# --- matrices and labels ---


def matrix(n=400, leavers=200):
    """Rows of a matrix in which silence tells a little of who leaves."""
    rng = np.random.default_rng(0)
    y = np.zeros(n, int)
    y[rng.permutation(n)[:leavers]] = 1
    X = pd.DataFrame({"habit__orders_days_since_last": rng.exponential(20 + 20 * y), "lifecycle__plan": rng.choice(["a", "b", "c"], n)})
    return X, y


def fitted(y, n=400, **settings):
    X, _ = matrix(n)
    return cp.ChurnClassifier(members=["linear"], n_jobs=1, **settings).fit(X, y)


@functools.cache
def model():
    return fitted(matrix()[1])


def audited(code, **columns):
    """Refused by the audit, for the reason meant."""
    X, y = matrix()
    X = X.assign(**{name.replace("__", "_"): make(y) for name, make in columns.items()})
    X.index = pd.MultiIndex.from_arrays(
        [np.arange(len(X)), np.full(len(X), np.datetime64("2024-01-01", "us"))], names=["customer_id", "cutoff"]
    )
    assert code in {f.code for f in cp.audit(X, y, horizon="30d").errors}
    cp.audit(X, y, horizon="30d", raise_on="error")


def after_leaving(y):
    """A date of the time after the cutoff, for leavers alone."""
    return pd.Series(np.where(y == 1, np.datetime64("2024-01-20"), np.datetime64("2023-12-01"))).to_numpy()


def same_customers(_):
    X, y = matrix()
    cutoffs = pd.to_datetime(["2024-01-01", "2024-03-01", "2024-05-01", "2024-07-01"])
    X.index = pd.MultiIndex.from_product([range(100), cutoffs], names=["customer_id", "cutoff"])
    found = cp.audit(X, y, horizon="30d", folds=cp.TemporalSplit(2, horizon="30d"))
    assert found.ok
    assert "same-customer" in set(found.findings["code"])
    apart = cp.audit(X, y, horizon="30d", folds=cp.TemporalSplit(2, horizon="30d", apart=True))
    assert "same-customer" not in set(apart.findings["code"])


def unseen(share):
    X, _ = matrix()
    X.loc[X.index[: int(share * len(X))], "lifecycle__plan"] = "new plan"
    risk = model().predict_proba(X)[:, 1]
    assert ((risk > 0) & (risk < 1)).all()


def any_categories(_):
    """Text, categories and categories in another order are one thing."""
    X, _ = matrix()
    expected = model().predict_proba(X)
    for kind in ("category", pd.CategoricalDtype(["c", "x", "b", "a"]), object):
        np.testing.assert_array_equal(model().predict_proba(X.astype({"lifecycle__plan": kind})), expected)


def many_categories(rows_each):
    """100,000 categories; some are frequent."""
    names = np.concatenate([np.repeat([f"item {i}" for i in range(100_000)], rows_each), np.repeat(["often", "also"], 5_000)])
    encoder = MatrixEncoder().fit(pd.DataFrame({"lifecycle__item": names.astype(object)}))
    codes = encoder.transform(pd.DataFrame({"lifecycle__item": ["often", "also", "item 99999"]}))[:, 0]
    assert sorted(codes[:2]) == [0, 1]
    assert len(encoder.levels[0]) == 1000
    assert codes[2] == 1000  # the code of all the rest


# --- files ---


def refused_model(folder, content):
    path = folder / "churn.model"
    path.write_bytes(content)
    cp.load(path)


def edited(name, old, new):
    """The good model with a part edited, packed again."""
    parts = archive.unpack(MODEL.read_bytes())
    assert old in parts[name]
    return archive.pack(parts | {name: parts[name].replace(old, new, 1)})


def bomb():
    """An archive of a good beginning that would unpack to 40 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", b"0" * 40_000_000)
    return out.getvalue()


class Spy:
    """A pickle of it would leave a file behind when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def pickled(folder):
    try:
        refused_model(folder, pickle.dumps(Spy(folder / "opened")))
    finally:
        assert not (folder / "opened").exists()


def old_model(_):
    assert cp.load(MODEL).model_id_


def leaves_nothing(folder, write):
    """Whatever fails, no file is left, and what stood there still stands."""
    folder.joinpath("scores.csv").write_text("before")
    try:
        write(folder)
    finally:
        assert [p.name for p in folder.iterdir()] == ["scores.csv"]
        assert folder.joinpath("scores.csv").read_text() == "before"


def disk_full(folder):
    def write(file):
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    leaves_nothing(folder, lambda d: write_whole(d / "scores.csv", write))


def folder_is_a_file(folder):
    leaves_nothing(folder, lambda d: write_frame(d / "scores.csv" / "more.csv", log()))


def name_is_a_folder(folder):
    (folder / "scores.csv").mkdir()
    try:
        write_frame(folder / "scores.csv", log())
    finally:
        assert [p.name for p in folder.iterdir()] == ["scores.csv"]


def output_exists(folder):
    leaves_nothing(folder, lambda d: cp.runs.write_features(orders(), cp.Inactivity("30d"), d / "scores.csv", at="2024-02-25"))


def killed(folder):
    """The process dies while it writes; another writes again."""
    target = folder / "scores.csv"
    write_text(target, "before")
    program = (
        "import os, sys\n"
        "from churnpredict.files import write_whole\n"
        "write_whole(sys.argv[1], lambda file: (file.write(b'half'), file.flush(), os._exit(9)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(target)], capture_output=True, check=False, timeout=60)
    assert done.returncode == 9
    assert target.read_text() == "before"
    assert write_text(target, "after").read_text() == "after"


def two_writers(folder):
    """Whoever comes last; never a mixture."""
    target, texts = folder / "scores.csv", [letter * 500_000 for letter in "ab"]
    threads = [threading.Thread(target=write_text, args=(target, text)) for text in texts * 4]
    for thread in threads:
        thread.start()
    seen = {
        target.read_text() for _ in itertools.takewhile(lambda _: any(t.is_alive() for t in threads), itertools.count()) if target.exists()
    }
    for thread in threads:
        thread.join()
    assert seen | {target.read_text()} <= set(texts)
    assert [p.name for p in folder.iterdir()] == ["scores.csv"]


def giant(_):
    times = pd.date_range("2024-01-01", periods=210_000, freq="min")
    with cp.runs.scan_tables(
        orders=cp.Events(pd.DataFrame({"user": 1, "at": times}), customer="user", time="at"), memory="670MB"
    ) as tables:
        list(tables)


def cut_gzip(folder):
    path = folder / "rows.csv.gz"
    text = "user,at\n" + "".join(f"{i},2024-01-{i % 28 + 1:02d}\n" for i in range(5000))
    path.write_bytes(gzip.compress(text.encode())[:-500])
    return orders(str(path))


SCORES = pd.DataFrame({"customer_id": [1, 2], "risk": [0.9, 0.2]})


def by_segment(segments):
    visits = pd.DataFrame({"user": [1, 2, 3] * 20, "at": pd.date_range("2024-01-01", periods=60, freq="6D")})
    return cp.churn_rate(orders(visits), cp.Inactivity("30d"), by=segments)


TABLE = [
    # keys
    Bad(1, "empty table", "E empty-table", lambda _: orders(log()[:0])),
    Bad(1, "empty table, optional", "W empty-table", lambda _: cp.EventTables(orders=cp.Events(log(), customer="user", time="at"), calls=cp.Events(log()[:0], customer="user", time="at", optional=True))),
    Bad(1, "empty table without types, optional", "W empty-table", lambda _: cp.EventTables(orders=cp.Events(log(), customer="user", time="at"), calls=cp.Events(pd.DataFrame({"user": [], "at": []}), customer="user", time="at", optional=True))),
    Bad(2, "nobody at risk at a cutoff", "E nobody-at-risk", lambda _: cp.take_snapshots(orders(), cp.Inactivity("30d"), at=["2024-03-15", "2024-12-01"])),
    Bad(3, "a few exact duplicates", "W repeated-rows", lambda _: orders(pd.concat([log(), log(at="2024-04-01"), log()[:1]]), value="eur")),
    Bad(3, "the table twice", "E repeated-rows", lambda _: orders(pd.concat([log(), log()]), value="eur")),
    Bad(3, "equal rows that are real", "S", lambda _: taken(orders(pd.concat([log(), log()]), value="eur", repeats="keep"), [4, 2, 2]), "Kept with `repeats=\"keep\"`; `repeats=\"drop\"` counts them once."),
    Bad(4, "same event id, different content", "E event-id", lambda _: orders(log(no=[1, 2, 2, 3]), id="no", value="eur")),
    Bad(4, "same event id, same content", "W repeated-event", lambda _: taken(orders(pd.concat([log(no=[1, 2, 3, 4]), log(no=[1, 2, 3, 4])]), id="no", value="eur"), [2, 1, 1])),
    Bad(4, "missing event ids are not one event", "S", lambda _: taken(orders(log(no=["1", None, None, "4"]), id="no"), [2, 1, 1]), "Rows without an id are kept: they repeat nothing."),
    Bad(4, "event ids beyond 2^53 as float", "E float-id", lambda _: orders(log(no=[2.0**60] * 4), id="no")),
    Bad(5, "duplicate customer", "E duplicate-customer", lambda _: with_people(pd.DataFrame({"id": ["a", "b", "a", "c"]}))),
    Bad(5, "duplicate customer among categories", "E duplicate-customer", lambda _: with_people(pd.DataFrame({"id": pd.Categorical(["a", "b", "a"], categories=list("abcd"))}))),
    Bad(6, "events of unknown customers", "W unknown-customer", lambda _: taken(with_people(pd.DataFrame({"id": ["a", "b"]})), [2, 1])),
    Bad(6, "guests who share one id", "W shared-customer", lambda _: orders(guests())),
    Bad(7, "int and str ids", "E id-types-differ", lambda _: with_people(pd.DataFrame({"id": [1, 2]}))),
    Bad(7, "segments whose ids are text, where the tables have numbers", "E id-types-differ", lambda _: by_segment(pd.Series("a", index=["1", "2"]))),
    Bad(7, "segments with the default index", "E default-index", lambda _: by_segment(pd.Series(["a", "b", "c"]))),
    Bad(7, "segments of other customers", "E unknown-ids", lambda _: by_segment({77: "a"})),
    Bad(7, "values of customers who are not in the scores", "W unknown-ids", lambda _: cp.plan_retention(SCORES, value={1: 100.0, 2: 50.0, 77: 9.0})),
    Bad(7, "float ids", "E float-id", lambda _: orders(log(user=[1.0, 2.0, 3.0, 4.0]))),
    Bad(8, "ids beyond 2^53 as float", "E float-id", lambda _: orders(log(user=np.array([2.0**60] * 4)))),
    Bad(8, "ids of a spreadsheet in CSV", "E float-id", lambda d: orders(csv(d, "user,at\n1.23457E+12,2024-01-01\n1.23457E+12,2024-01-02\n"))),
    Bad(8, "ids written as 42.0", "E float-id", lambda d: orders(csv(d, "user,at\n42.0,2024-01-01\n43.0,2024-01-02\n"))),
    Bad(8, "ids near 2^53 in CSV", "S", exact_text_ids, "Whole numbers within int64 are exact; beyond, ids are text."),
    Bad(8, "whole decimals as ids", "S", decimal_ids, "Whole numbers, exactly."),
    Bad(8, "decimals with digits after the point as ids", "E id-type", lambda _: orders(pa.table({"user": pa.array([decimal.Decimal("1.5")]), "at": ["2024-01-01"]}))),
    Bad(8, "ids that are lists", "E id-type", lambda _: orders(pa.table({"user": pa.array([[1], [2]]), "at": ["2024-01-01"] * 2}))),
    Bad(9, "lost leading zeros", "W id-zeros", lambda _: orders(log(user=["007", "7", "8", "9"]))),
    Bad(9, "leading zeros of a text file are kept", "S", text_zero_ids, "Ids of text files stay text unless all of them are plain whole numbers."),
    Bad(10, "null id", "E null-id", lambda _: orders(log(user=["a", None, "b", "c"]))),
    Bad(10, "NaN id", "E null-id", lambda _: orders(log(user=[1, np.nan, 2, 3]))),
    Bad(10, "null id within a dictionary", "E null-id", lambda _: orders(pa.table({"user": pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array([None, "a"])), "at": ["2024-01-01"] * 2}))),
    Bad(10, "empty id", "E empty-id", lambda _: orders(log(user=["a", " ", "b", ""]))),
    Bad(11, "trailing spaces in ids", "W id-spaces", lambda _: orders(log(user=["a", "a ", "b", "c"]))),
    Bad(11, "case in ids", "W id-case", lambda _: orders(log(user=["a", "A", "b", "c"]))),
    Bad(12, "NFC against NFD ids", "W id-unicode", lambda _: orders(log(user=["\u00e9", "e\u0301", "b", "c"]))),
    Bad(13, "quotes and SQL in ids", "S", hostile_ids, "Ids are data: nothing of them is ever part of a query."),
    Bad(14, "quotes, spaces, emoji, JSON in column names", "S", names_of_all_kinds, "Any column name may be declared."),
    Bad(15, "duplicate column names in pandas", "E duplicate-column", lambda _: orders(pd.DataFrame([["a", "2024-01-01", "x"]], columns=["user", "at", "user"]))),
    Bad(15, "duplicate column names in Arrow", "E duplicate-column", lambda _: orders(pa.table([["a"], ["2024-01-01"], ["x"]], names=["user", "at", "user"]))),
    Bad(15, "duplicate column names in CSV", "E duplicate-column", lambda d: orders(csv(d, "user,at,user\na,2024-01-01,b\n"))),
    Bad(15, "names that differ in capitals", "S", lambda d: taken(orders(csv(d, "User,user,at\nx,a,2024-01-01\ny,b,2024-01-02\n")), [1, 1]), "Each is the column that it names."),
    Bad(16, "reserved column name", "E reserved-column", lambda _: with_people(pd.DataFrame({"id": list("abc"), "cutoff": [1, 2, 3]}), attributes=["cutoff"])),
    Bad(17, "extra columns", "S", extra_and_reordered, "Only declared columns are read."),
    Bad(18, "missing column", "E missing-column", lambda _: orders(time="att")),
    Bad(18, "CSV without a header", "E no-header", lambda d: orders(csv(d, "a,2024-01-01\nb,2024-01-02\n"))),
    Bad(19, "column order", "S", extra_and_reordered, "Columns are found by name."),
    Bad(20, "text in a value column", "E value-type", lambda _: orders(log(eur=["1", "2", "3 EUR", "4"]), value="eur")),
    Bad(20, "numbers as text", "S", lambda _: sums(orders(log(eur=["1", "2.0", "3e0", " 4"]), value="eur"), [3, 3, 4]), "Read as numbers, from every source."),
    Bad(20, "words for nothing in a value column", "W missing-words", lambda _: sums(orders(log(eur=["1", "NULL", "N/A", "4"]), value="eur"), [1, 0, 4])),
    Bad(20, "amounts with zeros before", "E value-type", lambda _: orders(log(eur=["00001.50", "2", "3", "4"]), value="eur")),
    Bad(20, "hexadecimal, underscores, percent", "E value-type", lambda _: orders(log(eur=["0x1F", "1_000", "5%", "4"]), value="eur")),
    Bad(20, "lengths of time as a value", "S", lambda _: sums(orders(log(eur=["0:00:01", "0:00:02", "1:00:00", "26:00:00"]), value="eur"), [3, 3600, 93600]), "Read as seconds: texts of hours, minutes and seconds, and the types for them."),
    Bad(20, "minutes and seconds, or hours and minutes", "E value-type", lambda _: orders(log(eur=["00:01", "00:02", "01:00", "26:00"]), value="eur")),
    Bad(20, "yes and no as a value", "E value-type", lambda _: orders(log(eur=[True, False, True, True]), value="eur")),
    Bad(20, "labels by how they are stored", "S", stored_labels, "Labels are text: 1 is \"1\" as int, float with blanks, decimal or text."),
    Bad(20, "labels of a CSV", "S", csv_labels, "Labels stay what stands there: yes, 1.10, 12E4, 0x1F and 007 are themselves."),
    Bad(20, "labels spoilt by a blank in CSV", "W spoilt-labels", lambda d: orders(csv(d, "user,at,what\na,2024-01-01,1.0\nb,2024-01-02,\n"), kind="what")),
    Bad(20, "labels beyond 2^53 as float", "E float-label", lambda _: orders(log(what=[2.0**60, None, 1.0, 2.0]), kind="what")),
    Bad(20, "labels that are lists", "E label-type", lambda _: orders(log(what=[[1], [2], [1], [2]]), kind="what")),
    Bad(21, "mixed types in one column", "E mixed-types", lambda _: orders(log(user=[1, "b", 2, 3]))),
    Bad(22, "all-null column", "W null-column", lambda _: orders(log(eur=[None] * 4), value="eur")),
    Bad(23, "constant column", "S", lambda _: taken(orders(log(eur=7.0), value="eur"), [2, 1, 1]), "Kept; it tells nothing."),
    # time
    Bad(24, "naive and aware in one column", "E mixed-zones", lambda _: orders(log(at=["2024-01-01T00:00Z", "2024-02-20T00:00", "2024-01-15T00:00", "2024-03-31T00:00"]))),
    Bad(24, "naive and aware tables", "E mixed-zones", lambda _: cp.EventTables(orders=cp.Events(log(at="2024-01-01T08:00"), customer="user", time="at"), calls=cp.Events(log(at=pd.Timestamp("2024-01-01", tz="UTC")), customer="user", time="at"))),
    Bad(24, "naive time, aware known_at", "E mixed-zones", lambda _: orders(log(at="2024-01-01T08:00", seen=pd.Timestamp("2024-05-01", tz="UTC")), known_at="seen")),
    Bad(25, "many null times", "E null-time", lambda _: orders(log(at=["2024-01-01", None, "2024-01-15", "2024-03-31"]))),
    Bad(25, "few null times", "W null-time", lambda _: orders(pd.concat([log(at=f"2024-01-{d:02d}") for d in range(1, 10)] + [log(at=None)[:1]]))),
    Bad(25, "NaN epochs are missing, not 1970", "E null-time", lambda _: orders(pl.DataFrame({"user": ["a", "b"], "at": [1.7e9, float("nan")]}), unit="s")),
    Bad(25, "a snapshot without a cutoff", "E null-cutoff", lambda _: count_all(orders(), pd.NaT)),
    Bad(26, "rows after the cutoff", "S", future_rows, "Features see what was known strictly before the cutoff."),
    Bad(26, "rows after today", "W future-time", lambda _: orders(log(at=["2024-01-01", "2024-02-20", "2024-01-15", "2150-03-31"]))),
    Bad(27, "future rows added", "S", future_rows, "Features at a cutoff do not move, to the last bit."),
    Bad(28, "times not ISO 8601", "E not-iso", lambda _: orders(log(at=["01/31/2024"] * 4))),
    Bad(28, "times not ISO 8601, of a form that is known", "E not-iso", lambda _: orders(log(at=["31.01.2024"] * 4))),
    Bad(28, "times in a declared format", "S", lambda _: taken(orders(log(at=["01.01.2024", "20.02.2024", "15.01.2024", "31.03.2024"]), format="%d.%m.%Y"), [2, 1, 1]), "Read by the declared format."),
    Bad(28, "times in another format than declared", "E time-format", lambda _: orders(log(at=["01/31/2024"] * 4), format="%d.%m.%Y")),
    Bad(28, "days that do not exist", "E time-format", lambda _: orders(log(at=["30.04.2024", "31.04.2024", "29.02.2023", "1.1.2024"]), format="%d.%m.%Y")),
    Bad(28, "zone names in a format", "E time-format", lambda _: orders(log(at=["01.01.2024 10:00 CET"] * 4), format="%d.%m.%Y %H:%M %Z")),
    Bad(28, "nearly ISO 8601", "S", nearly_iso, "Seven and nine digits of a second, UTC written out, offsets after a space and the basic form are read."),
    Bad(28, "words for nothing among times", "W missing-words", lambda _: cp.EventTables(plans=cp.Intervals(log(end=["NULL", "-", "2025-01-01", ""]), customer="user", start="at", end="end"))),
    Bad(29, "epoch without a unit", "E epoch-unit", lambda _: orders(log(at=[1_700_000_000] * 4))),
    Bad(29, "days of a spreadsheet", "E epoch-unit", lambda _: orders(log(at=[45292, 45293.5, 45294, 45295]))),
    Bad(29, "days of a spreadsheet, declared", "S", lambda _: taken(orders(log(at=[45292, 45293.5, 45294, 45295]), unit="excel"), [2, 1, 1]), "Read with `unit=\"excel\"`."),
    Bad(29, "days of a spreadsheet declared as days since 1970", "E epoch-unit", lambda _: orders(log(at=[45292, 45293, 45294, 45295]), unit="d")),
    Bad(29, "seconds declared as milliseconds", "E epoch-unit", lambda _: orders(log(at=[1_700_000_000] * 4), unit="ms")),
    Bad(29, "epoch with a unit in a text file", "S", lambda d: taken(orders(csv(d, "user,at\na,1700000000\nb,1710000000\n"), unit="s"), [1, 1]), "Read by the declared unit."),
    Bad(30, "9999 as the end of an interval", "W placeholder-date", lambda _: cp.EventTables(orders=cp.Events(log(), customer="user", time="at"), plans=cp.Intervals(log(end="9999-12-31"), customer="user", start="at", end="end"))),
    Bad(30, "9999 as an end means open", "W placeholder-date", placeholder_is_open, "Taken as missing: the interval is open."),
    Bad(30, "1900 as a time", "E null-time", lambda _: orders(log(at=["2024-01-01", "1900-01-01", "1900-01-01", "2024-01-02"]))),
    Bad(30, "the year 1", "E null-time", lambda _: orders(log(at=["0001-01-01", "0001-01-01", "2024-01-15", "2024-03-31"]), timezone="Europe/Berlin")),
    Bad(28, "a time zone that is none", "E unknown-timezone", no_timezone),
    Bad(28, "moments as numbers", "E bad-time", lambda _: cp.take_snapshots(orders(), cp.Inactivity("30d"), at=1_704_067_200)),
    Bad(28, "moments as numbers in quotes", "E bad-time", lambda _: orders_until("20240201")),
    Bad(28, "moments as ambiguous text", "E bad-time", lambda _: cp.take_snapshots(orders(), cp.Inactivity("30d"), at="01/02/2024")),
    Bad(28, "moments that are periods", "E bad-time", lambda _: cp.take_snapshots(orders(), cp.Inactivity("30d"), at=pd.Period("2024-02"))),
    Bad(28, "cutoffs as numbers", "E bad-time", lambda _: count_all(orders(), 1_704_067_200)),
    Bad(28, "cutoffs that are periods", "E bad-time", lambda _: count_all(orders(), pd.Period("2024-02"))),
    Bad(28, "spans as numbers", "E bad-span", lambda _: cp.Inactivity(90)),
    Bad(28, "spans as numbers, to a splitter", "E bad-span", lambda _: list(cp.TemporalSplit(2, horizon=60).split(pd.DataFrame({"a": [1, 2]}), cutoff=["2024-01-01", "2024-06-01"]))),
    Bad(28, "spans of months or minutes", "E bad-span", lambda _: cp.Inactivity("3M")),
    Bad(28, "months and fiscal years as spans and periods", "S", fiscal, "`\"3 months\"`, `\"1y\"`, `period=\"Q-JAN\"` are read."),
    Bad(28, "an unknown period", "E bad-period", lambda _: cp.churn_rate(orders(), cp.Inactivity("30d"), period="fiscal")),
    Bad(31, "the changes of the clocks", "S", dst, "A wall time that is skipped moves forward to the first that exists; one that comes twice is its first."),
    Bad(32, "dates against an intraday cutoff", "S", date_only_rows, "A date is its midnight: known to a cutoff at noon of that day, not to one at midnight."),
    Bad(33, "cutoff before the first event", "E before-first-event", lambda _: cp.take_snapshots(orders(), cp.Inactivity("30d"), at="2023-01-01")),
    Bad(34, "horizon past the end of the data", "E immature", lambda _: cp.label_churn(orders(), pd.DataFrame({"customer_id": ["a"], "cutoff": ["2024-03-20"]}), cp.Inactivity("30d"))),
    Bad(34, "nothing is mature", "E no-mature-snapshot", lambda _: cp.label_churn(orders(), pd.DataFrame({"customer_id": ["a"], "cutoff": ["2024-03-20"]}), cp.Inactivity("30d"), drop_immature=True)),
    Bad(34, "the history is shorter than the horizon", "E no-history", lambda _: cp.take_snapshots(orders(), cp.Inactivity("90d"), every="10d")),
    Bad(35, "a day with no rows at all", "W silent-day", lambda _: orders(busy(missing_day=17))),
    Bad(35, "no hole, no warning", "S", lambda _: orders(busy()), "Nothing is said of a log without a hole."),
    Bad(36, "late arrival", "S", late_arrival, "With `known_at=` a row counts from the moment at which it was recorded."),
    Bad(37, "end before start", "E end-before-start", lambda _: cp.EventTables(plans=cp.Intervals(log(end="2023-01-01"), customer="user", start="at", end="end"))),
    Bad(38, "overlapping subscriptions", "W overlapping-intervals", lambda _: cp.SubscriptionEnd("30d", of="plans").check(cp.EventTables(plans=cp.Intervals(log(end="2024-12-31"), customer="user", start="at", end="end")))),
    Bad(38, "overlapping subscriptions are one", "W overlapping-intervals", overlap_is_one, "Overlapping contracts count as one that ends with the last of them."),
    Bad(38, "ends that are last days", "W last-days", last_days, "The day of the end belongs to the interval: no gap before the next one."),
    Bad(39, "two states at one moment", "E two-states", lambda _: prices_at_one_moment(2)),
    Bad(39, "few states at one moment", "W two-states", lambda _: prices_at_one_moment(400), "The state before them goes on."),
    Bad(39, "unsorted rows", "S", lambda _: taken(orders(log()[::-1]), [2, 1, 1]), "Rows are sorted by customer and time, ties by content."),
    Bad(40, "cutoffs closer than the horizon", "S", purged, "Validation leaves out training rows whose outcome window reaches the tested cutoff."),
    # labels
    Bad(41, "one class", "E one-class", lambda _: fitted(np.zeros(400, int))),
    Bad(42, "fewer than 10 leavers", "E too-few-leavers", lambda _: fitted(matrix(leavers=7)[1], min_leavers=10)),
    Bad(42, "fewer than 50 leavers", "W few-leavers", lambda _: fitted(matrix(leavers=30)[1], min_leavers=10), "Trained, roughly."),
    Bad(43, "missing label", "E missing-label", lambda _: fitted(np.where(np.arange(400) == 7, np.nan, matrix()[1]))),
    Bad(43, "infinite label", "E infinite-label", lambda _: fitted(np.where(np.arange(400) == 7, np.inf, matrix()[1]))),
    Bad(44, "text labels without a positive class", "E no-positive-class", lambda _: fitted(np.where(matrix()[1] == 1, "gone", "here"))),
    Bad(44, "bool labels without a positive class", "E no-positive-class", lambda _: fitted(matrix()[1] == 1)),
    Bad(44, "text labels with a positive class", "S", lambda _: np.testing.assert_array_equal(fitted(np.where(matrix()[1] == 1, "gone", "here"), positive="gone").predict_proba(matrix()[0])[:, ::-1], model().predict_proba(matrix()[0])), "Taken as 0 and 1; `classes_` are sorted, and the risk stands in the column of the positive one."),
    Bad(45, "a column that only leavers have", "E leakage", lambda _: audited("missing-tells", cancel_reason_code=lambda y: np.where(y == 1, 3.0, np.nan))),
    Bad(45, "a status that is the outcome", "E leakage", lambda _: audited("names-outcome", churn_status=lambda y: np.where(y == 1, "closed", "active"))),
    Bad(45, "a score that knows", "E leakage", lambda _: audited("predicts-too-well", old_score=lambda y: y + np.random.default_rng(1).normal(0, 0.2, len(y)))),
    Bad(46, "a feature known after the cutoff", "E leakage", lambda _: audited("date-after-cutoff", last_seen=after_leaving)),
    Bad(47, "the same customer in train and test", "S", same_customers, "Usual where the customers to be scored are known; the audit notes it, and `apart=True` keeps them apart."),
    # values
    Bad(48, "negative amounts", "W negative-value", lambda _: orders(log(eur=[1.0, -2.0, 3.0, 4.0]), value="eur")),
    Bad(48, "negative amounts that are activity", "W negative-value", lambda _: orders(log(eur=[1.0, -2.0, 3.0, 4.0]), value="eur", activity="any")),
    Bad(49, "two currencies without rates", "E mixed-currency", lambda _: orders(log(cur=["EUR", "USD", "EUR", "EUR"]), value="eur", currency="cur")),
    Bad(49, "a missing currency among others", "E mixed-currency", lambda _: orders(log(cur=["EUR", None, "EUR", "EUR"]), value="eur", currency="cur")),
    Bad(49, "a currency without a rate", "E unknown-currency", lambda _: orders(log(cur=["EUR", "USD", "EUR", "EUR"]), value="eur", currency="cur", rates={"EUR": 1.0})),
    Bad(49, "two currencies with rates", "S", currencies, "Values are in the currency whose rate is 1."),
    Bad(20, "labels and amounts of half precision", "S", half_precision, "As the decimals that they are written as: 1.1, not 1.0996."),
    Bad(50, "infinite decimals", "E infinite-value", lambda _: orders(log(eur=[*map(decimal.Decimal, ("1", "Infinity", "3", "4"))]), value="eur")),
    Bad(50, "infinite value", "E infinite-value", lambda _: orders(log(eur=[1.0, np.inf, 3.0, 4.0]), value="eur")),
    Bad(51, "1e300", "W huge-value", lambda _: orders(log(eur=[1.0, 1e300, 3.0, 4.0]), value="eur")),
    Bad(52, "integers never wrap", "S", big_integers, "Sums are of floats: they lose digits, never the sign."),
    Bad(52, "epochs never wrap", "E epoch-unit", lambda _: orders(log(at=[1_700_000_000_123_456] * 4), unit="s")),
    Bad(53, "decimals", "S", decimals, "Taken as floats."),
    Bad(54, "NaN and null", "S", nan_and_null, "One thing: missing."),
    Bad(55, "many unseen categories at scoring", "W unseen-categories", lambda _: unseen(0.5), "Taken as missing, or as \"other\" where training had rare categories."),
    Bad(55, "few unseen categories at scoring", "S", lambda _: unseen(0.02), "Up to 5 % of the rows: as above, without a word."),
    Bad(56, "text, or categories in another order", "S", any_categories, "Categories are matched by their text, never by their code."),
    Bad(57, "100,000 categories that look like an id", "E identifier-column", lambda _: many_categories(1)),
    Bad(57, "100,000 categories, some frequent", "S", lambda _: many_categories(3), "The 1,000 most frequent are kept, the rest share one code."),
    # files and machine
    Bad(58, "truncated Parquet", "E unreadable-file", truncated_parquet),
    Bad(58, "a file that is not there", "E missing-file", lambda d: orders(str(d / "nothing.parquet"))),
    Bad(58, "rows with a field too many", "E ragged-rows", lambda d: orders(csv(d, "user,at\na,2024-01-01\nb,2024-01-02,1\n"))),
    Bad(58, "a quote within a quoted field", "E ragged-rows", lambda d: orders(csv(d, "user,at\n" + "a,2024-01-01\n" * 60 + "\"a\"b,2024-01-01\n" + "b,2024-01-02\n" * 60))),
    Bad(58, "line breaks within quotes", "S", lambda d: taken(orders(csv(d, "user,note,at\na,\"x\ny\",2024-01-01\nb,z,2024-01-02\n")), [1, 1]), "Part of the field, wherever they stand."),
    Bad(58, "UTF-16", "E encoding", lambda d: orders(bytes_in(d, "user,at\na,2024-01-01\n".encode("utf-16")))),
    Bad(58, "Windows-1252", "E encoding", lambda d: orders(bytes_in(d, b"user,at\nm\xfcller,2024-01-01\n"))),
    Bad(58, "a byte-order mark", "S", lambda d: taken(orders(bytes_in(d, b"\xef\xbb\xbfuser,at\na,2024-01-01\n")), [1]), "Not part of the first name."),
    Bad(58, "two kinds of line ends", "E line-ends", lambda d: orders(bytes_in(d, b"user,at\r\na,2024-01-01\nb,2024-01-02\r\n"))),
    Bad(58, "a title above the header", "E lines-above", lambda d: orders(csv(d, "Orders of 2024\n\nuser,at\na,2024-01-01\n"))),
    Bad(58, "a total below the table", "E rows-below", lambda d: orders(csv(d, "user,at,eur\na,2024-01-01,1\nb,2024-01-02,2\nTotal,,3\n"))),
    Bad(58, "no header", "E no-header", lambda d: orders(csv(d, "a17,2024-01-01\nb18,2024-01-02\n"))),
    Bad(58, "decimals or thousands", "E ambiguous-numbers", lambda d: orders(csv(d, "user,at,eur\na,2024-01-01,1.234\nb,2024-01-02,950\n"), value="eur")),
    Bad(58, "decimal commas that nobody declared", "E value-type", lambda d: orders(csv(d, "user;at;eur\na;2024-01-01;1,5\nb;2024-01-02;2,5\n"), value="eur")),
    Bad(58, "two currencies in one column", "E mixed-currencies", lambda d: orders(cp.File(csv(d, "user,at,eur\na,2024-01-01,$1\nb,2024-01-02,€2\n"), decimal="."), value="eur")),
    Bad(58, "truncated compressed CSV", "E unreadable-file", cut_gzip),
    Bad(59, "truncated model", "E damaged-model", lambda d: refused_model(d, MODEL.read_bytes()[:-200])),
    Bad(59, "edited model", "E damaged-model", lambda d: refused_model(d, edited("trees-0.txt", b"split_feature=1", b"split_feature=2"))),
    Bad(59, "newer model", "E newer-model", lambda d: refused_model(d, edited("manifest.json", b'"version":1', b'"version":99'))),
    Bad(59, "a model of the first format", "S", old_model, "Files of every format that there was are read."),
    Bad(59, "a file of another kind", "E not-a-model", lambda d: refused_model(d, b"customer,risk\n")),
    Bad(59, "a pickle", "E pickled-model", pickled),
    Bad(59, "a zip bomb", "E repacked-model", lambda d: refused_model(d, bomb())),
    Bad(59, "no file", "E no-model-file", lambda d: cp.load(d / "nothing.model")),
    Bad(60, "disk full", "E not-written", disk_full),
    Bad(60, "the folder is a file", "E not-written", folder_is_a_file),
    Bad(60, "a folder of that name", "E not-written", name_is_a_folder),
    Bad(60, "a folder of features exists already", "E output-exists", output_exists),
    Bad(61, "killed half-way", "S", killed, "An output exists whole under its name, or not at all; what stood there before still stands."),
    Bad(61, "two writers", "S", two_writers, "The last one's output, whole; never a mixture."),
    Bad(62, "more than fits into memory", "E memory-limit", giant),
    Bad(62, "a risk that is none", "E no-probability", lambda _: check_risks(np.array([0.2, np.nan, 1.5]))),
]  # fmt: skip


@pytest.mark.parametrize("bad", TABLE, ids=lambda b: f"{b.number} {b.title}")
def test_bad_input(bad, tmp_path):
    kind, _, code = bad.must.partition(" ")
    if kind == "E":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ChurnWarning)
            with pytest.raises(ChurnError) as caught:
                bad.build(tmp_path)
        assert caught.value.code == code
        speaks(str(caught.value), code)
    elif kind == "W":
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", ResourceWarning)  # the collector may find here what another test left open
            bad.build(tmp_path)
        codes = [w.message.code for w in seen if isinstance(w.message, ChurnWarning)]
        assert code in codes
        assert len(codes) == len(seen)
        speaks(next(str(w.message) for w in seen if w.message.code == code), code)
    else:
        assert (kind, code) == ("S", "")
        bad.build(tmp_path)


def speaks(message, code):
    """Law 14: what, where or how many, a remedy that is a sentence, and the code at the end."""
    assert message.endswith(f" [{code}]")
    what, _, remedy = message.removesuffix(f" [{code}]").rpartition(". ")
    assert re.search(r"[a-z]{3}", what)
    assert re.match(r"[A-Z]", remedy) or "?" in remedy or '"' in remedy
    assert ".." not in message.replace("...", "")


def test_every_number_is_held():
    assert {b.number for b in TABLE} == set(range(1, TOTAL + 1))
    assert sorted(n for numbers in GROUPS.values() for n in numbers) == list(range(1, TOTAL + 1))


def test_what_is_taken_in_silence_is_documented():
    assert [b.title for b in TABLE if b.must == "S" and len(b.handled) < 10] == []
    assert len({(b.number, b.title) for b in TABLE}) == len(TABLE)


def test_no_row_expects_silence_and_is_not_checked():
    """The table can fail: a builder that does nothing satisfies no row that must be refused."""
    idle = Bad(0, "nothing", "E null-id", lambda _: orders())
    with pytest.raises(pytest.fail.Exception):
        test_bad_input(idle, None)


def test_a_writer_that_is_not_careful_is_caught(monkeypatch, tmp_path):
    """The rows of the files can fail: a writer that opens its target at once leaves half of it."""

    def careless(path, write):
        try:
            with open(path, "wb") as file:
                write(file)
        except OSError as error:
            raise OutputError("not-written", "no", remedy="No.") from error

    monkeypatch.setattr(sys.modules[__name__], "write_whole", careless)
    with pytest.raises(AssertionError):
        disk_full(tmp_path)
