"""Digests: per owner one short message, as HTML for e-mail clients and as plain text, on who is on the list and what became of the last."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_instance, check_path
from churnpredict.errors import SchemaError, UsageError
from churnpredict.files import not_written, sync_folder
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.moments import Moment, moment
from churnpredict.number_checks import check_whole_number
from churnpredict.per_customer import id_form, match_ids
from churnpredict.report.digest_message import STATUSES, Digest, Line, Past
from churnpredict.report.display_formats import shown
from churnpredict.retention.contacts import Contacts, of_customers
from churnpredict.retention.plan import Plan
from churnpredict.signatures import Column

__all__ = ["digests", "write_digests"]

_NEEDED = ("customer_id", "cutoff", "arm", "risk")


def digests(
    plan: Plan | pd.DataFrame,
    *,
    before: Plan | pd.DataFrame | None = None,
    unscored: pd.DataFrame | None = None,
    scored: Column | None = None,
    contacts: Contacts | None = None,
    at: Moment | None = None,
    language: str | Language = "en",
    unit: str = "",
    most: int = 50,
) -> list[Digest]:
    """Return a digest per owner: customers to contact, new ones first, and what became of the list before.

    A digest holds the owner's customers only. Customers of the hold-out are in none, so that nobody contacts them.

    Parameters
    ----------
    plan : Plan, or its table
        Of this run, with ``cutoff``; with ``owner`` where there are several.
    before : Plan, or its table, optional
        Of the run before. Without it there is nothing about an earlier list, and nobody is called new.
    unscored : DataFrame, optional
        As :meth:`churnpredict.ChurnPipeline.unscored` gives it at this cutoff: customers who are gone.
    scored : customers, optional
        The ``customer_id`` of customers with a score at this cutoff. By default all that have a decision in :class:`churnpredict.Plan`.
    contacts : Contacts, optional
        From :func:`churnpredict.diagnostics.read_contacts`: contacts between the two cutoffs.
    at : time, optional
        The cutoff of a plan in which there is nobody; any other plan names its own.
    language : {"en", "ar", "bg", "de", "es", "fr", "pl", "ru"} or Language
    unit : str
        Of amounts of money.
    most : int
        Customers shown per list at most.

    Returns
    -------
    list of Digest
        By owner, those without an owner last.

    Raises
    ------
    SchemaError
        ``missing-column``.
    UsageError
        ``not-later``: the list before is not of an earlier cutoff; ``several-cutoffs``.
    IdentityError
        ``id-types-differ``.

    Examples
    --------
    >>> rows = {"customer_id": ["a", "b"], "cutoff": pd.Timestamp("2024-05-01"), "arm": "contact", "risk": [0.4, 0.2], "owner": "Ada"}
    >>> last = pd.DataFrame(rows)
    >>> now = last.assign(customer_id=["b", "c"], cutoff=pd.Timestamp("2024-06-01"))
    >>> [found] = digests(now, before=last, scored=["b", "c"])
    >>> found.counts
    {'list': 2, 'new': 1, 'left': 0, 'on': 1, 'off': 0, 'moved': 0, 'unknown': 1, 'contacted': 0}
    """
    spoken, most = language_of(language), check_whole_number(most, "most", least=1)
    table, now = _table(plan, "plan", at)
    last, then = (None, None) if before is None else _table(before, "before", None)
    if then is not None and then >= now:
        remedy = "Give the plan of an earlier run as before=."
        raise UsageError("not-later", f"the list before is of {then.date()}, and this one of {now.date()}", remedy=remedy)
    if scored is None and isinstance(plan, Plan):
        scored = plan.decisions["customer_id"]
    past = None if last is None else _past(table, last, unscored, scored)
    if past is not None and contacts is not None:
        made = of_customers(contacts, past["customer_id"]).follow_up(past, until=now)
        past = past.assign(**{name: made[name].to_numpy() for name in ("contacted_at", "contacts", "by", "response")})
    listed = table[table["arm"] == "contact"]
    owners = {**dict.fromkeys(listed["owner_key"]), **({} if past is None else dict.fromkeys(past["owner_key"]))}
    found = []
    for key in sorted(owners, key=lambda name: (name is None, str(name))):
        mine, earlier = _of_owner(listed, key), None if past is None else _of_owner(past, key)
        found.append(_digest(key, mine, earlier, now, then, spoken, unit, most, contacts is not None))
    return found


def _of_owner(table: pd.DataFrame, key: Any) -> pd.DataFrame:
    return table[np.array([name == key for name in table["owner_key"]], dtype=bool)]


def _digest(
    owner: Any,
    mine: pd.DataFrame,
    earlier: pd.DataFrame | None,
    now: pd.Timestamp,
    then: pd.Timestamp | None,
    spoken: Language,
    unit: str,
    most: int,
    with_contacts: bool,
) -> Digest:
    known = set() if earlier is None else set(id_form(earlier["customer_id"])[1])
    new = [earlier is not None and who not in known for who in id_form(mine["customer_id"])[1]]
    lines = [_line(row, spoken, unit, is_new) for row, is_new in zip(mine.to_dict("records"), new, strict=True)]
    lines.sort(key=lambda line: not line.new)  # stable: the order of the plan within each
    rows = [] if earlier is None else earlier.to_dict("records")
    rows.sort(key=lambda row: STATUSES.index(row["status"]))
    past = tuple(_told(row, spoken, with_contacts) for row in rows)
    counts = {"list": len(lines), "new": sum(new)} | {name: sum(one.status == name for one in past) for name in STATUSES}
    counts["contacted"] = sum(bool(row.get("contacts")) for row in rows)
    return Digest(owner, tuple(lines), past, counts, now, then, with_contacts, spoken, most)


def _line(row: dict[Any, Any], spoken: Language, unit: str, new: bool) -> Line:
    say = spoken.say
    figures = [f"{say('column.risk')} {spoken.percent(row['risk'])}"]
    money = row.get("money_at_risk")
    if isinstance(money, (int, float)) and not pd.isna(money):
        figures.append(f"{say('column.money')} {spoken.amount(money, unit)}")
    remedy = shown(row.get("remedy"))
    return Line(spoken.isolated(shown(row["customer_id"], "id")), " · ".join(figures), shown(row.get("words")), remedy, new)


def _told(row: dict[Any, Any], spoken: Language, with_contacts: bool) -> Past:
    say, contact = spoken.say, ""
    if with_contacts:
        if row["contacts"]:
            by, day = shown(row["by"], "id"), spoken.day(pd.Timestamp(row["contacted_at"]))
            contact = say("digest.contacted.by", date=day, by=by) if by else say("digest.contacted", date=day)
            contact += f"; {say('digest.response', text=shown(row['response']))}" if row["response"] else ""
        else:
            contact = say("digest.uncontacted")
    return Past(spoken.isolated(shown(row["customer_id"], "id")), row["status"], say(f"digest.{row['status']}"), contact)


def _table(plan: Plan | pd.DataFrame, name: str, at: Any) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return the table of a plan with a key of its owners, and its cutoff."""
    table = plan.table if isinstance(plan, Plan) else plan
    check_instance(table, name, pd.DataFrame, "Give a plan, or its table.")
    for column in _NEEDED:
        if column not in table:
            remedy = "Give the plan of scores, or the file that churnpredict report wrote."
            raise SchemaError("missing-column", f"{name} has no column {column!r}", remedy=remedy)
    cutoffs = [pd.Timestamp(str(cutoff)) for cutoff in pd.to_datetime(table["cutoff"]).unique()]
    if not cutoffs and at is not None:
        cutoffs = [pd.Timestamp(moment(at, "at"), unit="us")]
    if len(cutoffs) != 1:
        what = f"{name} has no customer" if not cutoffs else f"{name} holds {len(cutoffs)} cutoffs"
        remedy = "Give the plan of one run; for a plan in which there is nobody say at=, its cutoff."
        raise UsageError("several-cutoffs", what, remedy=remedy)
    owner = table["owner"] if "owner" in table else pd.Series(None, index=table.index, dtype=object)
    keys = [None if pd.isna(name) or not str(name).strip() else name for name in owner]
    return table.assign(owner_key=pd.Series(keys, index=table.index, dtype=object)), cutoffs[0]


