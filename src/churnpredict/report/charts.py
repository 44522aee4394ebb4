"""SVG charts of the page: without texts that a narrow screen would cut, but for the reliability diagram, which fits every screen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

__all__ = ["reliability_chart", "season_chart", "share_bar", "sparkline"]

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)


def share_bar(value: float, top: float, *, second: float = 0.0, low: float = math.nan, high: float = math.nan) -> Markup:
    """Draw a share as a bar, on a scale from 0 to ``top``, with its interval as a line; the numbers are beside it in the table.

    Parameters
    ----------
    value : float
    top : float
        The share at the end of the bar.
    second : float
        The part of the value that is of the second kind.
    low, high : float
        Of the interval.

    Examples
    --------
    >>> share_bar(0.2, 0.4, second=0.05, low=0.1, high=0.3).count("<rect")
    3
    """

    def place(share: float) -> float:
        return round(100 * min(max(share / top, 0.0), 1.0), 2) if top > 0 else 0.0

    first, parts = place(value - second), ['<rect class="track" width="100" height="10"/>']
    parts.append(f'<rect class="fill" width="{first}" height="10"/>')
    if second > 0:
        parts.append(f'<rect class="second" x="{first}" width="{round(place(value) - first, 2)}" height="10"/>')
    if math.isfinite(low) and math.isfinite(high):
        parts.append(f'<line class="whisker" x1="{place(low)}" x2="{place(high)}" y1="5" y2="5"/>')
    body = Markup("".join(parts))  # noqa: S704 (numbers)
    return Markup('<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>').format(body)


def reliability_chart(bins: Sequence[Mapping[str, float]], label: str, percent: Callable[[float], str]) -> Markup:
    """Draw what was predicted against what was observed, with intervals; on the diagonal, both agree.

    The axes end where the points do, so that crowded points can be distinguished.

    Parameters
    ----------
    bins : sequence of mappings
        ``said``, ``happened``, ``low``, ``high``.
    label : str
        What is seen, for those who cannot see it.
    percent : callable
        Writes a share.

    Examples
    --------
    >>> reliability_chart([{"said": 0.2, "happened": 0.25, "low": 0.2, "high": 0.3}], "Calibration", "{:.0%}".format).count("<circle")
    1
    """
    side, left, bottom = 300, 52, 36
    top = max((max(b["said"], b["high"]) for b in bins), default=0.0) or 1.0
    step = next((s for s in _STEPS if top / s <= 5), 1.0)
    most = step * math.ceil(top / step - 1e-9)
    room = side - bottom - 10

    def x(share: float) -> float:
        return round(left + (side - left - 22) * share / most, 1)

    def y(share: float) -> float:
        return round(10 + room * (1 - share / most), 1)

    out = []
    for i in range(round(most / step) + 1):
        share = i * step
        text = Markup.escape(percent(share))
        out.append(f'<line class="grid" x1="{left}" x2="{side - 22}" y1="{y(share)}" y2="{y(share)}"/>')
        out.append(f'<text class="tick" x="{left - 6}" y="{y(share) + 4}" text-anchor="end">{text}</text>')
        out.append(f'<text class="tick" x="{x(share)}" y="{side - bottom + 18}" text-anchor="middle">{text}</text>')
    out.append(f'<line class="diagonal" x1="{x(0)}" y1="{y(0)}" x2="{x(most)}" y2="{y(most)}"/>')
    for b in bins:
        out.append(f'<line class="whisker" x1="{x(b["said"])}" x2="{x(b["said"])}" y1="{y(b["high"])}" y2="{y(b["low"])}"/>')
        out.append(f'<circle class="fill" cx="{x(b["said"])}" cy="{y(b["happened"])}" r="4"/>')
    body = Markup("".join(out))  # noqa: S704 (numbers and escaped labels)
    return Markup('<svg class="square" viewBox="0 0 {0} {0}" role="img" direction="ltr" aria-label="{1}">{2}</svg>').format(
        side, label, body
    )


def season_chart(
    days: Sequence[float], activity: Sequence[float], low: Sequence[float], high: Sequence[float], window: tuple[float, float], label: str
) -> Markup:
    """Draw how busy each day of a year is, from 0 up, with a band, the average 1 as a line, and a window of days that is shaded.

    Parameters
    ----------
    days, activity, low, high : sequences of float
        The days from 0, and on each the activity and its bounds; what lies above twice the highest activity is cut.
    window : (float, float)
        First and last day; what lies beyond the end of the year goes on at its beginning.
    label : str
        What is seen, for those who cannot see it.

    Examples
    --------
    >>> drawn = season_chart([0, 182, 365], [1, 2, 1], [0.9, 1.5, 0.9], [1.1, 2.5, 1.1], (300, 390), "The year")
    >>> drawn.count("<rect"), drawn.count("<polyline"), drawn.count("<polygon")
    (2, 1, 1)
    """
    wide, top = max(days), min(max(*high, 1.2), 2 * max(*activity, 1.0))

    def y(level: float) -> float:
        return round(100 * (1 - min(level / top, 1.0)), 2)

    def line(levels: Sequence[float]) -> list[str]:
        return [f"{day:g},{y(level)}" for day, level in zip(days, levels, strict=True)]

    opens, closes = window
    parts = [(opens, min(closes, wide)), (0.0, min(closes - wide, wide))]
    out = [f'<rect class="window" x="{a:g}" width="{b - a:g}" height="100"/>' for a, b in parts if b > a]
    out.append(f'<polygon class="band" points="{" ".join(line(low) + line(high)[::-1])}"/>')
    out.append(f'<line class="grid" x1="0" x2="{wide:g}" y1="{y(1.0)}" y2="{y(1.0)}"/>')
    out.append(f'<polyline class="stroke" points="{" ".join(line(activity))}"/>')
    body = Markup("".join(out))  # noqa: S704 (numbers)
    return Markup('<svg class="spread year" viewBox="0 0 {} 100" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>').format(
        f"{wide:g}", label, body
    )


def sparkline(values: Sequence[float], label: str) -> Markup:
    """Draw a small line of counts, the latest on the right.

    Examples
    --------
    >>> sparkline([0, 2, 1], "Orders").endswith('aria-label="Orders"><polyline points="0,12 1,0 2,6"/></svg>')
    True
    """
    most = max(*values, 1)
    points = " ".join(f"{i},{round(12 * (1 - v / most), 1):g}" for i, v in enumerate(values))
    return Markup('<svg class="spark" viewBox="0 -1 {} 14" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>').format(
        len(values) - 1,
        label,
        Markup(f'<polyline points="{points}"/>'),  # noqa: S704 (numbers)
    )
