"""Draw the pictures of the concept pages into docs/pictures, each for light and for dark pages.

python docs/make_pictures.py [name ...]

Colours are those of Okabe and Ito, which are safe for the colour-blind. Texts stay texts, so that pages can be searched.
Numbers are computed, not drawn: models are trained on simulated data where a picture shows one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from churnpredict.evaluation.pictures import percent_axis
from churnpredict.figures import percent, points, score

HERE = Path(__file__).parent / "pictures"
BLUE, ORANGE, GREEN, SKY, RED, PINK = "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00", "#CC79A7"
THEMES = {"light": ("#1f2430", "#8a8f99", BLUE), "dark": ("#e4e7ec", "#8a8f99", SKY)}  # text, quiet lines, main colour
Draw = Callable[[str, str, str], Any]
PICTURES: dict[str, Draw] = {}


def picture(make: Draw) -> Draw:
    PICTURES[make.__name__] = make
    return make


def bare(ax: Any, *keep: str) -> Any:
    """Return axes with only the lines that say something."""
    for side, line in ax.spines.items():
        line.set_visible(side in keep)
    return ax


@picture
def window(text: str, quiet: str, main: str) -> Any:
    """Return feature window, cutoff, gap, outcome window; a row that was recorded late."""
    figure, ax = plt.subplots(figsize=(8.4, 2.9))
    bare(ax).set(xlim=(-104, 112), ylim=(-1.55, 2.1), xticks=[], yticks=[])
    ax.axvspan(-90, 0, 0.42, 0.66, color=main, alpha=0.28, lw=0)
    ax.axvspan(14, 104, 0.42, 0.66, color=ORANGE, alpha=0.32, lw=0)
    ax.axvspan(0, 14, 0.42, 0.66, color=quiet, alpha=0.25, lw=0)
    ax.annotate("", (110, 0.42), (-104, 0.42), arrowprops={"arrowstyle": "->", "color": quiet})
    seen, later = [-84, -71, -60, -41, -33, -12], [31, 58, 97]
    ax.plot(seen, [0.42] * len(seen), "o", color=main, ms=8)
    ax.plot(later, [0.42] * len(later), "o", mfc="none", mec=ORANGE, mew=2, ms=8)
    ax.plot([-5], [0.42], "o", mfc="none", mec=main, mew=2, ms=8)
    ax.annotate("", (8, -0.45), (-4.4, 0.28), arrowprops={"arrowstyle": "->", "color": main})
    ax.text(9, -0.55, "recorded late: known only here, so not at the cutoff", va="center", color=text)
    ax.axvline(0, 0.12, 0.8, color=text, lw=2)
    ax.text(0, 1.5, "cutoff", ha="center", color=text, weight="bold")
    ax.text(-50, 1.1, "features look here: [cutoff - 90 d, cutoff)", ha="center", color=text)
    ax.text(59, 1.1, "outcomes: [cutoff + gap, ... + horizon)", ha="center", color=text)
    ax.text(7, 0.85, "gap", ha="center", color=text)
    ax.text(-84, -0.2, "rows known before the cutoff", ha="left", color=text)
    ax.text(-104, -1.35, "past", color=text, style="italic")
    ax.text(110, -1.35, "future", color=text, style="italic", ha="right")
    return figure


@picture
def ends(text: str, quiet: str, main: str) -> Any:
    """Return contracts around one cutoff: a last day that belongs, a renewal at the cutoff, one that ends there, a seam within the
    grace.
    """
    figure, ax = plt.subplots(figsize=(8.4, 3.7))
    bare(ax).set(xlim=(-33, 49), ylim=(-1.5, 5.6), xticks=[], yticks=[])
    rows: list[tuple[str, list[tuple[float, float]], list[tuple[float, float]], str, bool]] = [
        ("through its last day,\nthen the next", [(-31, -1), (0, 28)], [(-1, 0)], "customer: no gap", True),
        ("renews at the cutoff", [(-31, 0), (0, 28)], [], "customer", True),
        ("ends at the cutoff", [(-31, 0)], [], "has left", False),
        ("renews late,\nwithin the grace", [(-31, -6), (4, 28)], [(-6, 4)], "one spell, in hindsight", True),
        ("renews after the grace", [(-31, -16), (4, 28)], [], "left, and a new spell", False),
    ]
    for y, (name, contracts, seams, said, stays) in enumerate(reversed(rows)):
        ax.text(-33, y, name, ha="right", va="center", color=text)
        for start, stop in contracts:
            ax.plot([start + 0.12, stop - 0.12], [y, y], color=main, lw=9, alpha=0.55, solid_capstyle="butt")
        for start, stop in seams:
            ax.plot([start, stop], [y, y], color=ORANGE, lw=9, alpha=0.75, solid_capstyle="butt")
        ax.text(30.5, y, said, va="center", color=text, weight="bold" if stays else "normal")
    ax.axvline(0, 0.14, 0.9, color=text, lw=2)
    ax.text(0, 5.0, "cutoff", ha="center", color=text, weight="bold")
    ax.plot([-31, -26], [-1.05, -1.05], color=main, lw=9, alpha=0.55, solid_capstyle="butt")
    ax.text(-25, -1.05, "contract", va="center", color=text)
    ax.plot([-8, -3], [-1.05, -1.05], color=ORANGE, lw=9, alpha=0.75, solid_capstyle="butt")
    ax.text(-2, -1.05, "seam that belongs to the spell", va="center", color=text)
    return figure


@picture
def midnights(text: str, quiet: str, main: str) -> Any:
    """Return days around the change of the clock in Berlin on an axis of elapsed hours: midnights, and steps of 24 hours beside them."""
    from churnpredict.clock import DAY, utc_time
    from churnpredict.spans import span

    hour, zone = DAY // 24, "Europe/Berlin"
    walls = (np.datetime64("2024-03-29") + np.arange(6)).astype("datetime64[us]").astype(np.int64)
    edges = (utc_time(walls, zone) - utc_time(walls[-1:], zone)) / hour
    every_day = [span("1d").times(k).before(int(utc_time(walls[-1:], zone)[0]), zone) for k in range(6)]
    assert sorted(every_day) == utc_time(walls, zone).tolist()
    figure, ax = plt.subplots(figsize=(8.4, 2.9))
    bare(ax).set(xlim=(edges[0] - 6, 30), ylim=(-1.9, 2.2), xticks=[], yticks=[])
    for start, end, wall in zip(edges, edges[1:], walls[:-1], strict=False):
        short = end - start < 24
        ax.axvspan(start, end, 0.49, 0.7, color=ORANGE if short else main, alpha=0.34 if short else 0.22, lw=0)
        day = np.datetime64(int(wall), "us").astype("datetime64[D]").item()
        ax.text((start + end) / 2, 0.52, f"{day.day} {day:%B}\n{end - start:.0f} hours", ha="center", va="center", color=text)
    ax.plot(edges, [1.25] * 6, "v", color=main, ms=10)
    ax.plot(-24.0 * np.arange(6), [-0.4] * 6, "^", mfc="none", mec=RED, mew=2, ms=10)
    for edge in edges:
        ax.plot([edge, edge], [0.1, 0.95], color=quiet, lw=1)
    ax.text(2.5, 1.25, 'every="1d"', va="center", color=text, weight="bold")
    ax.text(2.5, -0.4, "steps of 24 hours", va="center", color=text)
    ax.text(edges[0] - 2, 1.75, "midnight of each day: the orders of a day lie after its cutoff", color=text)
    ax.annotate("", (-73, -0.65), (-73, -1.25), arrowprops={"arrowstyle": "->", "color": quiet})
    ax.text(-70, -1.3, "11 pm of the day before, like all earlier ones", color=text, va="center")
    return figure


@picture
def snapshots(text: str, quiet: str, main: str) -> Any:
    """Return who is at risk at which cutoff, and which snapshots are not mature yet."""
    figure, ax = plt.subplots(figsize=(8.4, 3.6))
    cutoffs, end, horizon = np.arange(0, 241, 30), 270, 90
    lives = {"Ada": [(-40, 270)], "Ben": [(-40, 110)], "Cem": [(75, 270)], "Dora": [(-40, 25), (165, 270)], "Eve": [(130, 215)]}
    for y, (name, spans) in enumerate(reversed(lives.items())):
        ax.text(-46, y, name, ha="right", va="center", color=text)
        for start, stop in spans:
            ax.plot([start, stop], [y, y], color=quiet, lw=6, alpha=0.3, solid_capstyle="butt")
        for cutoff in cutoffs:
            at_risk = any(start < cutoff < stop for start, stop in spans)
            if not at_risk:
                ax.plot(cutoff, y, "x", color=quiet, ms=6)
                continue
            mature = cutoff + horizon <= end
            leaves = any(start < cutoff <= stop < cutoff + horizon and stop < end for start, stop in spans)
            colour = quiet if not mature else ORANGE if leaves else main
            mark = {"marker": "D" if mature and leaves else "o", "ms": 9, "mec": colour, "mfc": colour if mature else "none", "mew": 2}
            ax.plot(cutoff, y, ls="", **mark)
    ax.axvline(end, color=text, lw=1.5, ls=":")
    ax.text(end + 3, 4.3, "end of the\nrecords", color=text, va="top")
    marks = [("o", main, main, "at risk, stayed: 0"), ("D", ORANGE, ORANGE, "at risk, left within the horizon: 1")]
    marks += [("o", quiet, "none", "at risk, window not over: no label"), ("x", quiet, quiet, "not at risk: no snapshot")]
    handles = [mpl.lines.Line2D([], [], ls="", marker=m, mec=c, mfc=f, mew=2, ms=8, label=label) for m, c, f, label in marks]
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncol=2, frameon=False)
    bare(ax, "bottom").set(xlim=(-60, 318), ylim=(-0.6, 4.6), yticks=[], xticks=cutoffs, xlabel="")
    ax.set_xticklabels([f"cutoff {i + 1}" for i in range(len(cutoffs))], fontsize=8)
    return figure


@picture
def leak(text: str, quiet: str, main: str) -> Any:
    """Return the same column where the answer is known, and where it is not."""
    rng = np.random.default_rng(0)
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 2.9), sharey=True)
    stayed = rng.gamma(3, 4, 900)
    for ax, left, title in zip(axes, (rng.gamma(1.2, 0.6, 150), rng.gamma(2.8, 4.3, 150)), ("in training", "when it matters"), strict=True):
        bins = np.linspace(0, 35, 36)
        ax.hist(stayed, bins, color=main, alpha=0.75, label="stayed")
        ax.hist(left, bins, color=ORANGE, alpha=0.9, label="left")
        everybody, share = np.concatenate([left, stayed]), np.r_[np.ones(150), np.zeros(900)]
        order = np.argsort(np.argsort(-everybody))
        auc = (order[share == 1].sum() - 150 * 149 / 2) / (150 * 900)
        ax.set_title(f"{title}: AUC of this column alone {score(auc)}", color=text, fontsize=10)
        bare(ax, "bottom").set(xlabel="days since last contact", yticks=[])
    axes[0].annotate(
        "set to zero when\nthe account was closed",
        (1, 95),
        (9, 95),
        color=text,
        va="center",
        arrowprops={"arrowstyle": "->", "color": text},
    )
    axes[1].legend(frameon=False)
    return figure


@picture
def calibration(text: str, quiet: str, main: str) -> Any:
    """Return two trained models on the same rows: as they come, and with leavers weighted as heavily as stayers."""
    from lightgbm import LGBMClassifier

    import churnpredict as cp

    rng = np.random.default_rng(4)
    n = 12_000
    X = np.column_stack([rng.normal(size=(n, 4)), rng.exponential(1, n)])
    truth = 1 / (1 + np.exp(2.6 - 0.9 * X[:, 0] + 0.5 * X[:, 1] - 0.7 * X[:, 4]))
    y = (rng.random(n) < truth).astype(int)
    half = n // 2
    figure, ax = plt.subplots(figsize=(5.4, 4.4))
    ax.plot([0, 1], [0, 1], color=quiet, lw=1, ls="--")
    settings: dict[str, Any] = {"n_estimators": 60, "num_leaves": 15, "learning_rate": 0.08, "verbose": -1, "n_jobs": 1, "random_state": 0}
    for name, extra, colour, mark in (("as it is", {}, main, "o"), ("classes weighted alike", {"class_weight": "balanced"}, ORANGE, "s")):
        p = LGBMClassifier(**settings, **extra).fit(X[:half], y[:half]).predict_proba(X[half:])[:, 1]
        shown = cp.displays.ReliabilityDisplay.from_predictions(y[half:], p, bins=8)
        plt.close(shown.figure_)
        gap = p.mean() - y[half:].mean()
        errors = np.abs([shown.observed - shown.low, shown.high - shown.observed])
        ax.errorbar(
            shown.risk, shown.observed, errors, color=colour, marker=mark, ms=6, capsize=2, lw=1.5, label=f"{name}: {points(gap)} points"
        )
    ax.text(0.8, 0.73, "predicted = observed", color=text, rotation=40, fontsize=9, ha="center")
    ax.legend(frameon=False, title="mean risk - share that left", loc="upper left")
    bare(ax, "left", "bottom").set(xlabel="predicted risk", ylabel="share that left", xlim=(0, 0.9), ylim=(0, 0.9))
    percent_axis(ax.xaxis), percent_axis(ax.yaxis)
    return figure


@picture
def drivers(text: str, quiet: str, main: str) -> Any:
    """Return the steps from the base risk to one customer's, a step per driver."""
    base, steps = 0.06, {"support": 0.18, "habit": 0.12, "price": 0.08, "others": 0.01, "contract": -0.04}
    figure, ax = plt.subplots(figsize=(8.4, 3.1))
    at = base
    names = ["average customer", *steps, "this customer"]
    ax.barh(0, base, color=quiet, alpha=0.7)
    for y, step in enumerate(steps.values(), start=1):
        ax.barh(y, step, left=at, color=ORANGE if step > 0 else main)
        ax.text(max(at, at + step) + 0.005, y, f"{100 * step:+.0f}".replace("-", "\u2212"), va="center", color=text)
        ax.plot([at + step] * 2, [y - 0.4, y + 1.4], color=quiet, lw=0.8)
        at += step
    ax.barh(len(steps) + 1, at, color=quiet, alpha=0.7)
    ax.text(base + 0.005, 0, percent(base), va="center", color=text)
    ax.text(at + 0.005, len(steps) + 1, percent(at), va="center", color=text, weight="bold")
    bare(ax, "bottom").set(yticks=range(len(names)), yticklabels=names, xlim=(0, 0.5), xlabel="risk of leaving within 90 days")
    percent_axis(ax.xaxis)
    ax.tick_params(left=False)
    ax.invert_yaxis()
    return figure