def _past(table: pd.DataFrame, last: pd.DataFrame, unscored: pd.DataFrame | None, scored: Any) -> pd.DataFrame:
    """Return the customers to contact of the list before, each with its ``status``; under the owner who had the customer then."""
    past = last[last["arm"] == "contact"].reset_index(drop=True)
    place, _ = match_ids(table["customer_id"], past["customer_id"], "the plan")
    gone = _among(None if unscored is None else unscored.loc[unscored["reason"] == "gone already", "customer_id"], past, "unscored")
    there = _among(scored, past, "the scores")
    status = []
    for i, row in enumerate(place):
        now = table.iloc[row] if row >= 0 else None
        if gone[i]:
            status.append("left")
        elif now is not None and None not in (now["owner_key"], past["owner_key"][i]) and now["owner_key"] != past["owner_key"][i]:
            status.append("moved")
        elif now is not None and now["arm"] == "contact":
            status.append("on")
        else:
            status.append("off" if now is not None or there[i] else "unknown")
    return past.assign(status=status)


def _among(ids: Any, past: pd.DataFrame, what: str) -> Any:
    people = pd.unique(pd.Series([] if ids is None else ids, dtype=None if ids is not None and len(ids) else object))
    return match_ids(people, past["customer_id"], what)[0] >= 0


