"""Playbook: remedy, cost and acceptance per driver."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from churnpredict.errors import ConfigError, closest
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.number_checks import is_number

__all__ = ["HOPELESS", "Play", "read_playbook"]

HOPELESS = frozenset({"lifecycle", "calendar"})  # an offer does not keep customers who move away, and does not move the season


@dataclass(frozen=True)
class Play:
    """The play for customers whose strongest reason is one driver.

    Attributes
    ----------
    remedy : str
    offer_cost : float
        Cost of the offer, per customer who takes it; in the unit of the values.
    acceptance : float
        Share of would-be leavers whom it keeps, 0 to 1; 0 for drivers on which nothing is spent.
    """

    remedy: str
    offer_cost: float
    acceptance: float


def read_playbook(
    playbook: str | Path | Mapping[str, Mapping[str, Any]] | None,
    *,
    offer_cost: float,
    acceptance: float,
    drivers: Iterable[str] = (),
    language: Language | None = None,
) -> dict[str, Play]:
    """Return one play per driver.

    Parameters
    ----------
    playbook : path of a TOML file, or mapping of driver to remedy, offer_cost, acceptance, optional
        Missing keys are taken from the driver table, with the general offer cost and acceptance (0 for lifecycle).
    offer_cost, acceptance : float
    drivers : iterable of str
        Custom drivers that occur among the reasons.
    language : Language, optional
        Of the remedies that the playbook does not say; English by default.

    Raises
    ------
    ConfigError
        ``unreadable-playbook``, ``unknown-driver``, ``unknown-key``, ``bad-playbook``.

    Examples
    --------
    >>> plays = read_playbook({"price": {"remedy": "Annual plan", "offer_cost": 25}}, offer_cost=10, acceptance=0.3)
    >>> plays["price"]
    Play(remedy='Annual plan', offer_cost=25.0, acceptance=0.3)
    >>> plays["lifecycle"].acceptance
    0.0
    """
    spoken = language or language_of("en")
    plays = {d.key: Play(spoken.remedy(d.key), offer_cost, 0.0 if d.key in HOPELESS else acceptance) for d in DRIVERS.values()}
    plays |= {key: Play("", offer_cost, acceptance) for key in drivers if key not in plays}
    for key, said in _parsed(playbook).items():
        if key not in plays:
            raise ConfigError(
                "unknown-driver",
                f"the playbook names the driver {key!r}, which does not exist.{closest(key, plays)}",
                remedy="Use a key of the driver table, or of a custom driver among the reasons.",
            )
        plays[key] = _changed(key, plays[key], said)
    return plays


def _parsed(playbook: Any) -> Mapping[str, Any]:
    if playbook is None or isinstance(playbook, Mapping):
        return playbook or {}
    try:
        return tomllib.loads(Path(playbook).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            "unreadable-playbook", "the playbook cannot be read as TOML", remedy="Give a section per driver, such as [support]."
        ) from error


def _changed(key: str, play: Play, said: Any) -> Play:
    names = [f.name for f in fields(Play)]
    if not isinstance(said, Mapping):
        raise ConfigError("bad-playbook", f"{key!r} is no section", remedy=f"Give a section with {', '.join(names)}.")
    for name, value in said.items():
        if name not in names:
            raise ConfigError("unknown-key", f"[{key}] has a key {name!r}.{closest(name, names)}", remedy=f"Use {', '.join(names)}.")
        if name == "remedy":
            good = isinstance(value, str)
        else:
            good = is_number(value) and math.isfinite(value) and 0 <= value <= (1 if name == "acceptance" else math.inf)
        if not good:
            raise ConfigError(
                "bad-playbook", f"[{key}] {name} is {value!r}", remedy="A remedy is text, a cost at least 0, an acceptance from 0 to 1."
            )
        changed: dict[str, Any] = {name: value if name == "remedy" else float(value)}
        play = replace(play, **changed)
    return play
