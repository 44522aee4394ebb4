"""Colours that stand side by side can be told apart by who sees no red or no green, and on paper without colours lines differ otherwise."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from churnpredict.evaluation.pictures import DARK, LIGHT, Theme, finish, new_figure

# Machado, Oliveira and Fernandes (2009), of linear RGB at full severity
SIGHT = {
    "all": np.eye(3),
    "no green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "no red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
LEAST = 12.0  # in CIELAB; about 2 is just noticed side by side, lines apart want several times that


def lab(colour: str, sight: np.ndarray) -> np.ndarray:
    """CIELAB of a colour as it is seen."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(sight @ linear, 0, 1) / (XYZ @ np.ones(3))
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(colours: tuple[str, ...]) -> dict[tuple[str, str, str], float]:
    """Distance of every pair, by sight."""
    return {
        (name, a, b): float(np.linalg.norm(lab(a, sight) - lab(b, sight)))
        for name, sight in SIGHT.items()
        for a, b in combinations(colours, 2)
    }


PALETTES = {
    f"{name}, {what}": colours
    for name, theme in (("light", LIGHT), ("dark", DARK))
    for what, colours in {
        "models, cutoffs, drivers and groups": (*theme.colours, theme.quiet),
        "raises and lowers": (theme.raises, theme.lowers),
    }.items()
}


@pytest.mark.parametrize("name", PALETTES)
def test_colours_side_by_side_can_be_told_apart(name: str) -> None:
    close = {pair: round(d, 1) for pair, d in nearest(PALETTES[name]).items() if d < LEAST}
    assert not close


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_no_colour_drowns_in_the_paper(theme: Theme) -> None:
    for colour in (*theme.colours, theme.quiet, theme.raises, theme.lowers, theme.ink):
        assert np.linalg.norm(lab(colour, SIGHT["all"]) - lab(theme.paper, SIGHT["all"])) > LEAST


def test_red_and_green_of_one_brightness_would_be_found() -> None:
    """The test can fail: a pair that everybody else tells apart."""
    distances = nearest(("#CC3311", "#7A7A00"))
    assert distances["all", "#CC3311", "#7A7A00"] > 4 * LEAST
    assert min(distances.values()) < LEAST


def test_lines_of_a_label_stay_lines() -> None:
    pytest.importorskip("matplotlib")
    figure, grid = new_figure(4.0, 3.0)
    grid[0, 0].set_xlabel("share of customers contacted\na customer worth 200, an offer 10, a contact 1")
    finish(figure, "A title", "seen")
    first, *rest = grid[0, 0].get_xlabel().split("\n")
    assert first == "share of customers contacted"
    assert rest[0].startswith("a customer")
