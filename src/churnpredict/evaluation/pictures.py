"""Matplotlib figures without global state: light and dark themes in colour-blind safe colours, titles, descriptions, sentences."""

from __future__ import annotations

import base64
import functools
import io
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from churnpredict.argument_checks import check_choice
from churnpredict.errors import missing_extra
from churnpredict.figures import tick

__all__ = [
    "COLOURS",
    "DARK",
    "LIGHT",
    "NEUTRAL",
    "Theme",
    "ThemeName",
    "bare",
    "drawn",
    "escaped",
    "finish",
    "look",
    "low_to_high",
    "new_figure",
    "percent_axis",
    "png",
    "sentence",
    "svg",
]

F = TypeVar("F", bound=Callable[..., Any])
ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """Colours of a picture; those of :attr:`colours` stand side by side in this order.

    Attributes
    ----------
    paper, ink, quiet, grid : str
        Background, text, lines that only help, lines of the grid.
    colours : tuple of str
        Of Okabe and Ito (2008).
    raises, lowers : str
        What raises and what lowers a risk.
    """

    paper: str
    ink: str
    quiet: str
    grid: str
    colours: tuple[str, ...]
    raises: str
    lowers: str


COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito (2008), yellow left out
NEUTRAL = "#595959"
LIGHT = Theme("#FFFFFF", "#1F2430", NEUTRAL, "#E5E5E5", COLOURS, "#D55E00", "#0072B2")
DARK = Theme(
    "#14181F",
    "#E4E7EC",
    "#8E96A3",
    "#2E343E",
    ("#56B4E9", "#E69F00", "#009E73", "#F5B5DA", "#D55E00", "#F0E442", "#FFFFFF"),
    "#E69F00",
    "#56B4E9",
)
_THEMES = {"light": LIGHT, "dark": DARK}
_CHOSEN: ContextVar[Theme | None] = ContextVar("theme", default=None)
_PER_INCH = 10.6  # letters of a title
_LABEL = 0.72  # of the width belongs to the axes, and to what is below them


def look() -> Theme:
    """Return the theme that holds: the one asked for, else the dark one where matplotlib's own settings draw on dark paper."""
    chosen = _CHOSEN.get()
    if chosen is not None:
        return chosen
    import matplotlib
    from matplotlib.colors import to_rgb

    paper = matplotlib.rcParams["figure.facecolor"]
    return DARK if sum(to_rgb(paper)) < 1.0 else LIGHT


def drawn(make: F) -> F:
    """Give a function that draws the option ``theme``: "light", "dark", or None for what matplotlib's settings say.

    Raises
    ------
    MissingExtraError
        ``missing-extra``: matplotlib is not installed.
    UsageError
        ``unknown-choice``.
    """

    @functools.wraps(make)
    def wrapped(*args: Any, theme: ThemeName | None = None, **options: Any) -> Any:
        _need_matplotlib()
        with _themed(theme):
            return make(*args, **options)

    return wrapped  # type: ignore[return-value]


@contextmanager
def _themed(name: str | None) -> Iterator[None]:
    if name is None:
        yield
        return
    theme = _THEMES[check_choice(name, "theme", list(_THEMES))]
    import matplotlib

    inks = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "axes.titlecolor")
    papers = ("figure.facecolor", "axes.facecolor", "legend.facecolor")
    settings = dict.fromkeys(inks, theme.ink) | dict.fromkeys(papers, theme.paper) | {"savefig.facecolor": "auto"}
    token = _CHOSEN.set(theme)
    try:
        with matplotlib.rc_context(settings):
            yield
    finally:
        _CHOSEN.reset(token)


def _need_matplotlib() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise missing_extra("pictures need matplotlib", "plot") from missing
    return Figure


def new_figure(width: float, height: float, *, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, np.ndarray]:
    """Return a figure of so many inches and its axes (rows, columns); notebooks show it by themselves, nothing has to be closed.

    Its ``alt_text`` says in words what is seen: :func:`finish` sets it.

    Raises
    ------
    MissingExtraError
        ``missing-extra``: matplotlib is not installed.
    """

    class Picture(_need_matplotlib()):  # type: ignore[misc]
        """A figure that notebooks show."""

        alt_text = ""

        def _repr_png_(self) -> bytes:
            return png(self)

        def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
            return {"image/png": base64.b64encode(png(self)).decode()}, {"image/png": {"alt": self.alt_text}}

    figure = Picture(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def bare(ax: Any, *, grid: Literal["x", "y", "both"] | None = "y") -> Any:
    """Return axes with only the lines that help to read them."""
    theme = look()
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(theme.quiet)
    ax.tick_params(length=0)
    ax.set_axisbelow(True)
    if grid is not None:
        ax.grid(axis=grid, color=theme.grid, linewidth=0.8)
    return ax


def finish(figure: Any, title: str, seen: str) -> Any:
    """Set the title, which says the finding, and the description for those who cannot see the picture; returns the figure."""
    wide = max(int(figure.get_size_inches()[0] * _PER_INCH), 20)
    figure.suptitle(escaped(textwrap.fill(title, wide)), x=0.01, ha="left", fontsize=12)
    for ax in figure.axes:
        place = ax.get_subplotspec()
        columns = 1 if place is None else place.get_gridspec().ncols
        width = max(int(_LABEL * wide / columns), 16)
        ax.set_xlabel("\n".join(textwrap.fill(line, width) for line in ax.get_xlabel().split("\n")))
    figure.alt_text = f"{title.rstrip('.')}. {seen}"
    return figure


def sentence(text: str) -> Any:
    """Return a figure that says why there is nothing to draw."""
    figure, grid = new_figure(6.4, 1.2)
    ax = grid[0, 0]
    ax.set_axis_off()
    ax.text(0, 0.5, escaped(textwrap.fill(text, 64)), va="center", ha="left", color=look().ink, fontsize=11, transform=ax.transAxes)
    figure.alt_text = text
    return figure


def escaped(text: Any) -> str:
    """Return a label as it is: matplotlib takes dollars for formulas."""
    return str(text).replace("$", r"\$")


def low_to_high() -> Any:
    """Return colours of values from low to high that everybody can distinguish and that neither paper swallows: of cividis, without the far
    end.
    """
    import matplotlib
    from matplotlib.colors import ListedColormap

    ends = (0.3, 1.0) if look() is DARK else (0.0, 0.82)
    return ListedColormap(matplotlib.colormaps["cividis"](np.linspace(*ends, 256)))


def png(figure: Any) -> bytes:
    """Return the figure as a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def svg(figure: Any) -> str:
    """Return the figure as SVG text to embed in a page: the same bytes for the same figure, no date, no external address."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "churnpredict", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", facecolor=figure.get_facecolor(), metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def percent_axis(axis: Any) -> None:
    """Label an axis of shares in per cent."""
    axis.set_major_formatter(lambda value, _=None: tick(value))
