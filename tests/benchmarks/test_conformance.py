"""Quantities beside those of other tools: the part that needs nothing but what is installed, and what is stored of the rest."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from churnpredict.evaluation import metrics

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
sys.path.append(str(Path(__file__).parents[2] / "docs"))
import conformance_page

import conformance
from conformity import scikit_learn, side
from conformity.others.scikit_learn import answers
from conformity.side import Other, row, run

HERE = Other(lambda given, frames=None: answers(**given), "here")


def test_measures_equal_those_of_scikit_learn():
    rows = scikit_learn.compare(HERE)
    assert len(rows) == 11
    assert [r.quantity for r in rows if not r.holds] == []
    assert [r.quantity for r in rows if r.limit is None] == ["log loss where a certain risk is wrong (one row of three)"]


def test_a_wrong_measure_is_caught(monkeypatch):
    def without_ties(y, p, sample_weight=None):
        return roc_auc_score(y, np.asarray(p) - 1e-9 * np.arange(len(p)), sample_weight=sample_weight)

    monkeypatch.setattr(metrics, "auc", without_ties)
    broken = [r.quantity for r in scikit_learn.compare(HERE) if not r.holds]
    assert broken == ["AUC, ties counted half", "AUC, ties counted half, weighted"]


def test_the_other_side_is_asked_in_a_process_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(side, "OTHERS", tmp_path)
    (tmp_path / "twice.py").write_text(
        "import sys, numpy as np\nwith np.load(sys.argv[1] + '/given.npz') as g:\n    a = g['a']\n"
        "lines = open(sys.argv[1] + '/log.csv').read().split()\nnp.savez(sys.argv[1] + '/answers.npz', a=2 * a, lines=lines)\n"
    )
    told = run(sys.executable, "twice", {"a": np.array([0.1, np.nan])}, {"log": pd.DataFrame({"eur": [0.1]})})
    assert told["a"].tolist()[0] == 0.2
    assert told["lines"].tolist() == ["eur", "0.1"]
    with pytest.raises(RuntimeError, match="twice: Traceback"):
        run(sys.executable, "twice", {}, {})


def test_a_row_judges_shapes_missing_values_and_relative_differences():
    assert row("q", [1.0, np.nan], [1.5, np.nan], limit=0.4, why="").difference == 0.5
    assert row("q", [100.0, 0.0], [101.0, 0.0], limit=0.01, why="", relative=True).holds
    assert math.isinf(row("q", [1.0], [np.nan], limit=None, why="").difference)
    with pytest.raises(ValueError, match="q: "):
        row("q", [1.0], [1.0, 2.0], limit=None, why="")
    with pytest.raises(ValueError, match="q: "):
        row("q", [], [], limit=None, why="")


def test_every_tool_is_stored_with_rows_that_hold_and_stands_on_the_page():
    stored = json.loads(conformance.STORED.read_text())
    assert list(stored) == list(conformance.TOOLS)
    page = conformance_page.page()
    for tool in stored.values():
        for r in tool["rows"]:
            assert r["limit"] is None or r["difference"] <= r["limit"], r["quantity"]
            assert math.isfinite(r["difference"]), r["quantity"]
            assert r["why"].endswith("."), r["quantity"]
            assert f"| {r['quantity']} | {r.get('beside') or tool['name'] + ' ' + tool['version']} |" in page


def test_versions_are_pinned_alike_in_the_environment_and_on_the_page():
    for name in conformance.TOOLS:
        tool = __import__(f"conformity.{name}", fromlist=["TOOL"]).TOOL
        assert tool.packages[0].endswith(f"=={tool.version}")
        assert all(any(sign in package for sign in "=<") for package in tool.packages), tool.packages
        assert (conformance.Path(conformance.__file__).parent / "conformity" / "others" / f"{tool.script}.py").exists()


def test_a_tool_is_left_out_where_its_python_is_missing():
    tool = side.Tool("none", "another tool", "1.0", ("another==1.0",), python="2.6")
    with pytest.raises(side.NoPython, match=r"another tool is pinned for Python 2\.6"):
        side.interpreter(tool)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert side.interpreter(side.Tool("none", "another tool", "1.0", ("another==1.0",), python=here)) == sys.executable