def write_digests(
    plan: Plan | pd.DataFrame,
    folder: str | Path,
    *,
    before: Plan | pd.DataFrame | None = None,
    unscored: pd.DataFrame | None = None,
    scored: Column | None = None,
    contacts: Contacts | None = None,
    at: Moment | None = None,
    language: str | Language = "en",
    unit: str = "",
    most: int = 50,
) -> dict[Hashable, tuple[Path, Path]]:
    """Write the digests into a folder of this cutoff, ``folder/2024-06-01``: per owner a page for e-mail (.html) and a text (.txt).

    The folder of a cutoff is there whole or not at all; one that exists is replaced, so that no digest of an owner who has none any more
    stays behind.

    Parameters
    ----------
    plan : Plan, or its table
    folder : path
    before, unscored, scored, contacts, at, language, unit, most
        As of :func:`digests`.

    Returns
    -------
    dict of owner to (Path, Path)
        The page and the text of each owner.

    Raises
    ------
    OutputError
        ``not-written``.
    ChurnError
        What :func:`digests` raises.

    Examples
    --------
    >>> import tempfile
    >>> rows = {"customer_id": ["a", "b"], "cutoff": pd.Timestamp("2024-05-01"), "arm": "contact", "risk": [0.4, 0.2], "owner": "Ada"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page, text = write_digests(pd.DataFrame(rows), folder)["Ada"]
    >>> page.parent.name, page.suffix, text.suffix
    ('2024-05-01', '.html', '.txt')
    """
    told: Any = {"before": before, "unscored": unscored, "scored": scored, "contacts": contacts, "at": at, "most": most}
    found, home = digests(plan, language=language, unit=unit, **told), check_path(folder, "folder")
    if not found:
        raise UsageError("nothing-to-write", "nobody is on the list, now or before", remedy="There is no digest to send.")
    target = home / f"{found[0].now:%Y-%m-%d}"
    names, taken = {}, set[str]()
    for one in found:
        base = re.sub(r"[^\w-]+", "-", shown(one.owner, "id")).strip("-_")[:60] or "no-owner"
        name = next(n for n in (base, *(f"{base}-{i}" for i in range(2, len(found) + 2))) if n.casefold() not in taken)
        taken.add(name.casefold())
        names[one.owner] = name
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".digests-", dir=home) as scratch:
            made = Path(scratch) / "new"
            made.mkdir()
            for one in found:
                for ending, text in ((".html", one.to_html()), (".txt", one.to_text())):
                    (made / f"{names[one.owner]}{ending}").write_bytes(text.encode("utf-8"))
            sync_folder(made)
            if target.exists():
                target.rename(Path(scratch) / "old")
            made.rename(target)
            shutil.rmtree(Path(scratch) / "old", ignore_errors=True)
        sync_folder(home)
    except OSError as error:
        raise not_written(target, error.strerror or error) from error
    return {owner: (target / f"{name}.html", target / f"{name}.txt") for owner, name in names.items()}
