"""Contacts and their outcomes, read back from one declared table, and matched with the plan that asked for them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_instance
from churnpredict.errors import IdentityError, SchemaError, UsageError, closest
from churnpredict.events.tables import Events
from churnpredict.figures import percent
from churnpredict.intervals import wilson
from churnpredict.moments import Moment, moment_column
from churnpredict.per_customer import id_form, match_ids, read_as
from churnpredict.table_files import read_frame
from churnpredict.text_tables import paragraph

__all__ = ["Contacts", "of_customers", "read_contacts"]

_OPTIONAL = ("arm", "by", "response", "outcome")
_COLUMNS = ("customer_id", "at", *_OPTIONAL)
_ARGUMENTS = {"customer_id": "customer", "at": "time"}  # of read_contacts, where they are called otherwise
_HELD = "hold_out"


@dataclass(frozen=True, eq=False, repr=False)
class Contacts:
    """Contacts that a team has made, and what came of them. Made by :func:`read_contacts`.

    Attributes
    ----------
    table : DataFrame
        One row per contact, in the order of time: ``customer_id``, ``at``, ``arm`` ("contact" where the table has none), ``by``,
        ``response``, ``outcome``; texts are missing where nothing was noted.
    """

    table: pd.DataFrame

    def __repr__(self) -> str:
        n, people = len(self.table), self.table["customer_id"].nunique()
        told = [f"{n:,} contacts with {people:,} customers"]
        for name in ("response", "outcome"):
            counts = self.table[name].value_counts()
            shown = [f"{count:,} {text}" for text, count in counts.head(5).items()]
            told.append(f"{name}: {', '.join(shown) or 'none noted'}")
        return "\n".join(line for text in told for line in paragraph(text, indent="  ", first=""))

    def events(self) -> Events:
        """Return the table as a declaration: ``EventTables(..., contacts=contacts.events())``, with ``treatments="contacts"``."""
        return Events(self.table, customer="customer_id", time="at", kind="arm", driver="communication")

    def answered(self, responses: str | Iterable[str]) -> dict[Hashable, str]:
        """Return the customers who gave one of these responses, such as "do not call", with the response: ``exclude=`` of a plan.

        Raises
        ------
        UsageError
            ``unknown-choice``: no contact has such a response.
        """
        wanted = [responses] if isinstance(responses, str) else list(responses)
        known = set(self.table["response"].dropna())
        strange = [text for text in wanted if text not in known]
        if strange:
            near = closest(str(strange[0]), known)
            remedy = f"Name responses as the table writes them.{near}"
            raise UsageError("unknown-choice", f"{len(strange)} of {len(wanted)} responses occur in no contact", remedy=remedy)
        rows = self.table[self.table["response"].isin(wanted)]
        return dict(zip(rows["customer_id"], rows["response"], strict=True))

    def follow_up(self, plan: pd.DataFrame, *, until: Moment | None = None, outcomes: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return what became of every customer of a plan: contacted or not, when, by whom, with what answer, and whether they left.

        Parameters
        ----------
        plan : DataFrame
            The ``table`` of a :class:`churnpredict.Plan`, with ``cutoff``.
        until : time, optional
            Count contacts before it only.
        outcomes : Outcomes, optional
            From :func:`churnpredict.label_churn` for the same customers and cutoffs: what was observed, beside what the team noted.

        Returns
        -------
        DataFrame
            In the order of the plan: ``customer_id``, ``cutoff``, ``arm`` as planned, ``contacted_at`` (first contact from the cutoff on),
            ``contacts`` (how many), ``by``, ``response`` and ``outcome`` (of the latest contact that noted one), and ``left`` (1, 0, or
            missing where it is not known yet).

        Raises
        ------
        SchemaError
            ``missing-column``: the plan has no cutoff.
        IdentityError
            ``id-types-differ``.

        Examples
        --------
        >>> plan = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": pd.Timestamp("2024-05-01"), "arm": ["contact", "hold-out"]})
        >>> made = read_contacts({"customer_id": ["a", "a"], "at": ["2024-05-02", "2024-05-09"], "response": ["call back", None]})
        >>> made.follow_up(plan)[["customer_id", "contacts", "response"]].values.tolist()
        [['a', 2, 'call back'], ['b', 0, None]]
        """
        check_instance(plan, "plan", pd.DataFrame, "Give plan.table.")
        for name in ("customer_id", "cutoff", "arm"):
            if name not in plan:
                raise SchemaError(
                    "missing-column", "the plan has no such column", column=name, remedy="Give the table of a plan of scores."
                )
        customers = plan["customer_id"].reset_index(drop=True)
        people = pd.Index(self.table["customer_id"].unique())
        match_ids(people, customers, "the contacts")  # refuses other types of ids
        since = moment_column(plan["cutoff"], "cutoff")
        at = moment_column(self.table["at"], "at") if len(self.table) else np.array([], np.int64)
        limit = np.iinfo(np.int64).max if until is None else int(moment_column([until], "until")[0])
        real = (self.table["arm"] != _HELD).to_numpy()
        rows: dict[Any, list[int]] = {}
        for row, who in enumerate(id_form(self.table["customer_id"])[1]):
            if real[row] and at[row] < limit:
                rows.setdefault(who, []).append(row)
        kept = [[r for r in rows.get(who, ()) if at[r] >= since[i]] for i, who in enumerate(id_form(customers)[1])]
        found = pd.DataFrame({"customer_id": customers, "cutoff": plan["cutoff"].to_numpy(), "arm": plan["arm"].to_numpy()})
        times = self.table["at"].to_numpy()
        found["contacted_at"] = pd.Series([times[r[0]] if r else pd.NaT for r in kept], dtype="datetime64[us]")
        found["contacts"] = [len(r) for r in kept]
        for name in ("by", "response", "outcome"):
            texts = self.table[name].to_numpy(dtype=object)
            found[name] = pd.Series([next((texts[i] for i in reversed(r) if texts[i] is not None), None) for r in kept], dtype=object)
        found["left"] = _left(found, outcomes)
        return found

    @staticmethod
    def summary(follow_up: pd.DataFrame, by: str = "arm") -> pd.DataFrame:
        """Return counts of a :meth:`follow_up` by arm, response, outcome or person.

        Returns
        -------
        DataFrame
            Per group: ``customers``, ``contacted`` (share), ``known`` (customers whose outcome is known), ``left`` (share of them), with
            ``low`` and ``high`` (95 %, Wilson). Groups of people who were contacted or held out at random may be compared; groups by
            response or person may not: easy customers answer.
        """
        groups = follow_up[by].astype(object).where(follow_up[by].notna(), "none noted")
        rows = []
        for name, part in follow_up.groupby(groups.to_numpy(), sort=True):
            known = part["left"].notna()
            left = float(part["left"].sum())
            low, high = wilson(left, int(known.sum()))
            share = left / known.sum() if known.any() else np.nan
            rows.append((name, len(part), float((part["contacts"] > 0).mean()), int(known.sum()), share, float(low), float(high)))
        return pd.DataFrame(rows, columns=[by, "customers", "contacted", "known", "left", "low", "high"])

    @staticmethod
    def breaches(follow_up: pd.DataFrame) -> str:
        """Return how far the contacts kept to the plan, in a sentence."""
        asked, held = (follow_up[follow_up["arm"] == arm] for arm in ("contact", "hold-out"))
        reached, broken = int((asked["contacts"] > 0).sum()), int((held["contacts"] > 0).sum())
        told = f"{reached:,} of {len(asked):,} customers to contact were contacted"
        told += f" ({percent(reached / len(asked))})" if len(asked) else ""
        return f"{told}; {broken:,} of {len(held):,} held out were contacted although they should not have been."


