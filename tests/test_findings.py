"""Findings about other software: their form, their page, and what keeps churnpredict's users from each.

The scripts install packages, so they are run by hand; what they say about churnpredict is tested here, or where the page says.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import pytest

import churnpredict as cp
from churnpredict.errors import MismatchError, SchemaError
from churnpredict.evaluation import metrics

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "findings").glob("*"))
PAGE = (ROOT / "docs" / "findings.md").read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_has_the_form_of_a_finding(script):
    text = script.read_text()
    assert script.suffix == ".sh"
    head = text.split("\nset -euo pipefail\n")[0]
    for said in ("good guess:", "What happens:", "Why it matters", "Versions:"):
        assert said in head, f"{said} is missing at the top"
    assert re.search(r"trap 'rm -rf \"\$\w+\"' EXIT", text), "the folder is temporary"
    assert not re.search(r"^\s*(import|from) churnpredict|pip\" install.*churnpredict", text, re.MULTILINE), (
        "the surprise needs no churnpredict"
    )
    assert re.findall(r'pip" install.*\w==\d', text), "versions are pinned"
    subprocess.run(["bash", "-n", str(script)], check=True)
    (code,) = re.findall(r"<<'(PY|PYTHON)'\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL)
    compile(code[1], script.name, "exec")
    assert "assert" in code[1] or "sys.exit" in code[1], "a change is noticed"


def test_the_page_lists_every_finding_once():
    assert re.findall(r"^\| .*? \| `([a-z-]+)` \|", PAGE, re.MULTILINE) == [*dict.fromkeys(re.findall(r"\| `([a-z-]+)` \|", PAGE))]
    assert set(re.findall(r"\| `([a-z-]+)` \|", PAGE)) == {script.stem for script in SCRIPTS}
    for place in re.findall(r"`(tests/[a-z_/]+(?:\.py)?)`", PAGE):
        assert (ROOT / place).exists(), place


def test_log_loss_does_not_depend_on_the_type_of_the_risks():
    risk = np.array([1e-12, 0.5])
    assert metrics.log_loss([1, 0], risk.astype(np.float32)) == pytest.approx(metrics.log_loss([1, 0], risk), rel=1e-6)


def test_small_risks_are_ranked_exactly(rng):
    risk = rng.random(500)
    left = rng.random(500) < risk
    assert metrics.auc(left, risk / 1e12) == metrics.auc(left, risk) > 0.7


def test_a_period_of_a_month_is_not_thirty_days():
    shop = duckdb.connect()
    sql = """SELECT i AS customer, DATE '2024-01-01' AS day,
             CASE WHEN i % 2 = 0 THEN INTERVAL '1 month' ELSE INTERVAL '30 days' END AS period
             FROM range(10) AS rows(i)"""
    with pytest.raises(SchemaError) as refused:
        cp.EventTables(bills=cp.Events(cp.Query(sql, shop), customer="customer", time="day", kind="period"))
    assert refused.value.code == "label-type"


@pytest.mark.parametrize("mode", ["Min", "Max"])
def test_catboost_with_values_missing_only_now_is_refused(mode, rng):
    catboost = pytest.importorskip("catboost")
    X = rng.normal(size=(400, 3))
    y = (rng.random(400) < 1 / (1 + np.exp(-2 * X[:, 0]))).astype(int)
    model = catboost.CatBoostClassifier(iterations=10, depth=3, nan_mode=mode, verbose=0, allow_writing_files=False, thread_count=1)
    model.fit(X, y)
    X[::3, 0] = np.nan
    with pytest.raises(MismatchError) as refused:
        cp.explain(model, X)
    assert refused.value.code == "not-a-number"