@picture
def secant(text: str, quiet: str, main: str) -> Any:
    """Return one slope per customer turns log-odds into points."""
    figure, ax = plt.subplots(figsize=(6.6, 3.8))
    z = np.linspace(-5, 3, 200)
    curve = 1 / (1 + np.exp(-z))
    z0, z1 = np.log(0.06 / 0.94), np.log(0.41 / 0.59)
    ax.plot(z, curve, color=quiet, lw=2)
    ax.plot([z0, z1], [0.06, 0.41], "o-", color=ORANGE, ms=8, lw=2.5)
    ax.plot([z0, z1, z1], [0.06, 0.06, 0.41], color=text, lw=1, ls=":")
    ax.text(z0 - 0.1, 0.1, "average customer\n6 %", ha="right", color=text)
    ax.text(z1 - 0.15, 0.45, "this customer\n41 %", ha="right", color=text)
    ax.text((z0 + z1) / 2, 0.01, "log-odds of all drivers", ha="center", color=text, fontsize=9)
    ax.text(z1 + 0.1, 0.22, "points of all drivers:\n35", color=text, fontsize=9, va="center")
    bare(ax, "left", "bottom").set(xlabel="log-odds", ylabel="risk", ylim=(-0.02, 1), xlim=(-5, 3))
    percent_axis(ax.yaxis)
    return figure


