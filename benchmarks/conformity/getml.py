"""Aggregates at a cutoff beside FastProp of getML, on the business of featuretools.py."""

from __future__ import annotations

import numpy as np

from . import featuretools
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool("getml", "getML", "1.5.1", ("getml==1.5.1", "numpy==2.2.6", "pandas==2.2.3", "pyarrow==19.0.1"))


def compare(other: Other) -> list[Row]:
    """Return the rows: ours against others/getml.py, a millisecond before each cutoff and at it."""
    orders = featuretools.shop()
    index, whole, recent = featuretools.ours(orders)
    asked = index.to_frame(index=False).set_axis(["customer", "time"], axis=1)
    theirs = other.ask(frames={"orders": orders, "asked": asked})
    there = "Same rows where it is asked for the millisecond before the cutoff."
    digits = f"{there} Features here are kept in 32 bits."
    differ = np.mean(whole[:, 0] != theirs["at"][:, 0])
    return [
        row("count, all history", whole[:, 0], theirs["before"][:, 0], limit=0, why=there),
        row("sum, mean and largest amount, all history", whole[:, 1:4], theirs["before"][:, 1:], limit=1e-6, relative=True, why=digits),
        row("count, 90 days", recent[:, 0], theirs["before_90d"][:, 0], limit=0, why=there),
        row("sum, 90 days", recent[:, 1], theirs["before_90d"][:, 1], limit=1e-6, relative=True, why=digits),
        row(
            "count, all history, asked for at the cutoff itself",
            whole[:, 0],
            theirs["at"][:, 0],
            limit=None,
            why=f"The SQL that it writes joins rows up to and with that time: another number for {100 * differ:.0f} % of these snapshots.",
        ),
    ]