def read_contacts(
    source: pd.DataFrame | Mapping[str, Sequence[object]] | str | Path,
    *,
    customer: str = "customer_id",
    time: str = "at",
    arm: str | None = "arm",
    by: str | None = "by",
    response: str | None = "response",
    outcome: str | None = "outcome",
) -> Contacts:
    """Read the contacts that a team has made from one table: when, by whom, the customer's response, and what came of it.

    Parameters
    ----------
    source : DataFrame, mapping of column to values, or path (.csv, .csv.gz, .parquet)
    customer, time : str
        Columns of the customer and the time of the contact.
    arm, by, response, outcome : str, optional
        Columns of what was done ("contact" where there is no such column; ``hold_out`` marks customers who were left alone), who made the
        contact, what the customer said, and what came of it. A column under its usual name may be absent.

    Returns
    -------
    Contacts

    Raises
    ------
    SchemaError
        ``missing-column``.
    IdentityError
        ``null-id``.
    TimeError
        Times that cannot be read, or are missing.
    SourceError
        ``unreadable-scores``: the file cannot be read.

    Examples
    --------
    >>> made = read_contacts({"customer_id": ["a", "b"], "at": ["2024-05-02", "2024-05-03"], "by": ["Ada", "Ben"]})
    >>> made.table["arm"].tolist(), made.table["response"].isna().all()
    (['contact', 'contact'], np.True_)
    """
    frame = read_frame(source) if isinstance(source, (str, Path)) else pd.DataFrame(source)
    names = {"customer_id": customer, "at": time, "arm": arm, "by": by, "response": response, "outcome": outcome}
    for name, column in names.items():
        if column is not None and column not in frame and not (name in _OPTIONAL and column == name):
            near = closest(str(column), map(str, frame.columns))
            remedy = f"Name the column as the table does: {_ARGUMENTS.get(name, name)}=....{near}"
            raise SchemaError("missing-column", "there is no such column", table="contacts", column=column, remedy=remedy)
    unknown = int(frame[customer].isna().sum())
    if unknown:
        remedy = "Complete the ids, or leave these rows out."
        raise IdentityError("null-id", "contacts name no customer", rows=unknown, total=len(frame), remedy=remedy)
    moments = moment_column(frame[time], time, table="contacts") if len(frame) else np.array([], np.int64)
    found = pd.DataFrame({"customer_id": frame[customer].to_numpy(), "at": moments.astype("datetime64[us]")})
    for name in _OPTIONAL:
        column = names[name]
        texts = frame[column] if column is not None and column in frame else pd.Series(None, index=frame.index, dtype=object)
        values = [None if pd.isna(text) or not str(text).strip() else str(text).strip() for text in texts]
        found[name] = pd.Series(["contact" if v is None else v for v in values] if name == "arm" else values, dtype=object)
    held = found["arm"].str.lower().str.replace(r"[^a-z]", "", regex=True).isin(("holdout", "control", "nocontact", "none", "untreated"))
    found.loc[held, "arm"] = _HELD
    return Contacts(found.sort_values("at", kind="stable", ignore_index=True)[list(_COLUMNS)])


def of_customers(contacts: Contacts, customers: Any) -> Contacts:
    """Return the contacts with ids as those of the customers are: a CSV has none but texts."""
    ids = contacts.table["customer_id"]
    if id_form(ids)[0] != "text" or id_form(customers)[0] == "text":
        return contacts
    table = contacts.table.assign(customer_id=read_as(ids, customers))
    return Contacts(table[table["customer_id"].notna()].reset_index(drop=True))


def _left(found: pd.DataFrame, outcomes: pd.DataFrame | None) -> pd.Series:
    """Return 1 where a customer of the plan left, 0 where not, missing where it is not known."""
    if outcomes is None:
        return pd.Series(np.nan, index=found.index)
    known = pd.Series((outcomes["outcome"] != 0).astype(float).to_numpy(), index=outcomes.index)
    keys = pd.MultiIndex.from_arrays([found["customer_id"], pd.to_datetime(found["cutoff"]).astype("datetime64[us]")])
    levels = [known.index.get_level_values(0), pd.DatetimeIndex(known.index.get_level_values(1)).astype("datetime64[us]")]
    return pd.Series(known.set_axis(pd.MultiIndex.from_arrays(levels)).reindex(keys).to_numpy(), index=found.index)
