"""Expected purchases and spend of customers in a coming period, from their purchase days alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.argument_checks import check_choice
from churnpredict.clock import DAY
from churnpredict.errors import DataError
from churnpredict.events.expected import check_tables, one_log
from churnpredict.events.streams import local_days
from churnpredict.events.tables import EventTables
from churnpredict.events.visits import visits
from churnpredict.model.repeat_buying import BUYING, fit_repeat_buying, fit_spend
from churnpredict.moments import Moment
from churnpredict.spans import SpanLike, span

__all__ = ["expected"]

Floats = npt.NDArray[np.float64]


def expected(
    tables: EventTables, at: Moment | None = None, *, over: SpanLike = "90d", of: str | None = None, model: str = "MBG/NBD"
) -> pd.DataFrame:
    """Return the chance that each customer is still one, and the purchases and the spend to expect in a coming period.

    The model is fitted to the histories of all customers seen before the cutoff, by maximum likelihood, and knows nothing but purchase days
    and amounts: several purchases of one day are one. For risks that know more, train a :class:`churnpredict.ChurnPipeline`.

    Parameters
    ----------
    tables : EventTables
    at : time, optional
        The cutoff; by default the end of what was observed. Only what was known before it is used.
    over : span
        The period that follows.
    of : str, optional
        The table of events meant; the only one by default.
    model : {"MBG/NBD", "BG/NBD"}
        Under BG/NBD every customer who bought once is a customer for ever: ``p_alive`` is 1.

    Returns
    -------
    DataFrame
        Index ``customer_id``; ``repeat_days``, ``days_first_to_last``, ``days_since_first``, ``p_alive``, ``expected_purchases``, and where
        a value is declared ``expected_value`` of a purchase (gamma-gamma) and ``expected_spend``, their product. ``.attrs`` holds the
        parameters.

    Raises
    ------
    UsageError
        ``which-table``, ``unknown-choice``.
    DataError
        ``no-customers``: no customer was seen before the cutoff.
    TrainingError
        ``nobody-returned``, ``no-spend``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=1)
    >>> found = cp.accounting.expected(shop.tables, "2023-12-01", over="90d", of="orders")
    >>> bool(found["p_alive"].between(0, 1).all()), sorted(found.attrs["repeat_buying"])
    (True, ['a', 'alpha', 'b', 'kind', 'r'])
    """
    check_tables(tables, "expected(tables)")
    check_choice(model, "model", BUYING)
    name = one_log(tables, of, "of={}")
    cutoff = tables.observed_until() if at is None else tables.instant(at, "at")
    frame = _summary(tables, name, int(cutoff))
    days = span(over, "over").nominal / DAY
    x, t_x, T = (frame[c].to_numpy() for c in ("repeat_days", "days_first_to_last", "days_since_first"))
    buying = fit_repeat_buying(model, x, t_x, T)
    frame["p_alive"] = buying.alive(x, t_x, T)
    frame["expected_purchases"] = buying.purchases(x, t_x, T, days)
    frame.attrs["repeat_buying"] = vars(buying)
    if "mean_value" in frame:
        mean = frame.pop("mean_value").to_numpy()
        spend = fit_spend(x, mean)
        frame["expected_value"] = spend.expected(np.where(mean > 0, x, 0.0), mean)
        frame["expected_spend"] = frame["expected_value"] * frame["expected_purchases"]
        frame.attrs["spend"] = vars(spend)
    return frame


def _summary(tables: EventTables, name: str, cutoff: int) -> pd.DataFrame:
    """Return repeat days, days from the first to the last and since the first of everybody seen, and the mean value of a repeat day."""
    stream = visits(tables, name).known_before(cutoff)
    if not len(stream):
        raise DataError("no-customers", "nobody was seen before the cutoff", table=name, remedy="Give a later cutoff.")
    today = int(local_days(np.array([cutoff - 1]), tables.timezone)[0])
    rows = pd.DataFrame({"customer": stream.owners, "day": local_days(stream.times, tables.timezone)})
    days = rows.drop_duplicates().groupby("customer")["day"].agg(["size", "min", "max"])
    out = {
        "repeat_days": days["size"].to_numpy() - 1.0,
        "days_first_to_last": (days["max"] - days["min"]).to_numpy(dtype=np.float64),
        "days_since_first": (today - days["min"]).to_numpy(dtype=np.float64),
    }
    money = tables.stream(name).known_before(cutoff)
    if "value" in money.columns:
        paid = pd.DataFrame({"customer": money.owners, "day": local_days(money.times, tables.timezone), "value": money.columns["value"]})
        paid = paid[paid["day"].to_numpy() > days["min"].reindex(paid["customer"]).to_numpy()]
        total = paid.groupby("customer")["value"].sum().reindex(days.index, fill_value=0.0).to_numpy()
        out["mean_value"] = np.divide(total, out["repeat_days"], out=np.zeros(len(total)), where=out["repeat_days"] > 0)
    ids = pd.Index(tables.ids.to_pandas(), name="customer_id").take(days.index.to_numpy())
    return pd.DataFrame(out, index=ids)
