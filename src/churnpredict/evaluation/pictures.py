"""Matplotlib figures without global state, in colour-blind safe colours."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from churnpredict.errors import MissingExtraError

__all__ = ["COLOURS", "NEUTRAL", "new_figure", "percent_axis", "png", "svg"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito (2008), yellow left out
NEUTRAL = "#595959"


def new_figure(width: float, height: float, *, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, np.ndarray]:
    """Return a figure of so many inches and its axes (rows, columns); notebooks show it by themselves, nothing has to be closed.

    Raises
    ------
    MissingExtraError
        ``missing-extra``: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise MissingExtraError(
            "missing-extra", "pictures need matplotlib", remedy='Install it: pip install "churnpredict[plot]"'
        ) from missing

    class Picture(Figure):
        """A figure that notebooks show."""

        def _repr_png_(self) -> bytes:
            return png(self)

    figure = Picture(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def png(figure: Any) -> bytes:
    """Return the figure as a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def svg(figure: Any) -> str:
    """Return the figure as SVG text to embed in a page: the same bytes for the same figure, no date, no external address."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "churnpredict", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def percent_axis(axis: Any) -> None:
    """Label an axis of shares in per cent."""
    axis.set_major_formatter(lambda value, _=None: f"{100 * value:.4g} %")
