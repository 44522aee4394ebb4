"""Laws 14 and 15: a code keeps its name and class and stands in the documentation; no message says whose data it is about."""

import functools
import re
import tomllib
import traceback
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from docs import error_page

import churnpredict as cp
from churnpredict import errors
from churnpredict.errors import ChurnError

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"


found_codes = functools.cache(error_page.codes)  # the whole source is read for them


def codes():
    """(class, code) of every error and warning of the whole source."""
    return {(cls, code) for code, entry in found_codes().items() for cls in entry.classes}


def documented():
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", PAGE.read_text(), flags=re.MULTILINE)
    return {(cls, code) for code, classes in rows for cls in classes.strip().split(", ")}


def test_every_code_is_documented_with_its_class():
    """A code that is renamed, moved to another class or added shows up here: others catch codes, so the page is the promise."""
    now, promised = codes(), documented()
    assert not now - promised, "run python docs/make_pages.py"
    assert not promised - now, "these are promised in docs/errors.md, and gone from the source"
    assert len(now) > 290


def test_every_code_says_what_it_means():
    found = found_codes()
    for code, entry in found.items():
        what, _ = error_page.TOLD.get(code, (entry.what, entry.remedy))
        assert what, f"say in docs/error_page.py what {code} means, and what to do about it"
    assert not set(error_page.TOLD) - set(found), "told of codes that are gone"


def test_a_code_with_several_messages_is_told_in_general():
    """The page would show the longest of them, as if it were the only one."""
    assert not {code for code, entry in found_codes().items() if len(entry.messages) > 2} - set(error_page.TOLD)


def test_a_remedy_is_the_one_that_stands_before_the_error(tmp_path, monkeypatch):
    source = """
def check(a, b):
    remedy = "Mend a."
    if a:
        raise UsageError("bad-a", "a is bad", remedy=remedy)
    remedy = "Mend b."
    raise UsageError("bad-b", "b is bad", remedy=remedy)
"""
    (tmp_path / "checks.py").write_text(source)
    monkeypatch.setattr(error_page, "SOURCE", tmp_path)
    assert {code: entry.remedy for code, entry in error_page.codes().items()} == {"bad-a": "Mend a.", "bad-b": "Mend b."}


def test_every_extra_is_there_to_install():
    """Both ways: no message names an extra that is gone, and no extra is silently needed."""
    root = Path(__file__).parents[1]
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    source = "\n".join(path.read_text() for path in error_page.SOURCE.rglob("*.py"))
    named = set(re.findall(r'(?:missing_extra|_missing)\([^()]*?"(\w+)"(?:, table=[\w.]+)?\)', source))
    assert named == set(extras) - {"all"}
    assert set(re.findall(r"\w+", extras["all"][0])) == named | {"churnpredict"}
    assert set(re.findall(r"churnpredict\[(\w+)\]", source)) <= named


def test_no_code_escapes_the_page():
    """By another way: whatever looks like a call that begins with a class of error and a code, anywhere in the text of the source."""
    names = "|".join(sorted({name for name in vars(errors) if name.endswith("Error")}))
    call = re.compile(rf'\b({names}|_*warn\w*)\(\s*"([a-z0-9]+(?:-[a-z0-9]+)*)",')
    choice = re.compile(r'\b(check_choice)\([^()]*(?:\([^()]*\)[^()]*)*\bcode="([a-z0-9-]+)"')
    sources = [path.read_text() for path in error_page.SOURCE.rglob("*.py")]
    text = {code for source in sources for pattern in (call, choice) for _, code in pattern.findall(source)}
    assert not text - {code for _, code in documented()} - {"internal"}


def test_codes_are_kebab_case_and_classes_are_those_of_the_tree():
    for cls, code in codes():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code), code
        assert issubclass(getattr(errors, cls), (ChurnError, UserWarning))


# --- law 15 ---

SECRET = "Zaphod4711"  # as an id, and wherever else a value of the data could slip into a message


def log(**columns):
    frame = {"user": [SECRET, SECRET, f"{SECRET}b", "c"], "at": ["2024-01-01", "2024-02-20", "2024-01-15", "2024-03-31"]}
    return pd.DataFrame(frame | {"eur": [1.0, 2.0, 3.0, 4.0], "no": [SECRET, SECRET, "2", "3"]} | columns)


def orders(source, **roles):
    return cp.EventTables(orders=cp.Events(source, **{"customer": "user", "time": "at"} | roles))


