"""The table of drivers: what customers say, signals, remedy, and whether it is actionable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from churnpredict.errors import UsageError, closest, warn
from churnpredict.languages.catalogue import Language, language_of

__all__ = ["DRIVERS", "OTHER", "Driver", "Nature", "assign_drivers", "driver_of", "label_and_remedy", "label_of", "nature_of"]

Nature = Literal["actionable", "behavioural", "fixed"]


@dataclass(frozen=True)
class Driver:
    """A family of reasons for leaving: the unit of explanations.

    Attributes
    ----------
    key : str
        The part of a feature's name before the two underscores.
    label : str
        Its name in tables and plots.
    says : str
        What the customer would say.
    signals : str
        The signals of it in the data.
    remedy : str
        What to do about it, in short.
    actionable : {"actionable", "behavioural", "fixed"}
        Whether the business can change it, only the customer can (and the business may invite it), or nobody can.
    """

    key: str
    label: str
    says: str
    signals: str
    remedy: str
    actionable: Nature = "actionable"


_ENGLISH = language_of("en")


def _driver(key: str, says: str, signals: str, actionable: Nature = "actionable") -> Driver:
    """Make a driver of the table; its name and remedy are in the languages' files."""
    return Driver(key, _ENGLISH.label(key), says, signals, _ENGLISH.remedy(key), actionable)


OTHER = _driver("other", "", "features that name no driver", "fixed")

_TABLE = (
    _driver("habit", "(goes silent)", "silence against own rhythm, falling activity, P(buys again)", "behavioural"),
    _driver("value", "I don't get results", "spend, depth and breadth of use, goals reached", "behavioural"),
    _driver(
        "onboarding",
        "I never got going",
        "activity in the first 30/60/90 days, time to first, second and third use, never used",
        "behavioural",
    ),
    _driver("quality", "It breaks, it is bad", "errors, returns, refunds, low ratings"),
    _driver("support", "Nobody solves it", "open tickets, age, reopened, escalations, response time, complaints"),
    _driver("communication", "They forgot me", "days since last contact, contacts per month, opens, clicks, unanswered"),
    _driver("price", "Too expensive", "price increases, discount ending, invoice above usual"),
    _driver("payment", "(card declined)", "failed, late, retried payments, card expiry: the involuntary road"),
    _driver("contract", "Time to renegotiate", "days to renewal, auto-renew off, downgrade, renegotiation request, trial end"),
    _driver("complexity", "Too cluttered", "features tried and dropped, help views, errors per session"),
    _driver("competition", "Others offer more", "competitor promotion, market events, stated reasons", "fixed"),
    _driver(
        "calendar", "(not the time of the year for it)", "how busy the time ahead usually is, against what the model learnt from", "fixed"
    ),
    _driver("lifecycle", "(moved, outgrew)", "tenure, second year, season, static attributes", "fixed"),
)

DRIVERS: Mapping[str, Driver] = MappingProxyType({driver.key: driver for driver in _TABLE})

# Features of the past that cannot change any more, whatever their driver: nobody can change how a customer began.
_PAST = re.compile(r"_(first_count_\w+|days_to_\d+|days_since_first|tenure_days|tenure_year|season_sin|season_cos)$")


def label_of(key: str) -> str:
    """Return the English label of a driver; a driver of your own is written as it is named.

    >>> label_of("payment"), label_of("our_app")
    ('Payment', 'Our app')
    """
    return DRIVERS[key].label if key in DRIVERS else key.replace("_", " ").capitalize()


def label_and_remedy(driver: Driver, language: Language) -> tuple[str, str]:
    """Return what a driver is called and what to do about it, in a language; what a user has worded stays as it is.

    >>> label_and_remedy(DRIVERS["price"], language_of("de"))
    ('Preis', 'Den Preis erklären; einen passenden Tarif anbieten')
    """
    ours = driver.key in _ENGLISH.drivers
    label = language.label(driver.key) if ours and driver.label == _ENGLISH.label(driver.key) else language.isolated(driver.label)
    remedy = language.remedy(driver.key) if ours and driver.remedy == _ENGLISH.remedy(driver.key) else driver.remedy
    return label, remedy