@picture
def parts(text: str, quiet: str, main: str) -> Any:
    """Return a risk of 42 % divided by outcome within each horizon."""
    figure, ax = plt.subplots(figsize=(7.4, 2.8))
    divided = {"within 90 days": (0.29, 0.13), "within 60 days": (0.2, 0.1), "within 30 days": (0.09, 0.06)}
    for y, (gone, lost) in enumerate(divided.values()):
        ax.barh(y, gone, color=main)
        ax.barh(y, lost, left=gone, color=ORANGE, hatch="//", edgecolor=text, lw=0)
        ax.text(gone + lost + 0.006, y, f"{percent(gone + lost)} = {percent(gone)} + {percent(lost)}", va="center", color=text)
    ax.barh(-5, 0, color=main, label="left (wants to go)")
    ax.barh(-5, 0, color=ORANGE, hatch="//", edgecolor=text, lw=0, label="lost (failed payment)")
    ax.legend(frameon=False, loc="upper right")
    bare(ax, "bottom").set(yticks=range(3), yticklabels=list(divided), xlim=(0, 0.56), ylim=(-0.5, 2.5))
    percent_axis(ax.xaxis)
    ax.tick_params(left=False)
    ax.set_xlabel("risk of one customer")
    return figure


@picture
def silence(text: str, quiet: str, main: str) -> Any:
    """Return the return curve of a simulated business, and the horizon that is proposed from it."""
    import churnpredict as cp

    shop = cp.make_business(400, random_state=2)
    curve, proposed = cp.accounting.return_curve(shop.tables, of="orders"), cp.accounting.suggest_horizon(shop.tables, of="orders")
    days = np.arange(0, 121)
    horizon = float(proposed.horizon.removesuffix("d"))
    figure, ax = plt.subplots(figsize=(7.4, 3.2))
    ax.plot(days, [curve.comes_back(float(d)) for d in days], color=main, lw=2.5)
    ax.axhline(0.1, color=quiet, ls="--", lw=1)
    ax.axvline(horizon, color=ORANGE, lw=2)
    ax.text(horizon + 1.5, 0.62, f"proposed horizon:\n{horizon:.0f} days", color=text, va="center")
    ax.text(120, 0.12, "one in ten", color=text, ha="right")
    bare(ax, "left", "bottom").set(xlabel="days of silence so far", ylabel="still comes back", ylim=(0, 1), xlim=(0, 120))
    percent_axis(ax.yaxis)
    return figure


