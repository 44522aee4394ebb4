"""Find the customer of each row: the column that holds it, or the joins that lead to it; by values, helped by names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.customer_versions import follow_each_other
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.table_profiles import Column, TableProfile
from churnpredict.events.shared_ids import names_nobody

__all__ = ["CONTACT", "Step", "Way", "customer_ways", "placeholders", "unlike_customer"]

_SHARED = 0.5  # share of the smaller column's values: both are keys of the same things
_SEEN = 0.9  # share of the values of a foreign key that are among the keys
_FEW = 10
_MANY = 0.05  # share of the rows of a table of people: so many companies they belong to
CONTACT = {
    *("email", "mail", "courriel", "correo", "eposta", "phone", "telephone", "telefono", "telefon", "telefone", "mobile", "movil"),
    *("celular", "cellulare", "telemovel", "handynummer", "rufnummer", "telefonnummer", "telefoonnummer", "телефон"),
}


@dataclass(frozen=True)
class Step:
    """One join: a column here is a key there; where only two columns together are one, ``also`` is the second, called the same in both."""

    here: str
    table: str
    there: str
    also: str = ""


@dataclass(frozen=True)
class Way:
    """The way from a table to the customer: joins, and the column at their end; ``doubt`` names another column that fits as well."""

    column: str
    steps: tuple[Step, ...] = ()
    doubt: str = ""


def unlike_customer(column: Column) -> bool:
    """Return whether a column cannot hold customers, whatever its name."""
    if column.kind not in ("text", "number", "flag") or not (column.kind == "text" or column.is_whole or _counts_only(column)):
        return True
    return column.distinct < 1 or column.says("owner", "currency") or float(np.mean(~column.filled)) > 0.5


def _counts_only(column: Column) -> bool:
    """Return whether decimal numbers are whole ones with gaps, as a data frame stores ids that are missing in some rows."""
    known = column.numbers[np.isfinite(column.numbers)]
    return bool(len(known) and len(known) < len(column.numbers) and (known == np.round(known)).all() and np.abs(known).max() < 2**53)


def _fitness(table: TableProfile, column: Column) -> float:
    """Return how well a column fits as the customer of its table."""
    name, timed = column.name, bool(table.of_kind("time"))
    fit = 4.0 * has_word(name, "customer") + 1.5 * is_id(name) + 0.5 * ("unique" in tokens(name))
    words = [w for w in tokens(name) if not has_word(w, "id")]
    if not words and (table.says("people") or not timed):
        fit += 2.5 * column.unique
    if column.says("person") and not has_word(name, "customer"):
        fit += 1.0 if CONTACT & set(tokens(name)) else -5
    elif column.says("person"):
        fit -= 2
    if column.says("happened", "contract", "ticket", "item", "reason") and not (is_id(name) and has_word(tokens(name)[0], "customer")):
        fit -= 4
    if column.says("kind", "value", "quantity", "period", "price") and not is_id(name):
        fit -= 4
    if column.says("postal"):
        fit -= 6
    if timed and column.unique and not table.says("people"):
        fit -= 2
    if column.distinct < _FEW < table.rows / 10:
        fit -= 3
    if column.kind == "number" and not (has_word(name, "customer") or is_id(name)):
        fit -= 2
    return fit - 6.0 * _is_of_orders(table, column)


def _is_of_orders(table: TableProfile, column: Column) -> bool:
    """Return whether a column numbers orders of several lines: all rows of a number are of one moment, and of one customer who comes again,
    by another column that names customers.
    """
    times = sorted(table.of_kind("time"), key=lambda c: -c.known.sum())
    if column.unique or not times or column.distinct <= _FEW or has_word(column.name, "customer"):
        return False
    if not _at_one_moment(column, times[0]):
        return False
    others = [c for c in table.of_kind("text", "number") if c is not column and (CONTACT & set(tokens(c.name)) or c.says("customer"))]
    return any(_belongs_to(column, c) and not _at_one_moment(c, times[0]) for c in others if _FEW < c.distinct < column.distinct)


def _at_one_moment(column: Column, time: Column) -> bool:
    """Return whether nearly all values with several rows have them at one moment."""
    there = column.filled & time.known
    codes, times = column.codes[0][there], time.times[there]
    first, last = np.full(column.distinct, np.iinfo(np.int64).max), np.full(column.distinct, np.iinfo(np.int64).min)
    np.minimum.at(first, codes, times)
    np.maximum.at(last, codes, times)
    several = np.bincount(codes, minlength=column.distinct) > 1
    return bool(several.sum() > _FEW and (first == last)[several].mean() > _SEEN)


def _belongs_to(column: Column, other: Column) -> bool:
    """Return whether each value of a column has one value of the other."""
    there = column.filled & other.filled
    pairs = np.unique(np.stack([column.codes[0][there], other.codes[0][there]], axis=1), axis=0)
    return bool(len(pairs) <= 1.02 * len(np.unique(pairs[:, 0])))


class _Keys:
    """The columns that could be keys, and which of them share their values."""

    def __init__(self, tables: Sequence[TableProfile]) -> None:
        self.tables = {t.name: t for t in tables}
        self.columns = {
            (t.name, c.name): c
            for t in tables
            for c in t.columns.values()
            if not unlike_customer(c) and (c.says("customer") or is_id(c.name) or c.distinct > _FEW)
        }
        self.values = {key: frozenset(map(str, c.codes[1])) for key, c in self.columns.items()}
        self.domain = dict(zip(self.columns, range(len(self.columns)), strict=True))
        keys = list(self.columns)
        for i, one in enumerate(keys):
            for other in keys[i + 1 :]:
                if one[0] != other[0] and self.alike(one, other):
                    old, new = self.domain[other], self.domain[one]
                    self.domain = {key: new if d == old else d for key, d in self.domain.items()}

    def alike(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        """Return whether two columns are keys of the same things: by their values, and by their names where values are small numbers."""
        a, b = self.values[one], self.values[other]
        shared = len(a & b)
        if shared < 2 or shared < _SHARED * min(len(a), len(b)):
            return False
        words = [frozenset(w for w in tokens(key[1]) if not has_word(w, "id")) for key in (one, other)]
        if (
            not words[0]
            and not words[1]
            and self.columns[one].unique
            and self.columns[other].unique
            and shared < _SEEN * max(len(a), len(b))
        ):
            return False  # "id" of one table and "id" of another: each numbers its own rows
        if words[0] & words[1] or words[0] == words[1]:
            return True
        if all(has_word(key[1], "customer") for key in (one, other)):
            return True
        for (table, name), theirs, refers in ((one, words[1], other), (other, words[0], one)):  # "id" of "customers" and "customer_id"
            if not [w for w in tokens(name) if not has_word(w, "id")] and theirs & _singular(table):
                return True
            if is_id(name) and theirs & _singular(table) and self._refers(refers, (table, name)):  # "Record ID" of "contacts"
                return True
            if (
                not [w for w in tokens(name) if not has_word(w, "id")]
                and has_word(table, "people")
                and any(has_word(w, "customer") for w in theirs)
            ):
                return True
        telling = min(len(a), len(b)) > 20 and not all(v.isdigit() and len(v) < 6 for v in list(a & b)[:50])
        named = all(is_id(key[1]) or has_word(key[1], "customer") for key in (one, other))
        return telling and (named or self._refers(one, other) or self._refers(other, one))

    def _refers(self, one: tuple[str, str], key: tuple[str, str]) -> bool:
        """Return whether nearly all values of a column, whatever its name, are keys of another table: "caller" and "msisdn"."""
        mine = self.values[one]
        return self.columns[key].unique and len(mine & self.values[key]) >= _SEEN * len(mine)

    def members(self, domain: int) -> Iterator[tuple[str, str]]:
        return (key for key, d in self.domain.items() if d == domain)

    def returns(self, domain: int) -> bool:
        """Return whether a customer has more than one row in a table with times, by its own key or by that of its contract."""
        behind = {
            d for t, _ in self.members(domain) for (table, c), d in self.domain.items() if table == t and self.columns[table, c].unique
        }
        return any(self.tables[t].of_kind("time") and not self.columns[t, c].unique for d in (domain, *behind) for t, c in self.members(d))


def _singular(table: str) -> set[str]:
    words = set(tokens(table))
    return words | {w.removesuffix("s") for w in words} | {w.removesuffix("ies") + "y" for w in words}


def customer_ways(tables: Sequence[TableProfile]) -> Mapping[str, Way]:
    """Return the way from each table to its customer; tables without a way to a customer are left out."""
    keys = _Keys(tables)
    if not keys.columns:
        return {}
    fits = {key: _fitness(keys.tables[key[0]], column) for key, column in keys.columns.items()}
    domains = sorted(set(keys.domain.values()))

    def worth(domain: int) -> float:
        best: dict[str, float] = {}
        for key in keys.members(domain):
            best[key[0]] = max(best.get(key[0], -9.0), fits[key])
        return sum(max(f, 0.0) for f in best.values()) + 3 * (len(best) - 1) * (max(best.values()) > 0) + max(best.values())

    chosen = max(domains, key=worth)
    chosen = _behind_versions(keys, chosen)
    chosen = _above(keys, chosen)
    if not keys.returns(chosen):
        chosen = _behind(keys, chosen) or chosen
    ways: dict[str, Way] = {}
    for table in tables:
        here = sorted((c for t, c in keys.members(chosen) if t == table.name), key=lambda c: -fits[table.name, c])
        if here and (fits[table.name, here[0]] > -3 or len(list(keys.members(chosen))) > 1):
            close = [c for c in here[1:] if fits[table.name, here[0]] - fits[table.name, c] < 0.5]
            ways[table.name] = Way(here[0], doubt=close[0] if close else "")
    _reach(keys, ways)
    return ways


def _behind(keys: _Keys, domain: int) -> int | None:
    """Return the customers behind the keys where no key repeats: another column of the table of keys, whose values do repeat."""
    for table, column in keys.members(domain):
        if not keys.columns[table, column].unique:
            continue
        for (other, name), found in keys.columns.items():
            if (
                other == table
                and name != column
                and has_word(name, "customer")
                and not found.says("person")
                and not found.says("kind", "postal")
                and _FEW < found.distinct < keys.tables[table].rows
            ):
                return keys.domain[other, name]
    return None


def _behind_versions(keys: _Keys, domain: int) -> int:
    """Return the customers behind the keys of their versions, as a warehouse numbers them: another column, whose rows follow each other."""
    for table, column in keys.members(domain):
        times = keys.tables[table].of_kind("time")
        if not keys.columns[table, column].unique or len(times) < 2:
            continue
        for (other, name), found in keys.columns.items():
            named = has_word(name, "customer") or is_id(name)
            if other != table or found.unique or not found.filled.all() or not named or found.distinct <= _FEW:
                continue
            if any(follow_each_other(found, start, end)[2] for start in times for end in times if start is not end):
                return keys.domain[other, name]
    return domain


def _above(keys: _Keys, domain: int) -> int:
    """Return the customers that people belong to, where they do: users have the id of an account, which has a table of its own."""
    for table, column in keys.members(domain):
        if not keys.columns[table, column].unique or not keys.tables[table].says("people"):
            continue
        for (other, name), upper in keys.domain.items():
            if other != table or upper == domain or not (has_word(name, "customer") and is_id(name)):
                continue
            found = keys.columns[other, name]
            own = any(t != table and keys.columns[t, c].unique for t, c in keys.members(upper))
            if own and not found.unique and found.distinct > max(_FEW, _MANY * keys.tables[table].rows):
                return upper
    return domain


def _reach(keys: _Keys, ways: dict[str, Way]) -> None:
    """Find ways by joins, the shortest first: a column whose values are keys of a table that leads to the customer."""
    found = True
    while found:
        found = False
        for table in keys.tables:
            if table in ways:
                continue
            for step in (*_joins(keys, table), *_pairs_of_keys(keys, table)):
                if step.table in ways and len(ways[step.table].steps) < 2:
                    ways[table] = Way(ways[step.table].column, (step, *ways[step.table].steps))
                    found = True
                    break


def _joins(keys: _Keys, table: str) -> Iterator[Step]:
    for (own, name), domain in keys.domain.items():
        if own != table:
            continue
        for there, key in keys.members(domain):
            if there != table and keys.columns[there, key].unique:
                mine, theirs = keys.values[own, name], keys.values[there, key]
                if len(mine & theirs) >= _SEEN * len(mine):
                    yield Step(name, there, key)


def _pairs_of_keys(keys: _Keys, table: str) -> Iterator[Step]:
    """Yield two columns that are a key together: numbers of receipts that begin again in each store."""
    own = keys.tables[table]
    for there, other in keys.tables.items():
        shared = [
            c
            for c in own.columns
            if there != table and c in other.columns and not other.columns[c].unique and not unlike_customer(other.columns[c])
        ]
        ids = [c for c in shared if is_id(c) or has_word(c, "happened")]
        for name in ids:
            for also in (c for c in shared if c != name):
                theirs = set(zip(*(other.columns[c].codes[1][other.columns[c].codes[0]] for c in (name, also)), strict=True))
                mine = set(zip(*(own.columns[c].codes[1][own.columns[c].codes[0]] for c in (name, also)), strict=True))
                if len(theirs) == other.rows and len(mine & theirs) >= _SEEN * len(mine):
                    yield Step(name, there, name, also)


def placeholders(column: Column) -> dict[str, int]:
    """Return values that stand for nobody, such as 0 for guests or "unknown", and their rows: far more than those of any customer."""
    counts = np.bincount(column.codes[0][column.codes[0] >= 0], minlength=column.distinct)
    usual = max(10.0 * float(np.median(counts)), 20.0) if len(counts) > _FEW else np.inf
    return {str(v): int(n) for v, n in zip(column.codes[1], counts, strict=True) if n > usual and names_nobody(str(v))}
