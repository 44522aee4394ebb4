"""A table with one row per customer and its outcome: the script that trains on it, without what was decided later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnpredict.cli.intake.flat_table import flat_recipe
from churnpredict.events.source import File


def written(folder: Path, left: str = "Yes", stayed: str = "No", sep: str = ",") -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(160):
        gone = rng.random() < 1 / (1 + np.exp(2 - 4 * (i % 2)))
        rows.append([f"c{i}", i % 2, f"{rng.normal(50, 9):.2f}", f"p{i}@x.org", left if gone else stayed, "price" if gone else ""])
    head = ["customer_id", "complained", "monthly_fee", "email", "Churn", "churn_reason"]
    path = folder / "telco.csv"
    path.write_text("\n".join(sep.join(map(str, row)) for row in [head, *rows]) + "\n")
    return path


@pytest.mark.parametrize(("left", "stayed"), [("Yes", "No"), ("1", "0"), ("True", "False"), ("left", "active")])
def test_the_outcome_is_found_whatever_its_values_are_called(left: str, stayed: str, tmp_path: Path) -> None:
    script = flat_recipe(str(written(tmp_path, left, stayed)))
    read_by_pandas = {"1": 1, "True": True}.get(left, left)
    assert f"y = (X.pop('Churn') == {read_by_pandas!r}).astype(int)" in script
    assert "drop(columns=['churn_reason'])" in script, "written after the outcome"
    assert "set_index('customer_id')" in script
    assert "'email'" in script.split("y = ")[0], "names are no features"


def test_options_of_a_file_are_those_of_pandas(tmp_path: Path) -> None:
    script = flat_recipe(File(str(written(tmp_path, sep=";")), delimiter=";"))
    assert "sep=';'" in script


def test_a_table_without_an_outcome_has_no_script(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("who,day,amount\n" + "".join(f"c{i % 9},2024-01-{i % 28 + 1:02d},{i}\n" for i in range(40)))
    assert flat_recipe(str(path)) == ""


def test_rows_of_one_customer_are_in_one_fold(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_text("customer_id,usage,churn\n" + "".join(f"c{i * 7 % 61},{i},{int(i % 5 == 0)}\n" for i in range(160)))
    script = flat_recipe(str(path))
    assert "StratifiedGroupKFold" in script
    assert "who = X.pop('customer_id')" in script
    assert "groups=who" in script


@pytest.mark.filterwarnings("ignore")
def test_the_script_runs_as_it_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    script = flat_recipe(str(tmp_path / "telco.csv")).split("\n\n", 1)[1]
    monkeypatch.chdir(tmp_path)
    exec(script.replace("ChurnClassifier()", "ChurnClassifier(members=('linear',), n_jobs=1)"), {})
    scores = pd.read_csv("scores.csv")
    assert len(scores) == 160
    assert scores["risk"].between(0, 1).all()
