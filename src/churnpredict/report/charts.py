"""SVG charts of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

__all__ = ["columns_chart", "reliability_chart", "sparkline"]

_WIDE, _HIGH = 640, 220
_LEFT, _TOP, _BOTTOM = 48, 12, 28
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)


def columns_chart(rows: Sequence[Mapping[str, Any]], label: str) -> Markup:
    """Return columns of shares with their intervals; of each, the part at the top may be of a second kind.

    Parameters
    ----------
    rows : sequence of mappings
        ``label``, ``value``, ``low``, ``high``, and ``second`` (the part of the value that is of the second kind, or 0).
    label : str
        What is seen, for those who cannot see it.

    Examples
    --------
    >>> chart = columns_chart([{"label": "<2023>", "value": 0.2, "low": 0.1, "high": 0.3, "second": 0.05}], "Rates")
    >>> "&lt;2023&gt;" in chart, chart.count("<rect")
    (True, 2)
    """
    top = max((r["high"] if math.isfinite(r["high"]) else r["value"] for r in rows), default=0.0) or 1.0
    step = next((s for s in _STEPS if top / s <= 5), 1.0)
    most = step * math.ceil(top / step - 1e-9)
    each = (_WIDE - _LEFT) / max(len(rows), 1)
    room = _HIGH - _TOP - _BOTTOM

    def y(share: float) -> float:
        return round(_TOP + room * (1 - share / most), 1)

    out = []
    for i in range(round(most / step) + 1):
        at = y(i * step)
        text = f"{100 * i * step:.0f} %"
        out.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDE}" y1="{at}" y2="{at}"/>')
        out.append(f'<text class="tick" x="{_LEFT - 6}" y="{at + 4}" text-anchor="end">{text}</text>')
    every = math.ceil(len(rows) / 12)  # labels that would touch are left out
    for i, row in enumerate(rows):
        x, width = _LEFT + each * (i + 0.2), each * 0.6
        middle = round(x + width / 2, 1)
        for kind, low, high in (("fill", 0.0, row["value"] - row["second"]), ("second", row["value"] - row["second"], row["value"])):
            if high > low:
                out.append(f'<rect class="{kind}" x="{x:.1f}" width="{width:.1f}" y="{y(high)}" height="{y(low) - y(high):.1f}"/>')
        if math.isfinite(row["low"]) and math.isfinite(row["high"]):
            out.append(f'<line class="whisker" x1="{middle}" x2="{middle}" y1="{y(row["high"])}" y2="{y(row["low"])}"/>')
        if i % every == 0:
            out.append(f'<text class="tick" x="{middle}" y="{_HIGH - 8}" text-anchor="middle">{escape(row["label"])}</text>')
    return _svg("columns", _WIDE, _HIGH, label, out)


def reliability_chart(bins: Sequence[Mapping[str, float]], label: str) -> Markup:
    """Return what was said against what happened, with intervals; on the diagonal, both agree.

    Parameters
    ----------
    bins : sequence of mappings
        ``said``, ``happened``, ``low``, ``high``.

    Examples
    --------
    >>> reliability_chart([{"said": 0.2, "happened": 0.25, "low": 0.2, "high": 0.3}], "Calibration").count("<circle")
    1
    """
    side, left, bottom = 300, 44, 36
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
        out.append(f'<line class="grid" x1="{left}" x2="{side - 22}" y1="{y(share)}" y2="{y(share)}"/>')
        out.append(f'<text class="tick" x="{left - 6}" y="{y(share) + 4}" text-anchor="end">{100 * share:.0f} %</text>')
        out.append(f'<text class="tick" x="{x(share)}" y="{side - bottom + 18}" text-anchor="middle">{100 * share:.0f} %</text>')
    out.append(f'<line class="diagonal" x1="{x(0)}" y1="{y(0)}" x2="{x(most)}" y2="{y(most)}"/>')
    for b in bins:
        out.append(f'<line class="whisker" x1="{x(b["said"])}" x2="{x(b["said"])}" y1="{y(b["high"])}" y2="{y(b["low"])}"/>')
        out.append(f'<circle class="fill" cx="{x(b["said"])}" cy="{y(b["happened"])}" r="4"/>')
    return _svg("square", side, side, label, out)


def sparkline(values: Sequence[float], label: str) -> Markup:
    """Return a small line of counts, the latest on the right.

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


def _svg(kind: str, wide: int, high: int, label: str, parts: list[str]) -> Markup:
    body = Markup("".join(parts))  # noqa: S704 (numbers and escaped labels)
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(kind, wide, high, label, body)
