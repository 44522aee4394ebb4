"""Times given as numbers: what they may count, which unit fits them, and the moments they stand for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import TimeError

__all__ = ["FAR_FUTURE", "FAR_PAST", "UNITS", "count_times", "fitting_units", "scaled", "unit_remedy"]

FAR_PAST = -2_208_902_400_000_000  # 1900-01-02: before, a date is a placeholder
FAR_FUTURE = 7_258_118_400_000_000  # 2200-01-01: from here on, too
_DAY = 86_400_000_000
# unit -> microseconds that one counts (of a nanosecond: that a thousand count), and the moment of zero
UNITS = {"s": (1_000_000, 0), "ms": (1_000, 0), "us": (1, 0), "ns": (0, 0), "d": (_DAY, 0), "excel": (_DAY, -25_569 * _DAY)}
UNITS["excel1904"] = (_DAY, -24_107 * _DAY)  # of workbooks made on old Macs: never guessed, because every number would fit both
_PLAUSIBLE = (315_532_800_000_000, 4_102_444_800_000_000)  # 1980 to 2100
_FAR_DAYS = 29_220  # days: since 1970 they would lie after 2050, in a spreadsheet after 1980
_MOST, _FEW = 0.9, 0.1


def scaled(numbers: npt.NDArray[np.int64], per_thousand: int) -> npt.NDArray[np.int64]:
    """Return counts as microseconds, ``per_thousand`` of them each thousand: rounded down, and what no history reaches is cut,
    not wrapped.
    """
    if per_thousand == 1:
        return np.floor_divide(numbers, 1_000)
    each = per_thousand // 1_000
    bound = (1 << 61) // each
    return np.clip(numbers, -bound, bound) * each


def _moments(values: pa.Array, unit: str) -> npt.NDArray[np.int64]:
    """Return microseconds since 1970 of counts without nulls."""
    each, zero = UNITS[unit]
    if pa.types.is_integer(values.type):
        most = pa.scalar((1 << 63) - 1, pa.uint64())
        values = pc.min_element_wise(values, most).cast(pa.int64()) if values.type == pa.uint64() else values.cast(pa.int64())
        found = scaled(np.asarray(values.to_numpy(zero_copy_only=False)), each * 1_000 or 1)
    else:
        counts = np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64) * (each or 1e-3)
        found = np.clip(np.round(counts), -(2.0**61), 2.0**61).astype(np.int64)
    return found + zero


def _plausible(values: pa.Array, unit: str) -> float:
    moments = _moments(values, unit)
    return float(((moments >= _PLAUSIBLE[0]) & (moments < _PLAUSIBLE[1])).mean())


def fitting_units(values: pa.Array) -> list[str]:
    """Return the units in which nearly all numbers are moments between 1980 and 2100.

    >>> fitting_units(pa.array([1_704_067_200, 1_711_929_600])), fitting_units(pa.array([45_292.5])), fitting_units(pa.array([7, 12]))
    (['s'], ['excel'], [])
    """
    known = _known(values)
    return [unit for unit in UNITS if unit not in ("d", "excel1904") and len(known) and _plausible(known, unit) >= _MOST]


def _known(values: pa.Array) -> pa.Array:
    values = values.drop_null()
    return values.filter(pc.is_finite(values)) if pa.types.is_floating(values.type) else values


def count_times(values: pa.Array, unit: str, *, table: str, name: str) -> pa.Array:
    """Return counts of a unit as microseconds (int64), null where nothing is known.

    Raises
    ------
    TimeError
        ``epoch-unit`` where the numbers are moments in another unit.
    """
    known = _known(values)
    if len(known):
        _refuse_other_unit(known, unit, table, name)
    there = pc.is_valid(values) if not pa.types.is_floating(values.type) else pc.fill_null(pc.invert(pc.is_nan(values)), False)
    return pa.array(_moments(pc.if_else(there, values, pa.scalar(0, values.type)), unit), mask=~there.to_numpy(zero_copy_only=False))


def _refuse_other_unit(known: pa.Array, unit: str, table: str, name: str) -> None:
    others = [u for u in fitting_units(known) if u != unit]
    far = unit == "d" and float(np.median(_moments(known, "d"))) >= _FAR_DAYS * _DAY
    late = float((_moments(known, unit) >= FAR_FUTURE).mean()) > 0.5
    if (others and (far or _plausible(known, unit) < _FEW)) or (late and unit != "d"):
        what = f'as counts of unit="{unit}" the times lie {"after 2050" if far else "after 2200" if late else "near 1970"}'
        remedy = f"Declare what they count: {unit_remedy(others)}." if others else "Look what they count, and declare its unit=."
        raise TimeError("epoch-unit", what, table=table, column=name, rows=len(known), total=len(known), remedy=remedy)


def unit_remedy(units: list[str]) -> str:
    """Return the units as a declaration, with a word on days of a spreadsheet."""
    told = [f'unit="{u}"' + (" (days of a spreadsheet)" if u == "excel" else "") for u in units]
    return " or ".join(told)
