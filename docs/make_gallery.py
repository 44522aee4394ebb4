"""Draw every picture of the library into docs/gallery, for light and for dark pages, and write docs/gallery.md.

python docs/make_gallery.py [name ...]

Each picture is made by the line that is below it on the page: the line is run, so it is right. The business is simulated.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import churnpredict as cp

HERE = Path(__file__).parent
FOLDER = HERE / "gallery"
PAGE = HERE / "gallery.md"
THEMES = ("light", "dark")


class Entry(NamedTuple):
    """One picture: its file, the question that it answers, and the line that makes it."""

    name: str
    question: str
    line: str


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "Who leaves, and when": (
        Entry("retention", "How many are still there after each quarter?", 'cp.accounting.cohorts(tables, churn, period="Q").plot()'),
        Entry("rates", "How many leave in each quarter, and how sure is that?", 'cp.churn_rate(tables, churn, period="Q").plot()'),
        Entry("groups", "Who leaves more than others?", 'cp.churn_rate(tables, churn, period="Q", by="channel").plot()'),
        Entry("tenure", "In which year do customers leave?", "cp.accounting.tenure_table(tables, churn).plot()"),
        Entry(
            "moves",
            "Who became new, current, at risk or lost, and from what?",
            'cp.accounting.transitions(tables, churn, start="2023-01-01", end="2023-07-01", of="usage").plot()',
        ),
        Entry(
            "revenue",
            "What becomes of the revenue?",
            'cp.accounting.revenue_churn(tables, churn, value="subscriptions", period="Q").plot(unit="€")',
        ),
        Entry(
            "bridge",
            "Where does revenue come from, and where does it go?",
            'cp.accounting.revenue_bridge(tables, value="subscriptions", period="Q").plot(unit="€")',
        ),
        Entry("horizon", "After how long a silence is a customer gone?", 'cp.accounting.suggest_horizon(tables, of="orders").plot()'),
    ),
    "Why": (
        Entry("drivers", "What moves the risks of all customers?", "why.plot()"),
        Entry("map", "What are the risks made of, from the riskiest customer to the safest?", 'why.plot("map")'),
        Entry("swarm", "How far does each feature move the risk of each customer?", 'why.plot("swarm")'),
        Entry("segments", "What tells segments apart?", 'why.plot("segment", by=segment)'),
        Entry("customer", "Why this customer?", 'why.plot("customer", customer=customer)'),
        Entry("timeline", "Since when, and what happened before?", "pipeline.timeline(tables, customer).plot()"),
    ),
    "Whom to contact": (
        Entry("profit", "How many contacts pay?", 'plan.plot(unit="€")'),
        Entry("effect", "What does the plan change?", 'plan.plot("effect", unit="€")'),
        Entry("value", "For whom does a contact pay?", 'plan.plot("value", unit="€")'),
        Entry(
            "uplift",
            "Whom does a contact keep?",
            "cp.displays.UpliftDisplay.from_predictions(stopped, uplift, treated=treated).plot()",
        ),
        Entry("renewals", "When do contracts end, and how much is at risk then?", 'cp.displays.plot_renewals(scores, renewals, unit="€")'),
    ),
    "How far to trust it": (
        Entry("reliability", "Are the risks true?", "cp.displays.ReliabilityDisplay.from_predictions(left, risk).plot()"),
        Entry("gain", "Are leavers found first?", "cp.displays.GainDisplay.from_predictions(left, risk).plot()"),
        Entry(
            "campaign",
            "What would a campaign have earned?",
            "cp.displays.ProfitDisplay.from_predictions(left, risk, value=200, offer_cost=10, contact_cost=1).plot()",
        ),
        Entry("season", "How busy will the time ahead be?", "shop.season_.plot()"),
        Entry("drift", "Does the world still look as in training?", "cp.find_drift(pipeline, tables).plot(most=10)"),
        Entry("retraining", "Is the new model better than the old one?", "cp.retrain(pipeline, tables).plot()"),
    ),
}


def entries() -> list[Entry]:
    """Return all pictures, in the order of the page."""
    return [entry for section in SECTIONS.values() for entry in section]


def scene() -> dict[str, Any]:
    """Return the objects of the lines: a simulated business, a trained pipeline, scores, reasons, a plan, and a year that is known
    by now.
    """
    shop = cp.make_business(900, random_state=4, rule="cancellation")
    tables, churn = shop.tables, shop.churn
    pipeline = cp.ChurnPipeline(churn, every="30d", n_jobs=1).fit(tables, until="2024-02-01")
    at = pd.Timestamp("2024-05-01")
    scores = pipeline.score(tables, at=at)
    why = pipeline.explain(tables, at)
    past = cp.take_snapshots(tables, churn, at=["2024-02-01", "2024-03-01"])
    outcomes = cp.label_churn(tables, past, churn)
    known = pipeline.features_of(tables, outcomes.index.to_frame(index=False)[["customer_id", "cutoff"]])
    subscriptions = shop.frames["subscriptions"]
    december = cp.make_business(1_500, random_state=4, rule="inactivity", season=1.0)
    return {
        **{"cp": cp, "tables": tables, "churn": churn, "pipeline": pipeline, "scores": scores, "why": why},
        "shop": cp.ChurnPipeline(december.churn, every="30d", n_jobs=1).fit(december.tables, until="2024-06-01"),
        "segment": scores.set_index("customer_id").loc[why.index.get_level_values("customer_id"), "band"].to_numpy(),
        "customer": scores["customer_id"].iloc[0],
        "plan": cp.plan_retention(scores, budget=400, offer_cost=20, contact_cost=2, acceptance=0.3),
        "renewals": subscriptions.groupby("customer")["renews_at"].max(),
        "left": outcomes.within().to_numpy(),
        "risk": _risks(pipeline, known, outcomes),
        **_experiment(),
    }


def _experiment() -> dict[str, Any]:
    """Return an experiment: who was contacted by lot, who stopped, and what a model predicts that a contact changes.

    A contact keeps up to three in ten of the customers; the prediction knows half of that.
    """
    rng = np.random.default_rng(0)
    n = 4000
    helped, treated = rng.random(n), rng.random(n) < 0.5
    stopped = rng.random(n) < 0.4 - 0.3 * treated * np.maximum(2 * helped - 1, 0)
    return {"stopped": stopped.astype(int), "treated": treated.astype(int), "uplift": helped + rng.normal(0, 0.3, n)}


def _risks(pipeline: Any, X: Any, outcomes: Any) -> Any:
    """Return the risks of past snapshots, in the order of their outcomes."""
    from churnpredict.model.labels import risk_of

    return pd.Series(risk_of(pipeline.model_, X), X.index).loc[outcomes.index].to_numpy()


def draw(entry: Entry, theme: str, world: dict[str, Any]) -> Any:
    """Return the figure of an entry, by its line."""
    call = entry.line[:-1] + ("" if entry.line.endswith("()") else ", ") + f'theme="{theme}")'
    made = eval(call, dict(world))  # noqa: S307 (a line of this file)
    return getattr(made, "figure_", made)


def save(figure: Any, path: Path) -> None:
    """Write a small PNG: few colours are enough for lines and letters."""
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, facecolor=figure.get_facecolor())
    Image.open(buffer).convert("RGB").quantize(96).save(path, optimize=True)


def page(told: dict[str, str]) -> str:
    """Return the page, from the description of each picture."""
    lines = [
        "# Gallery",
        "",
        "Every picture of the library with the line that makes it. Titles say the finding; `figure.alt_text` says in words what is seen;",
        '`theme="dark"` draws for dark pages. Generated by `docs/make_gallery.py` from a simulated business.',
    ]
    for section, pictures in SECTIONS.items():
        lines += ["", f"## {section}"]
        for entry in pictures:
            alt = told[entry.name].replace("[", "(").replace("]", ")").replace("\n", " ")
            lines += ["", f"### {entry.question}", ""]
            lines += [f"![{alt}](gallery/{entry.name}-{theme}.png){{.only-{theme}}}" for theme in THEMES]
            lines += ["", f"{alt.split('. ')[0]}.", "", "```python", entry.line, "```"]
    return "\n".join(lines) + "\n"


def main() -> int:
    assert __doc__ is not None
    known = [entry.name for entry in entries()]
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0], epilog=f"Pictures: {', '.join(known)}.")
    asked.add_argument("name", nargs="*", help="a picture to draw again; all by default")
    wanted = set(asked.parse_args().name or known)
    if unknown := sorted(wanted - set(known)):
        asked.error(f"no picture is called {', '.join(unknown)}; there are: {', '.join(known)}")
    import matplotlib

    matplotlib.use("Agg")
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    world, told = scene(), {}
    for entry in entries():
        for theme in THEMES if entry.name in wanted else ():
            figure = draw(entry, theme, world)
            save(figure, FOLDER / f"{entry.name}-{theme}.png")
            told[entry.name] = figure.alt_text
            print(f"{entry.name}-{theme}: {figure.alt_text}", flush=True)
    if PAGE.exists():  # the words of pictures that are not drawn again stay
        old = dict(re.findall(r"!\[([^\]]+)\]\(gallery/([a-z]+)-light\.png\)", PAGE.read_text(encoding="utf-8")))
        told = {name: words for words, name in old.items()} | told
    if len(told) == len(entries()):
        PAGE.write_text(page(told), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
