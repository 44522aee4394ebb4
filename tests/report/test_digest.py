"""Digests: each owner's customers and nobody else's, statuses as a plain loop finds them, both forms alike, whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import OutputError, SchemaError, UsageError
from churnpredict.report.digest import digests, write_digests
from churnpredict.retention.contacts import read_contacts

THEN, NOW = pd.Timestamp("2024-05-01"), pd.Timestamp("2024-06-01")
OWNERS = ["Ada", "Ben", None]


def plan_of(random: np.random.Generator, cutoff: pd.Timestamp, n: int = 40) -> pd.DataFrame:
    ids = [f"K{i:03d}" for i in random.permutation(80)[:n]]
    rows = {"customer_id": ids, "cutoff": cutoff, "risk": random.random(n), "money_at_risk": random.random(n) * 100}
    rows |= {"arm": random.choice(["contact", "hold-out"], n, p=[0.8, 0.2]), "words": [f"words of {i}" for i in ids]}
    owners = pd.Series([OWNERS[i] for i in random.integers(0, 3, n)], dtype=object)
    return pd.DataFrame(rows | {"owner": owners, "remedy": "Call"})


def statuses(before: pd.DataFrame, now: pd.DataFrame, gone: set[str], scored: set[str]) -> dict[str, str]:
    """A plain loop over the customers to contact of the list before."""
    found = {}
    for row in before[before["arm"] == "contact"].itertuples():
        here = now[now["customer_id"] == row.customer_id]
        if row.customer_id in gone:
            found[row.customer_id] = "left"
        elif len(here) and here["owner"].iloc[0] and row.owner and here["owner"].iloc[0] != row.owner:
            found[row.customer_id] = "moved"
        elif len(here) and here["arm"].iloc[0] == "contact":
            found[row.customer_id] = "on"
        else:
            found[row.customer_id] = "off" if len(here) or row.customer_id in scored else "unknown"
    return found


def test_statuses_and_owners_are_those_of_a_plain_loop(rng: np.random.Generator) -> None:
    for _ in range(10):
        before, now = plan_of(rng, THEN), plan_of(rng, NOW)
        rest = sorted({f"K{i:03d}" for i in range(80)} - set(now["customer_id"]))
        gone, scored = set(rest[:15]), {*rest[15:25], *now["customer_id"]}
        unscored = pd.DataFrame({"customer_id": sorted(gone), "reason": "gone already"})
        found = digests(now, before=before, unscored=unscored, scored=sorted(scored))
        wanted = statuses(before, now, gone, scored)
        assert {one.customer: one.status for digest in found for one in digest.past} == wanted
        for digest in found:
            mine = now[(now["arm"] == "contact") & np.array([o == digest.owner for o in now["owner"]])]
            theirs = before[(before["arm"] == "contact") & np.array([o == digest.owner for o in before["owner"]])]
            assert [line.customer for line in digest.lines if line.new] == [
                c for c in mine["customer_id"] if c not in set(theirs["customer_id"])
            ]
            assert {line.customer for line in digest.lines} == set(mine["customer_id"])
            # no other customer's id or words in either form
            allowed = {*mine["customer_id"], *theirs["customer_id"]}
            for text in (digest.to_html(), digest.to_text()):
                assert set(re.findall(r"K\d{3}", text)) == allowed


def test_counts_and_contacts() -> None:
    before = pd.DataFrame(
        {"customer_id": [1, 2, 3], "cutoff": THEN, "risk": 0.5, "arm": ["contact", "contact", "hold-out"], "owner": "Ada"}
    )
    now = before.assign(cutoff=NOW, arm="contact").iloc[[0]]
    made = read_contacts({"customer_id": ["1", "1", "3"], "at": ["2024-05-03", "2024-06-02", "2024-05-04"], "response": ["no <time>"] * 3})
    gone = pd.DataFrame({"customer_id": [2], "reason": ["gone already"]})
    [found] = digests(now, before=before, unscored=gone, contacts=made)
    assert found.counts == {"list": 1, "new": 0, "left": 1, "on": 1, "off": 0, "moved": 0, "unknown": 0, "contacted": 1}
    text = found.to_text()
    assert "* 1: still on the list; contacted on 3 May 2024; answer: no <time>" in text
    assert "* 2: gone; not contacted" in text
    assert "no &lt;time&gt;" in found.to_html()
    assert "On that list: 2. Gone: 1. Still customers: 1. Without a score now: 0. Contacted: 1." in " ".join(text.split())


def test_files_are_named_after_owners_and_stay_in_their_folder(tmp_path: Path) -> None:
    owners = ["../../up", "a/b", "A/B", "", None, "Çelik", "x" * 300]
    plan = pd.DataFrame({"customer_id": range(len(owners)), "cutoff": NOW, "risk": 0.5, "arm": "contact", "owner": owners})
    written = write_digests(plan, tmp_path / "out")
    paths = [path for pair in written.values() for path in pair]
    assert len(set(paths)) == len(paths) == 2 * 6, "no owner and an empty one are the same"
    assert {path.parent for path in paths} == {tmp_path / "out" / "2024-06-01"}
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == sorted(p.name for p in paths)
    write_digests(plan.head(1), tmp_path / "out")
    assert len(list((tmp_path / "out" / "2024-06-01").iterdir())) == 2, "nothing of the owners before is left"


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = pd.DataFrame({"customer_id": [1, 2], "cutoff": NOW, "risk": 0.5, "arm": "contact", "owner": ["a", "b"]})
    write_digests(plan, tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    written = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if self.name == "b.txt":
            raise OSError(28, "No space left on device")
        return written(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="not-written"):
        write_digests(plan.assign(risk=0.9), tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_what_is_no_plan_is_refused() -> None:
    good = pd.DataFrame({"customer_id": ["secret"], "cutoff": NOW, "risk": 0.5, "arm": "contact"})
    for wrong, code in (
        ({"plan": good.drop(columns="arm")}, "missing-column"),
        ({"plan": pd.concat([good, good.assign(cutoff=THEN)])}, "several-cutoffs"),
        ({"plan": good.head(0)}, "several-cutoffs"),
        ({"plan": good, "before": good}, "not-later"),
        ({"plan": [1]}, "bad-argument"),
        ({"plan": good, "most": 0}, "bad-argument"),
    ):
        with pytest.raises((UsageError, SchemaError), match=code) as refused:
            digests(**wrong)  # type: ignore[arg-type]
        assert "secret" not in str(refused.value)
    [found] = digests(good.head(0), before=good.assign(cutoff=THEN), at="2024-06-01")
    assert "There is nobody to contact this time." in found.to_text()


def test_from_two_runs_of_a_pipeline() -> None:
    shop = cp.make_business(300, random_state=0)
    rows = [cp.Feature("orders", "count", "90d"), cp.Feature("orders", "gap_ratio"), cp.Feature("orders", "days_since_last")]
    pipeline = cp.ChurnPipeline(shop.churn, features=rows, every="60d", n_jobs=1).fit(shop.tables, until="2023-08-01")
    plans: list[Any] = []
    for at in ("2023-12-01", "2024-01-01"):
        scores = pipeline.score(shop.tables, at=at)
        owner = {c: "even" if int(c[1:]) % 2 == 0 else "odd" for c in scores["customer_id"]}
        plans.append(cp.plan_retention(scores, value=500.0, owner=owner, capacity=10, holdout=0.2))
    found = cp.diagnostics.digests(plans[1], before=plans[0], unscored=pipeline.unscored(shop.tables, at="2024-01-01"))
    assert sorted(d.owner for d in found) == ["even", "odd"]
    gone = set(pipeline.unscored(shop.tables, at="2024-01-01")["customer_id"])
    for digest in found:
        assert len(digest.past) == (plans[0].contacts["owner"] == digest.owner).sum()
        assert {one.customer for one in digest.past if one.status == "left"} == {one.customer for one in digest.past} & gone
        assert digest.counts["unknown"] == 0