def csv_with_a_late_word(folder):
    rows = [f"{SECRET}-{i},2024-01-01,{i}" for i in range(30_000)]
    path = folder / "late.csv"
    path.write_text("user,at,eur\n" + "\n".join([*rows, f"{SECRET},2024-01-01,{SECRET}"]) + "\n")
    return orders(str(path), value="eur")


def people(**columns):
    return cp.Customers(pd.DataFrame({"id": [SECRET, SECRET, "c"]} | columns), customer="id")


def snapshots(*ids, cutoff="2024-04-01"):
    return pd.DataFrame({"customer_id": list(ids), "cutoff": cutoff})


TELLTALE = {
    "event id": lambda d: orders(log(), id="no", value="eur"),
    "time": lambda d: orders(log(at=["2024-01-01", SECRET, f"at {SECRET}", "2024-01-02"])),
    "value": lambda d: orders(log(eur=["1", SECRET, "3", "4"]), value="eur"),
    "value in a file": csv_with_a_late_word,
    "mixed ids": lambda d: orders(log(user=[SECRET, 1, 2, 3])),
    "mixed ids, number first": lambda d: orders(log(user=[1, SECRET, 2, 3])),
    "null ids": lambda d: orders(log(user=[SECRET, None, SECRET, SECRET])),
    "spaces": lambda d: orders(log(user=[SECRET, f"{SECRET} ", "b", "c"])),
    "case": lambda d: orders(log(user=[SECRET, SECRET.lower(), "b", "c"])),
    "twice": lambda d: orders(pd.concat([log(), log()]), value="eur"),
    "duplicate customer": lambda d: cp.EventTables(orders=cp.Events(log(), customer="user", time="at"), people=people()),
    "unknown customers": lambda d: cp.EventTables(
        orders=cp.Events(log(), customer="user", time="at"), people=cp.Customers(pd.DataFrame({"id": ["c"]}), customer="id")
    ),
    "ids of two types": lambda d: cp.EventTables(
        orders=cp.Events(log(), customer="user", time="at"), calls=cp.Events(log(user=[1, 2, 3, 4]), customer="user", time="at")
    ),
    "unknown snapshot": lambda d: cp.build_features(orders(log()), snapshots("c", SECRET + "x")),
    "snapshot of another type": lambda d: cp.build_features(orders(log(user=[1, 2, 3, 4])), snapshots(SECRET)),
    "duplicate snapshot": lambda d: cp.build_features(orders(log()), snapshots(SECRET, SECRET)),
    "snapshot without cutoff": lambda d: cp.build_features(orders(log()), snapshots(SECRET, cutoff=pd.NaT)),
    "columns of snapshots swapped": lambda d: cp.build_features(orders(log()), snapshots("2024-04-01", cutoff=SECRET)),
    "renewals that are no times": lambda d: cp.displays.plot_renewals(snapshots("c").assign(risk=0.5), {"c": SECRET}),
    "cutoff that is none": lambda d: cp.take_snapshots(orders(log()), cp.Inactivity("30d"), at="2025-01-01"),
    "immature": lambda d: cp.label_churn(orders(log()), snapshots(SECRET), cp.Inactivity("30d")),
    "infinite": lambda d: orders(log(eur=[np.inf, 1, 2, 3]), value="eur"),
    "dictionary": lambda d: orders(pl.from_pandas(log(user=[SECRET, "", "b", "c"])).with_columns(pl.col("user").cast(pl.Categorical))),
    "nested": lambda d: orders(pa.table({"user": ["a"], "at": ["2024-01-01"], "k": [[SECRET]]}), kind="k"),
    "repr": lambda d: print(repr(orders(log())), repr(cp.Events(log(), customer="user", time="at"))),
}


def everything_said(build, folder, capsys):
    """All text that comes out: the error with its causes as a traceback shows them, warnings, and what is printed."""
    said = []
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            build(folder)
        except Exception as error:
            said += [str(error), repr(error), str(error.args)]
            while error is not None:
                said += traceback.format_exception_only(error)
                error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    printed = capsys.readouterr()
    return "\n".join([*said, *(str(w.message) for w in seen), printed.out, printed.err])


@pytest.mark.parametrize("case", TELLTALE)
def test_no_value_of_the_data_is_told(case, tmp_path, capsys):
    said = everything_said(TELLTALE[case], tmp_path, capsys)
    assert said.strip(), "this case is meant to be refused, warned of or printed"
    assert SECRET.lower() not in said.lower()


def test_unmasked_examples_are_caught(tmp_path, capsys):
    with mock.patch.object(errors, "mask", str):
        told = [case for case, build in TELLTALE.items() if SECRET in everything_said(build, tmp_path, capsys)]
    assert {"event id", "time", "value"} <= set(told)