# What the commands named here printed last: CPU seconds on one core. Not measured again for a picture.
SPEED = {
    "features of 10 M events at 24 cutoffs, s\n(features.py)": {"churnpredict": 3.2, "SQL in DuckDB": 88, "pandas": 171},
    "exact SHAP values of 50,000 rows, s\n(explain.py)": {"churnpredict": 0.41, "LightGBM's pred_contrib": 49},
    "scores of 100,000 customers, s\n(scores.py)": {"churnpredict": 0.19, "Booster.predict": 2.7},
}


@picture
def speed(text: str, quiet: str, main: str) -> Any:
    """Return cost of features, reasons and scores beside what people use today."""
    return costs_drawn(*plt.subplots(1, 3, figsize=(10.5, 1.9)), text, quiet, main)


@picture
def speed_phone(text: str, quiet: str, main: str) -> Any:
    """Return the same one below the other, for narrow screens."""
    bars = [len(costs) for costs in SPEED.values()]
    return costs_drawn(*plt.subplots(3, 1, figsize=(4.2, 4.6), height_ratios=bars), text, quiet, main, bars)


def costs_drawn(figure: Any, axes: Any, text: str, quiet: str, main: str, room: Sequence[int] = (3, 3, 3)) -> Any:
    """Return the figure with one panel for each kind of work, with room for so many bars in each."""
    for ax, (what, costs), bars in zip(axes, SPEED.items(), room, strict=True):
        bare(ax).set(xticks=[], yticks=[], ylim=(2.4 - bars, 2.6), xlim=(0, max(costs.values()) * 1.25))
        ax.set_title(what, loc="left", fontsize=9.5, color=text)
        for place, (who, cost) in enumerate(costs.items()):
            at = 2 - place
            ax.barh(at, cost, 0.32, color=main if place == 0 else quiet)
            ax.text(0, at + 0.28, who, fontsize=8.5, color=text, weight="bold" if place == 0 else "normal")
            ax.text(cost, at, f" {cost:g}", va="center", fontsize=9, color=text)
    figure.tight_layout(w_pad=2, h_pad=2)
    return figure


def main() -> None:
    HERE.mkdir(exist_ok=True)
    mpl.use("Agg")
    for name in sys.argv[1:] or PICTURES:
        for theme, colours in THEMES.items():
            ink = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), colours[0])
            with mpl.rc_context({**ink, "svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10, "font.family": "sans-serif"}):
                figure = PICTURES[name](*colours)
                figure.savefig(HERE / f"{name}-{theme}.svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
                plt.close(figure)


if __name__ == "__main__":
    main()
