"""Declarations of tables: the meaning of their columns.

Longer than most modules because every key of the four kinds of table is explained where it is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from churnpredict.argument_checks import check_text, check_texts, shows_call
from churnpredict.moments import Moment
from churnpredict.signatures import Source

__all__ = ["ANY", "REPEATS", "Customers", "Declaration", "Events", "Intervals", "States"]


ANY = "any"  # rows of any value count as activity
REPEATS = ("keep", "drop")  # what becomes of rows that repeat another one


def _given(*columns: str | None) -> list[str]:
    return [c for c in columns if c is not None]


def _is_a_column(given: object) -> bool:
    """Return whether something other than a list or tuple can be read as a list: a set, an array, a column, a generator."""
    other = isinstance(given, Iterable) and not isinstance(given, (str, bytes, list, tuple, Mapping))
    return other and not hasattr(given, "columns") and getattr(given, "ndim", 1) == 1


class _Declared:
    """The protocol of every declaration."""

    def __post_init__(self) -> None:
        """Refuse what is not the name of a column, and read lists that can be read only once, before anything else reads them."""
        for one in fields(self):  # type: ignore[arg-type]
            given = getattr(self, one.name)
            if one.type == "str" or (one.type == "str | None" and given is not None):
                check_text(given, one.name)
            elif one.type == "Sequence[str]" and one.name != "replies":
                object.__setattr__(self, one.name, check_texts(given, one.name))
            elif one.name in ("replies", "activity") and _is_a_column(given):
                object.__setattr__(self, one.name, list(given))

    def described(self) -> list[str]:
        """Return the columns that are numbers or labels, decided by their values."""
        columns = [*getattr(self, "attributes", ()), *getattr(self, "values", ())]
        return [c for c in columns if c not in getattr(self, "labels", ())]

    def needed(self) -> list[str]:
        """Return the columns without which a row says nothing, or the contrary: a contract without an end is still running."""
        return _given(*(getattr(self, role, None) for role in ("customer", "time", "start", "end")))

    def columns(self) -> list[str]:
        """Return the columns that are read, in the order of the declaration."""
        raise NotImplementedError

    def as_written(self) -> list[str]:
        """Return the columns whose numbers must keep every digit: ids, labels and times."""
        raise NotImplementedError


@shows_call('cp.Events(frame, customer="user_id", time="paid_at", value="amount")')
@dataclass(frozen=True)
class Events(_Declared):
    """A log of events, each of one customer at one time (orders, logins, payments, contacts).

    Parameters
    ----------
    source : frame, relation, Arrow stream, path or glob
        Or a :class:`churnpredict.File`, a :class:`churnpredict.Query`.
    customer, time : str
        Columns of the customer's id and of the time.
    value : str, optional
        Column of a number: money, hours, points, pieces.
    money : bool, optional
        Whether ``value`` is money that the customer pays. Only such values count for what a customer is worth; by default those that have a
        ``currency`` or the driver ``"payment"``. Hours, points and pieces are values, but not money.
    currency : str, optional
        Column of the currency of ``value``. Where currencies differ, ``rates`` is required.
    rates : mapping of str to float
        Value of one unit of each currency, in the currency that values are converted to: ``{"EUR": 1.0, "USD": 0.92}``.
    kind : str, optional
        Column of the kind of event.
    item : str, optional
        Column of what the event was about: product, page, function.
    user : str, optional
        Column of the person who acted, where the customer is an account with several people. Features then say how many people are active,
        new and lost, and how much depends on the busiest one. People are counted within their account and never named. A log that names
        people but not their accounts has the same column as ``customer`` and as ``user``, beside a table ``Customers(..., account=...)``.
    seats : str, optional
        Where the number of paid seats of an account is: a table of customers, intervals or states and one of its attributes or values, as
        ``"plans.seats"``. Features then say which share of them is in use.
    known_at : str, optional
        Column of the time at which the row became known, where that is later than ``time``.
    activity : list of str or "any", optional
        Which rows count as activity of the customer, for rules of silence, recency, rhythm, active days, RFM and repeat buying: kinds, such
        as ``["paid"]`` where orders may be cancelled. By default all kinds. Rows with a value below zero, such as refunds, never count,
        unless this is ``"any"``; rows of zero do, such as free orders. Counts and sums use all rows in any case.
    replies : list of str
        Kinds that are the customer's replies, such as opens and clicks; all other kinds count as contacts that can be replied to.
    session : str, optional
        The silence after which the next row begins a new session, such as ``"30min"``. Features then say how many sessions there are, how
        long they are, and how much is done in each. Features that you name yourself use 30 minutes by default.
    id : str, optional
        Column of the event's own id: the same id with different content is an error, with the same content it counts once; rows with
        different ids are never duplicates.
    repeats : {"keep", "drop"}, optional
        Whether rows that repeat another one in every declared column are real, such as two equal purchases in one minute ("keep"), or
        duplicates that count once ("drop"). By default a few are kept with a warning, and many are refused: the table was loaded twice.
    order : str, optional
        Column of the order number, where an order has several rows, one for each item. The rows of a customer that share it
        are one event: at the first time, with the sum of the values, and the item, user and kind of the largest.
    driver : str, optional
        The driver of the table's features, such as ``"support"`` or ``"payment"``.
    unit : {"s", "ms", "us", "ns", "d", "excel", "excel1904"}, optional
        Unit of times that are numbers since 1970. "d" also reads days counted from any other day, as if it were 1970-01-01, and "excel"
        reads days as spreadsheets number them (45292 is 2024-01-01; "excel1904" in workbooks from old Macs).
    format : str, optional
        Format of times that are text but not ISO 8601: ``"%d.%m.%Y"``, ``"%m/%d/%Y %H:%M"``, ``"%d %B %Y"``. Month names are read in
        English, German, French, Spanish, Italian, Portuguese, Polish, Dutch, Russian and Turkish.
    known_after : {"day", "week", "month", "quarter", "year"}, optional
        For totals of a period, such as the orders of a month dated the first of it: the period of each row. The row then happens at the end
        of its period, since it cannot be known earlier.
    observed_from : time, optional
        Time from which the table is complete: earlier rows, such as a date of 1970, are left out with a warning.
    observed_until : time, optional
        Time up to which this table is complete, where it differs from the other tables: rows from then on are left out with a warning. By
        default the end of the day of the last row.
    optional_time : bool
        Whether rows may have no time. They are left out without a warning: a customer without a date of leaving has not left.
    optional : bool
        Whether the table may be empty.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "b"], "paid_at": ["2024-01-01", "2024-01-03"], "eur": [10.0, 20.0]})
    >>> cp.EventTables(orders=cp.Events(log, customer="user", time="paid_at", value="eur", money=True))
    EventTables: 2 customers, observed until 2024-01-04
      table   kind    rows  customers  when, or attributes
      orders  events     2          2  2024-01-01 to 2024-01-03
    """

    source: Source = field(repr=False)
    customer: str = field(kw_only=True)
    time: str = field(kw_only=True)
    value: str | None = field(default=None, kw_only=True)
    money: bool | None = field(default=None, kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    rates: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    kind: str | None = field(default=None, kw_only=True)
    item: str | None = field(default=None, kw_only=True)
    user: str | None = field(default=None, kw_only=True)
    seats: str | None = field(default=None, kw_only=True)
    known_at: str | None = field(default=None, kw_only=True)
    activity: Sequence[str] | Literal["any"] | None = field(default=None, kw_only=True)
    replies: Sequence[str] = field(default=(), kw_only=True)
    session: str | None = field(default=None, kw_only=True)
    id: str | None = field(default=None, kw_only=True)
    repeats: str | None = field(default=None, kw_only=True)
    order: str | None = field(default=None, kw_only=True)
    driver: str | None = field(default=None, kw_only=True)
    unit: str | None = field(default=None, kw_only=True)
    format: str | None = field(default=None, kw_only=True)
    known_after: str | None = field(default=None, kw_only=True)
    observed_from: Moment | None = field(default=None, kw_only=True)
    observed_until: Moment | None = field(default=None, kw_only=True)
    optional_time: bool = field(default=False, kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    def columns(self) -> list[str]:
        given = (self.customer, self.time, self.value, self.currency, self.kind, self.item, self.user, self.known_at, self.id, self.order)
        return _given(*given)

    def as_written(self) -> list[str]:
        return _given(self.customer, self.time, self.currency, self.kind, self.item, self.user, self.known_at, self.id)


@shows_call('cp.Intervals(frame, customer="user_id", start="begins", end="ends")')
@dataclass(frozen=True)
class Intervals(_Declared):
    """Intervals with a start and an end: subscriptions, tickets, campaigns.

    The end of an interval, and values recorded at the end, are unknown until the end has passed. An end that is agreed beforehand, such as
    the renewal day of a contract, is ``planned_end``.

    Parameters
    ----------
    source : frame, relation, Arrow stream, path or glob
    customer, start, end : str
        Columns of the customer's id, the beginning, and the actual end (missing while it is open).
    end_inclusive : bool, optional
        Whether the day of the end, and of the planned end, still belongs to the interval: "from 1 to 31 January" then ends as 1 February
        begins. False: the interval ends at that exact time, and the next one may begin then. By default this is detected, with a warning:
        where all ends are dates, and most intervals that follow another begin on the day after its end, ends are last days.
    planned_end : str, optional
        Column of the end as agreed at the beginning, such as the renewal day of a contract, or the day on which an invoice is due. Where
        the driver is ``"payment"`` or ``"support"``, features say how late the ends were.
    value : str, optional
        Column of a number known at the beginning, such as a monthly price.
    money : bool, optional
        Whether ``value`` is money that the customer pays; by default whether it has a ``currency``. Hours, points and pieces are values,
        but not money.
    per : {"month", "year", "contract"}, optional
        What the money is paid for: a month, a year, or the whole contract, from its start to its ``planned_end``. The values are then read
        as amounts per month, and say what a customer is worth where no table of payments does. Without it they do not, and accounts of
        revenue take them to be per month, with a warning.
    currency : str, optional
        Column of the currency of ``value``. Where currencies differ, ``rates`` is required.
    rates : mapping of str to float
        Value of one unit of each currency, in the currency that values are converted to: ``{"EUR": 1.0, "USD": 0.92}``.
    value_at_end : str, optional
        Column of a number recorded at the end, such as a satisfaction score.
    response : str, optional
        Column of the time of the first response, such as to a ticket (missing while there is none).
    reopened : str, optional
        Column of the time at which it was last reopened, such as a ticket (missing where it never was).
    kind : str, optional
        Column of the kind: plan, topic, severity.
    attributes : list of str
        Columns known at the beginning, such as whether it renews automatically; features show those of the latest interval.
    labels : list of str
        Attributes that are labels even where they look like numbers: postcodes, product codes. Other columns are numbers where all of their
        values are, in whatever type a source stores them.
    dates : list of str
        Columns of days known at the beginning, such as the last day to give notice; features say how far they are from the cutoff.
    known_at : str, optional
        Column of the time at which the row became known, where that is later than ``start``.
    repeats : {"keep", "drop"}, optional
        Whether rows that repeat another one in every declared column are real, such as two equal purchases in one minute ("keep"), or
        duplicates that count once ("drop"). By default a few are kept with a warning, and many are refused: the table was loaded twice.
    driver : str, optional
        The driver of the table's features, such as ``"support"`` or ``"contract"``.
    unit : {"s", "ms", "us", "ns", "d", "excel", "excel1904"}, optional
        Unit of times that are numbers since 1970. "d" also reads days counted from any other day, as if it were 1970-01-01, and "excel"
        reads days as spreadsheets number them (45292 is 2024-01-01; "excel1904" in workbooks from old Macs).
    format : str, optional
        Format of times that are text but not ISO 8601: ``"%d.%m.%Y"``, ``"%m/%d/%Y %H:%M"``, ``"%d %B %Y"``. Month names are read in
        English, German, French, Spanish, Italian, Portuguese, Polish, Dutch, Russian and Turkish.
    observed_until : time, optional
        Time up to which this table is complete, where it differs from the other tables: rows from then on are left out with a warning. By
        default the end of the day of the last row.
    optional : bool
        Whether the table may be empty.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.Intervals("tickets.csv", customer="user", start="opened", end="closed", value_at_end="stars", driver="support").columns()
    ['user', 'opened', 'closed', 'stars']
    """

    source: Source = field(repr=False)
    customer: str = field(kw_only=True)
    start: str = field(kw_only=True)
    end: str = field(kw_only=True)
    end_inclusive: bool | None = field(default=None, kw_only=True)
    planned_end: str | None = field(default=None, kw_only=True)
    value: str | None = field(default=None, kw_only=True)
    money: bool | None = field(default=None, kw_only=True)
    per: str | None = field(default=None, kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    rates: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    value_at_end: str | None = field(default=None, kw_only=True)
    response: str | None = field(default=None, kw_only=True)
    reopened: str | None = field(default=None, kw_only=True)
    kind: str | None = field(default=None, kw_only=True)
    attributes: Sequence[str] = field(default=(), kw_only=True)
    labels: Sequence[str] = field(default=(), kw_only=True)
    dates: Sequence[str] = field(default=(), kw_only=True)
    known_at: str | None = field(default=None, kw_only=True)
    repeats: str | None = field(default=None, kw_only=True)
    driver: str | None = field(default=None, kw_only=True)
    unit: str | None = field(default=None, kw_only=True)
    format: str | None = field(default=None, kw_only=True)
    observed_until: Moment | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    def columns(self) -> list[str]:
        return _given(
            *(
                self.customer,
                self.start,
                self.end,
                self.planned_end,
                self.value,
                self.currency,
                self.value_at_end,
                self.response,
                self.reopened,
                self.kind,
            ),
            *(self.known_at, *self.attributes, *self.dates),
        )

    def as_written(self) -> list[str]:
        return _given(
            *(self.customer, self.start, self.end, self.planned_end, self.response, self.reopened, self.known_at, self.currency, self.kind),
            *self.dates,
        )


@shows_call('cp.States(frame, customer="user_id", time="since", values=["plan"])')
@dataclass(frozen=True)
class States(_Declared):
    """Values that apply until the next row: plan, price, address, a score.

    Of several rows of a customer at one time the one that was known last applies, where ``known_at`` is declared. Without that order it is
    unknown which one applies: a few such rows are left out with a warning, and many are refused.

    Parameters
    ----------
    source : frame, relation, Arrow stream, path or glob
    customer, time : str
        Columns of the customer's id and of the time from which the values apply.
    values : list of str
        Columns of the values: numbers, or labels.
    labels : list of str
        Values that are labels even where they look like numbers: postcodes, product codes. Other columns are numbers where all of their
        values are, in whatever type a source stores them.
    dates : list of str
        Columns of values that are days, such as the one on which a card expires; features say how far they are from the cutoff.
    known_at : str, optional
        Column of the time at which the row became known, where that is later than ``time``.
    driver : str, optional
        The driver of the table's features, such as ``"price"``.
    unit : {"s", "ms", "us", "ns", "d", "excel", "excel1904"}, optional
        Unit of times that are numbers since 1970. "d" also reads days counted from any other day, as if it were 1970-01-01, and "excel"
        reads days as spreadsheets number them (45292 is 2024-01-01; "excel1904" in workbooks from old Macs).
    format : str, optional
        Format of times that are text but not ISO 8601: ``"%d.%m.%Y"``, ``"%m/%d/%Y %H:%M"``, ``"%d %B %Y"``. Month names are read in
        English, German, French, Spanish, Italian, Portuguese, Polish, Dutch, Russian and Turkish.
    known_after : {"day", "week", "month", "quarter", "year"}, optional
        For totals of a period, such as the orders of a month dated the first of it: the period of each row. The row then happens at the end
        of its period, since it cannot be known earlier.
    observed_until : time, optional
        Time up to which this table is complete, where it differs from the other tables: rows from then on are left out with a warning. By
        default the end of the day of the last row.
    optional : bool
        Whether the table may be empty.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.States("prices.csv", customer="user", time="from", values=["price"], driver="price").columns()
    ['user', 'from', 'price']
    """

    source: Source = field(repr=False)
    customer: str = field(kw_only=True)
    time: str = field(kw_only=True)
    values: Sequence[str] = field(default=(), kw_only=True)
    labels: Sequence[str] = field(default=(), kw_only=True)
    dates: Sequence[str] = field(default=(), kw_only=True)
    known_at: str | None = field(default=None, kw_only=True)
    driver: str | None = field(default=None, kw_only=True)
    unit: str | None = field(default=None, kw_only=True)
    format: str | None = field(default=None, kw_only=True)
    known_after: str | None = field(default=None, kw_only=True)
    observed_until: Moment | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    def columns(self) -> list[str]:
        return _given(self.customer, self.time, self.known_at, *self.values, *self.dates)

    def as_written(self) -> list[str]:
        return _given(self.customer, self.time, self.known_at, *self.dates)


@shows_call('cp.Customers(frame, customer="user_id", since="joined", attributes=["region"])')
@dataclass(frozen=True)
class Customers(_Declared):
    """The customers: one row per customer, or one per customer and version of the attributes.

    Parameters
    ----------
    source : frame, relation, Arrow stream, path or glob
    customer : str
        Column of the customer's id.
    since : str, optional
        Column of the time of joining: customers are not at risk before it.
    attributes : list of str
        Columns that describe the customer: numbers, or labels that become categories.
    labels : list of str
        Attributes that are labels even where they look like numbers: postcodes, product codes. Other columns are numbers where all of their
        values are, in whatever type a source stores them.
    dates : list of str
        Columns of days, such as the one on which a card expires; features say how far they are from the cutoff.
    owner : str, optional
        Column of the person who looks after the customer; for reports and plans, not a feature.
    value : str, optional
        Column of what the customer is worth per year, in money, for plans, not a feature. Scores show it for the horizon, as a share of the
        year.
    valid_from : str, optional
        Column of the time from which a row's attributes apply, where they change.
    account : str, optional
        Column of the account that a person belongs to: the table is then one of people, ``customer`` is the person's id, and the customers
        are the accounts. Events of these people, with one column as ``customer`` and as ``user``, count for the account that each belonged
        to at that time; people who change their account need a row for each, with ``valid_from``. What describes accounts is in another
        table of customers.
    unit : {"s", "ms", "us", "ns", "d", "excel", "excel1904"}, optional
        Unit of times that are numbers since 1970. "d" also reads days counted from any other day, as if it were 1970-01-01, and "excel"
        reads days as spreadsheets number them (45292 is 2024-01-01; "excel1904" in workbooks from old Macs).
    format : str, optional
        Format of times that are text but not ISO 8601: ``"%d.%m.%Y"``, ``"%m/%d/%Y %H:%M"``, ``"%d %B %Y"``. Month names are read in
        English, German, French, Spanish, Italian, Portuguese, Polish, Dutch, Russian and Turkish.
    optional : bool
        Whether the table may be empty.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.Customers("customers.csv", customer="id", since="joined", attributes=["region"]).columns()
    ['id', 'joined', 'region']

    People and their accounts, beside a log that names only people:

    >>> import pandas as pd
    >>> people = pd.DataFrame({"person": ["ann", "bob"], "firm": ["F1", "F1"]})
    >>> log = pd.DataFrame({"person": ["ann", "bob", "ann"], "at": ["2024-01-01", "2024-01-02", "2024-01-03"]})
    >>> tables = cp.EventTables(
    ...     people=cp.Customers(people, customer="person", account="firm"),
    ...     usage=cp.Events(log, customer="person", user="person", time="at"),
    ... )
    >>> tables.ids.to_pylist()
    ['F1']
    """

    source: Source = field(repr=False)
    customer: str = field(kw_only=True)
    since: str | None = field(default=None, kw_only=True)
    attributes: Sequence[str] = field(default=(), kw_only=True)
    labels: Sequence[str] = field(default=(), kw_only=True)
    dates: Sequence[str] = field(default=(), kw_only=True)
    owner: str | None = field(default=None, kw_only=True)
    value: str | None = field(default=None, kw_only=True)
    valid_from: str | None = field(default=None, kw_only=True)
    account: str | None = field(default=None, kw_only=True)
    unit: str | None = field(default=None, kw_only=True)
    format: str | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    def columns(self) -> list[str]:
        return _given(self.customer, self.since, self.owner, self.value, self.valid_from, self.account, *self.attributes, *self.dates)

    def as_written(self) -> list[str]:
        return _given(self.customer, self.since, self.valid_from, self.account, self.owner, *self.dates)


Declaration = Events | Intervals | States | Customers
