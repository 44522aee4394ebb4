"""The model card: figures of the model file and the backtest, and no customer's data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError
from churnpredict.model_file.store import describe
from churnpredict.report.model_card import write_model_card


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    shop = cp.make_business(300, random_state=0)
    rows = [cp.Feature("orders", "count", "90d"), cp.Feature("orders", "gap_ratio"), cp.Feature("orders", "days_since_last")]
    pipeline = cp.ChurnPipeline(shop.churn, features=rows, every="60d", n_jobs=1).fit(shop.tables, until="2023-08-01")
    return shop, pipeline, pipeline.save(tmp_path_factory.mktemp("model") / "churn.model")


def texts(path: Path) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", path.read_text().split("</head>")[1]).split())


def test_it_says_what_the_model_file_says(trained: Any, tmp_path: Path) -> None:
    _, pipeline, file = trained
    card = texts(write_model_card(file, tmp_path / "card.html", purpose="To call customers.", contact="<a@b>"))
    found = describe(file)
    for text in (found["model_id"], found["sha256"], f"{pipeline.n_snapshots_:,}", f"{pipeline.n_leavers_:,}", "within 90 days"):
        assert text in card
    for library, version in found["written_by"].items():
        assert f"{library} {version}" in card
    assert "no backtest was given" in card
    assert "Nobody has looked at groups" in card
    assert "To call customers." in card
    assert "&lt;a@b&gt;" in card
    in_memory = texts(write_model_card(pipeline, tmp_path / "card.html"))
    assert found["model_id"] in in_memory
    assert "SHA-256" not in in_memory


@pytest.mark.filterwarnings("ignore:the backtest is too good to be true")
def test_tests_and_groups_stand_on_it(trained: Any, tmp_path: Path) -> None:
    shop, pipeline, _ = trained
    backtest = pipeline.backtest(shop.tables, at="2023-08-01", rounds=20)
    regions = shop.frames["customers"].set_index("customer_id")["region"]
    errors = cp.diagnostics.error_rates(backtest, regions, least=10)
    path = write_model_card(pipeline, tmp_path / "card.html", backtest=backtest, errors=errors)
    card = texts(path)
    assert "MBG/NBD" in card
    auc = backtest[(backtest["model"] == "model") & (backtest["metric"] == "auc")]["value"].iloc[0]
    assert f"{auc:.3f}".lstrip("0") in card
    assert all(str(name) in card for name in errors["group"])
    assert not set(re.findall(r"C\d{6}", card)), "no customer is on it"
    assert not re.search(r"<script|https?:|url\(", path.read_text())


@pytest.mark.parametrize(
    ("given", "code"), [({"backtest": [1]}, "bad-argument"), ({"errors": "x"}, "bad-argument"), ({"purpose": 3}, "bad-")]
)
def test_other_arguments_are_refused(trained: Any, tmp_path: Path, given: Any, code: str) -> None:
    with pytest.raises(ChurnError, match=code):
        write_model_card(trained[1], tmp_path / "card.html", **given)
    with pytest.raises(ChurnError):
        write_model_card(tmp_path / "nowhere.model", tmp_path / "card.html")
