"""The page for one customer: the customer's own data, points that add up, and nothing of anybody else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError
from churnpredict.languages.catalogue import LANGUAGES
from churnpredict.report.customer_page import write_customer_page

AT = "2023-12-01"


@pytest.fixture(scope="module")
def business() -> Any:
    shop = cp.make_business(300, random_state=0)
    rows = [
        *(cp.Feature("orders", what, window) for what, window in (("count", "90d"), ("sum", "90d"))),
        *(cp.Feature("orders", what) for what in ("days_since_last", "gap_ratio")),
        cp.Feature("tickets", "open_count"),
        cp.Feature("customers", "peer_churn", "90d", column="channel"),
    ]
    pipeline = cp.ChurnPipeline(shop.churn, features=rows, every="60d", n_jobs=1).fit(shop.tables, until="2023-08-01")
    return shop, pipeline, pipeline.score(shop.tables, at=AT)


def texts(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.split("</head>")[1]).split())


def test_the_points_add_up_to_the_risk_of_the_scores(business: Any, tmp_path: Path) -> None:
    shop, pipeline, scores = business
    for row in scores.iloc[[0, 20, 100]].itertuples():
        page = write_customer_page(pipeline, shop.tables, row.customer_id, tmp_path / "why.html", at=AT).read_text()
        told = cp.explain(pipeline.model_, pipeline.features_at(shop.tables, AT).xs(row.customer_id, drop_level=False))
        assert told.risk.iloc[0] == pytest.approx(row.risk, abs=1e-12)
        reasons = re.search(r"What raises or lowers it</h2>.*?</table>", page, re.S)[0]  # type: ignore[index]
        points = [float(text.replace("\u2212", "-")) for text in re.findall(r"<td>([+\u2212][\d.]+)</td>", reasons)]
        assert sum(points) == pytest.approx(100 * (row.risk - told.base_risk), abs=0.05 * len(points) + 0.05)


def test_it_holds_nothing_of_other_customers(business: Any, tmp_path: Path) -> None:
    """The same page where all other customers have other orders: only the average and the points may differ, and they are the model's."""
    shop, pipeline, scores = business
    one = scores["customer_id"].iloc[0]
    page = write_customer_page(pipeline, shop.tables, one, tmp_path / "why.html", at=AT).read_text()
    assert set(re.findall(r"C\d{6}", page)) == {one}
    assert "most customers" not in page
    names = [name for name in pipeline.features_at(shop.tables, AT) if "peer_churn" in name]
    assert len(names) == 1
    line = re.search(rf"<tr><td class=\"left\">{names[0]}</td><td>(.*?)</td>", page)
    assert line is not None
    assert "data of others" in line[1]


def test_rows_are_counted_before_the_cutoff(business: Any, tmp_path: Path) -> None:
    shop, pipeline, scores = business
    one = scores["customer_id"].iloc[3]
    page = texts(write_customer_page(pipeline, shop.tables, one, tmp_path / "why.html", at=AT).read_text())
    orders = shop.frames["orders"]
    mine = orders[(orders["customer"] == one) & (pd.to_datetime(orders["paid_at"]) < AT)]
    assert f"orders {len(mine)} " in page
    assert "subscriptions" not in page, "a table that the model does not use"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language(business: Any, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, pipeline, scores = business
    monkeypatch.setattr(pipeline, "language", language)
    given = {"purpose": "<b>calls</b>", "controller": "Example Ltd"}
    page = write_customer_page(pipeline, shop.tables, scores["customer_id"].iloc[0], tmp_path / "why.html", at=AT, **given).read_text()
    assert f'lang="{language}"' in page
    assert not re.search(r"<script|https?:|url\(|<b>calls", page)
    assert "{" not in texts(page)
    assert "Example Ltd" in page


def test_who_has_no_score_is_refused_without_the_id(business: Any, tmp_path: Path) -> None:
    shop, pipeline, _ = business
    gone = pipeline.unscored(shop.tables, at=AT)["customer_id"].iloc[0]
    for customer, code in ((gone, "not-scored"), ("nobody-7", "unknown-customer"), (7, "id-types-differ")):
        with pytest.raises(ChurnError, match=code) as refused:
            write_customer_page(pipeline, shop.tables, customer, tmp_path / "why.html", at=AT)
        assert str(customer) not in str(refused.value).replace("[", "")
    assert not (tmp_path / "why.html").exists()