def driver_of(feature: str) -> str:
    """Return the driver that a feature's name carries: the part before the two underscores.

    The driver of a name without two underscores is ``"other"``. A prefix that is not in :data:`DRIVERS` is a driver of the user's own:
    features named ``staff__visits`` and ``staff__calls`` are explained together as ``"staff"``.

    >>> driver_of("habit__orders_days_since_last"), driver_of("MonthlyCharges")
    ('habit', 'other')
    """
    prefix, separator, rest = feature.partition("__")
    return prefix if separator and prefix and rest else OTHER.key


def nature_of(feature: str, driver: Driver | None = None) -> Nature:
    """Return whether a feature is actionable, behavioural or fixed: its driver's nature, except for features of the past that cannot
    change.

    >>> nature_of("support__tickets_count_30d"), nature_of("onboarding__orders_first_count_30d")
    ('actionable', 'fixed')
    """
    if _PAST.search("_" + feature.partition("__")[2]):
        return "fixed"
    return (driver or DRIVERS.get(driver_of(feature), OTHER)).actionable


def _own_driver(key: str) -> Driver:
    return OTHER if key == OTHER.key else Driver(key, key.replace("_", " ").capitalize(), "", "", "", "behavioural")


def assign_drivers(features: Iterable[str], drivers: Mapping[str, Any] | None = None) -> tuple[list[str], dict[str, Driver]]:
    """Return the driver key of every feature, and the drivers that occur, in the order of the table.

    Parameters
    ----------
    features : iterable of str
    drivers : mapping of feature to driver key or :class:`Driver`, optional
        For matrices whose names carry no driver. Features that it does not name keep the driver of their name. A :class:`Driver` with the
        key of one in the table replaces it, with its remedy.

    Returns
    -------
    keys : list of str, one per feature
    table : dict of key to Driver
        Known drivers first, then the user's own by name, ``other`` last.

    Raises
    ------
    UsageError
        ``drivers`` names a feature that is not there (``unknown-feature``), or gives something that is not a driver (``bad-driver``).

    Examples
    --------
    >>> keys, table = assign_drivers(["Contract", "tenure", "x"], {"Contract": "contract", "tenure": "lifecycle"})
    >>> keys, list(table)
    (['contract', 'lifecycle', 'other'], ['contract', 'lifecycle', 'other'])
    """
    names, own = list(features), dict(drivers or {})
    strange = [name for name in own if name not in set(names)]
    if strange:
        raise UsageError(
            "unknown-feature",
            f"drivers names {strange[0]!r}, which is not a column of X.{closest(str(strange[0]), names)}",
            remedy="Name columns of X.",
        )
    given: dict[str, Driver] = {}
    keys = []
    for name in names:
        said = own.get(name, driver_of(name))
        if isinstance(said, Driver):
            given[said.key] = said
            said = said.key
        if not isinstance(said, str) or not said:
            raise UsageError("bad-driver", f"the driver of {name!r} is {said!r}", remedy="Give a driver's key, or a Driver.")
        keys.append(said)
    for key in dict.fromkeys(own[name] for name in own if isinstance(own[name], str)):
        near = closest(key, DRIVERS)
        if key not in DRIVERS and key != OTHER.key and near:
            warn("unknown-driver", f"{key!r} is not a driver of the table.{near}", remedy="It is explained as a custom driver.")
    present = set(keys)
    order = [key for key in DRIVERS if key in present]
    order += sorted(key for key in present if key not in DRIVERS and key != OTHER.key)
    order += [OTHER.key] if OTHER.key in present else []
    return keys, {key: given.get(key) or DRIVERS.get(key) or _own_driver(key) for key in order}
