"""One table of a kept history: which units it holds, how they were read, and which must be read again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from churnpredict.errors import ChurnError, SchemaError
from churnpredict.events.declarations import Declaration
from churnpredict.events.history.intake import Intake, read_units
from churnpredict.events.history.kept_rows import KeptRows, merge_rows, without_units
from churnpredict.events.history.segments import Segment, Shelf, load_segment, save_segment
from churnpredict.events.history.units import Proof, is_unchanged, take_proof
from churnpredict.events.source import File, open_source
from churnpredict.events.sources.base import Unit
from churnpredict.events.sources.texts import shared_form
from churnpredict.events.tally import Tally

__all__ = ["RATIO", "KeptTable", "Reread", "declared_as", "joined", "merged", "numbered", "renewed"]

RATIO = 4  # a newer file of rows is merged into an older one that has not so many times its rows
_JUDGED = ("null-time", "mixed-currency")  # checks while rows are read that may refuse a table


class Reread(Exception):
    """Why the rows that are kept of a table cannot be used."""


@dataclass(frozen=True)
class _KeptUnit:
    """A unit whose rows are kept."""

    number: int
    name: str
    proof: Proof
    rows: int
    forms: dict[str, str]
    old: bool = False


@dataclass(frozen=True)
class KeptTable:
    """One table in a manifest.

    Attributes
    ----------
    declared : str
        Digest of its declaration.
    alone : bool
        Whether each unit is read by itself.
    kind : str
        Types of its columns in the source, the same in every unit.
    forms : dict
        What the texts of its columns without types were taken for.
    columns : tuple of (name, type, whether it has labels)
    ids : str
        Type of its customer ids; empty without rows.
    aware : bool or None
    units : tuple
    readings : tuple of (units, counts)
        What checks have counted in the rows of these units, which were read together.
    segments : tuple of Segment
        Of each partition the oldest first.
    tally : Tally
        What checks have counted this time, and before in the rows that are kept; not written.
    kept_rows : int
        How many rows of its sources were not read this time; not written.
    """

    declared: str
    alone: bool
    kind: str = ""
    forms: dict[str, str] = field(default_factory=dict)
    columns: tuple[tuple[str, str, bool], ...] = ()
    ids: str = ""
    aware: bool | None = None
    units: tuple[_KeptUnit, ...] = ()
    readings: tuple[tuple[tuple[int, ...], list[Any]], ...] = ()
    segments: tuple[Segment, ...] = ()
    tally: Tally = field(default_factory=Tally, compare=False)
    kept_rows: int = field(default=0, compare=False)

    @property
    def rows(self) -> int:
        return sum(unit.rows for unit in self.units)

    @property
    def new_units(self) -> dict[int, int]:
        """The rows of each unit that was read this time, by its number."""
        return {unit.number: unit.rows for unit in self.units if not unit.old}

    def load(self, partition: int, shelf: Shelf, *, verify: bool) -> KeptRows | None:
        """Return the rows of one partition, None for none."""
        own = [s for s in self.segments if s.partition == partition]
        return merged([load_segment(shelf.folder, s, verify=verify).unmarked() for s in own], shelf.timezone)

    def only(self, stay: set[int], shelf: Shelf) -> KeptTable:
        """Return a table with only the rows of the units of these numbers.

        Raises
        ------
        Reread
            What checks have counted in all rows cannot be separated from what they would have counted in these.
        """
        left = self.told_of(stay)
        gone = {unit.number for unit in self.units} - stay
        segments = []
        for segment in self.segments:
            if gone.isdisjoint(segment.units):
                segments.append(segment)
                continue
            rows = without_units(load_segment(shelf.folder, segment, verify=True), gone, shelf.timezone)
            if rows is not None:
                segments.append(save_segment(shelf.folder, segment.partition, rows))
        return replace(left, segments=tuple(segments))

    def told_of(self, stay: set[int]) -> KeptTable:
        """Return what is known of a table with only the units of these numbers; its rows are not touched.

        Raises
        ------
        Reread
            As :meth:`only`.
        """
        units = tuple(unit for unit in self.units if unit.number in stay)
        if len(units) == len(self.units):
            return replace(self, kept_rows=self.rows)
        if any(key[0] in _JUDGED and _any(counts[0]) for _, reading in self.readings for key, counts in reading):
            raise Reread("rows were removed from a source in which some are not right, and they have to be counted again")
        readings = tuple((numbers, counts) for numbers, counts in self.readings if not stay.isdisjoint(numbers))
        return replace(self, units=units, readings=readings, kept_rows=sum(unit.rows for unit in units))

    def described(self) -> dict[str, Any]:
        """Return what is in the manifest."""
        plain = {name: getattr(self, name) for name in ("declared", "alone", "kind", "forms", "columns", "ids", "aware", "readings")}
        units = [{"number": u.number, "name": u.name, "files": u.proof.described(), "rows": u.rows, "forms": u.forms} for u in self.units]
        return {**plain, "units": units, "segments": [s.described() for s in self.segments]}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> KeptTable:
        """Return what a manifest says."""
        units = tuple(_KeptUnit(u["number"], u["name"], Proof.of(u["files"]), u["rows"], u["forms"]) for u in told["units"])
        readings = tuple((tuple(numbers), counts) for numbers, counts in told["readings"])
        plain = {name: told[name] for name in ("declared", "alone", "kind", "forms", "ids", "aware")}
        columns = tuple((str(name), str(kind), bool(labelled)) for name, kind, labelled in told["columns"])
        return cls(**plain, columns=columns, units=units, readings=readings, segments=tuple(Segment.of(s) for s in told["segments"]))


def declared_as(declaration: Declaration) -> str:
    """Return a digest of all that is declared of a table but where its source is; how its files are written counts."""
    source = declaration.source
    told = [(type(declaration).__name__, repr(sorted(source.options.items())) if isinstance(source, File) else "")]
    told += [(f.name, repr(_plain(getattr(declaration, f.name)))) for f in fields(declaration) if f.name != "source"]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return sorted((str(key), repr(v)) for key, v in value.items())
    return value if value is None or isinstance(value, (str, bool, int, float)) or not isinstance(value, Sequence) else list(value)


def renewed(name: str, declaration: Declaration, before: KeptTable | None, shelf: Shelf) -> KeptTable:
    """Return a table as its source is now: rows that are kept and proved to be unchanged, and all others read.

    Raises
    ------
    Reread
        The kept rows cannot be used; call it again without them.
    DataError
        Any error in the table.
    """
    source = open_source(declaration.source, name)
    source.check(declaration.columns())
    source.check_files(declaration.columns(), declaration.needed())
    declared = declared_as(declaration)
    if before is not None and before.declared != declared:
        raise Reread("its declaration has changed")
    whole = Unit("", tuple(source.paths()), source.batches)
    if before is not None and not before.alone:
        proof = is_unchanged(whole, before.units[0].proof)
        if proof is not None:
            return replace(before, units=(replace(before.units[0], proof=proof, old=True),), kept_rows=before.rows)
    known = [unit.name for unit in before.units] if before is not None and before.alone else []
    units = source.units(declaration.columns(), known)
    if units[0].name and len({unit.kind for unit in units}) == 1:
        kept = before if before is not None and before.alone else KeptTable(declared, alone=True)
        try:
            return _renewed(name, declaration, kept, shelf, units)
        except (ChurnError, Reread) as error:
            if kept is before:
                raise Reread(str(error) if isinstance(error, Reread) else f"new files cannot be read alone [{error.code}]") from None
    if before is not None and before.alone:
        raise Reread("its files have to be read together now")
    return _with_new(name, declaration, KeptTable(declared, alone=False), [whole], shelf)


def _renewed(name: str, declaration: Declaration, before: KeptTable, shelf: Shelf, units: list[Unit]) -> KeptTable:
    """Return a table without the rows of files that are gone or changed, and with those that are new or changed."""
    known = {unit.name: unit for unit in before.units}
    proofs = {unit.name: is_unchanged(unit, known[unit.name].proof) for unit in units if unit.name in known}
    new = [unit for unit in units if proofs.get(unit.name) is None]
    kept = tuple(replace(unit, proof=proof, old=True) for unit in before.units if (proof := proofs.get(unit.name)) is not None)
    left = before.only({unit.number for unit in kept}, shelf)
    return _with_new(name, declaration, replace(left, units=kept), new, shelf)


def _any(count: Any) -> bool:
    return len(count) > 1 if isinstance(count, list) else bool(count)


def numbered(before: KeptTable, new: Sequence[Unit]) -> dict[int, Unit]:
    """Return new units of a table under numbers that no kept one has."""
    return dict(enumerate(new, 1 + max((unit.number for unit in before.units), default=-1)))


def _with_new(name: str, declaration: Declaration, before: KeptTable, new: list[Unit], shelf: Shelf) -> KeptTable:
    """Return a table with the rows of new units."""
    units = numbered(before, new)
    proofs = {number: take_proof(unit) for number, unit in units.items()}
    found = read_units(name, declaration, list(units.items()), shelf)
    kept = joined(name, declaration, before, found, {number: (unit.name, proofs[number]) for number, unit in units.items()})
    segments = list(before.segments)
    for segment in found.segments:
        segments.append(_together(segments, segment, shelf))
    return replace(kept, segments=tuple(segments))


def joined(name: str, declaration: Declaration, before: KeptTable, found: Intake, new: Mapping[int, tuple[str, Proof]]) -> KeptTable:
    """Return what is known of a table with new units, whose names and proofs are given by their numbers; its rows are not touched.

    Raises
    ------
    Reread
        Rows together would be understood in another way than those that are kept.
    SchemaError
        ``empty-table``.
    """
    future = any(key[0] == "future-time" and counts[0] for key, counts in found.tally.counts())
    made = [  # rows of the future are left out today and not tomorrow: nothing proves that
        _KeptUnit(n, unit, Proof(()) if future else proof, found.counts[n], {c: f.decode() for c, f in found.forms[n].items()})
        for n, (unit, proof) in new.items()
    ]
    units = (*before.units, *made)
    _compare(before, found, units)
    counts = _plain_counts(found.tally)  # of these rows alone: the sums with earlier ones come after
    kept = replace(
        before,
        kind=next(iter(found.kinds.values()), before.kind),
        columns=tuple(found.columns or before.columns),
        forms=_shared_forms(units),
        ids=found.ids or before.ids,
        aware=before.aware if found.aware is None else found.aware,
        units=units,
        tally=_summed(before, found),
        readings=(*before.readings, *([(tuple(new), counts)] if new else [])),
    )
    if not kept.rows and not getattr(declaration, "optional", False):
        raise SchemaError("empty-table", "the table has no rows", table=name, remedy="Check its source, or declare it optional=True.")
    return kept


def _compare(before: KeptTable, found: Intake, units: tuple[_KeptUnit, ...]) -> None:
    """Refuse to put rows together that would be understood in another way if they were read together."""
    kinds = set(found.kinds.values()) | ({before.kind} if before.units and before.kind else set())
    if len(kinds) > 1:
        raise Reread("the types of its columns differ between its files")
    if not before.kept_rows:
        return
    if before.forms != _shared_forms(units):
        raise Reread("a column of text holds numbers in some files, and words in others")
    if found.columns is not None and before.columns and tuple(found.columns) != before.columns:
        raise Reread("its columns are understood in another way than before")
    if found.ids and before.ids and found.ids != before.ids:
        raise Reread("its customer ids are of another type than before")
    if None not in (before.aware, found.aware) and before.aware != found.aware:
        raise Reread("its times carry a time zone, or none, in another way than before")


def _shared_forms(units: Sequence[_KeptUnit]) -> dict[str, str]:
    columns = dict.fromkeys(column for unit in units for column in unit.forms)
    return {column: shared_form(unit.forms.get(column, "").encode() for unit in units).decode() for column in columns}


def _together(segments: list[Segment], new: Segment, shelf: Shelf) -> Segment:
    """Return a file of new rows, merged with those of its partition that are not much larger; these are taken from the list."""
    own = [s for s in segments if s.partition == new.partition]
    rows: KeptRows | None = None
    n = new.rows
    while own and own[-1].rows < RATIO * n:
        older = own.pop()
        segments.remove(older)
        rows = load_segment(shelf.folder, new, verify=False) if rows is None else rows
        rows = merge_rows(load_segment(shelf.folder, older, verify=True), rows, shelf.timezone)
        n = len(rows)
    return new if rows is None else save_segment(shelf.folder, new.partition, rows)


def merged(parts: list[KeptRows], timezone: str) -> KeptRows | None:
    """Return the rows of all, the last ones, which are the fewest, merged first; the list is used up."""
    while len(parts) > 1:
        last = parts.pop()
        parts[-1] = merge_rows(parts[-1], last, timezone)
    return parts[0] if parts else None


def _plain_counts(tally: Tally) -> list[Any]:
    """Return what checks have counted, as a manifest holds it."""
    return [[list(key), [_plain_count(c) for c in counts]] for key, counts in tally.counts()]


def _plain_count(count: Any) -> Any:
    if isinstance(count, Counter):
        return [[key, int(n)] for key, n in sorted(count.items(), key=repr)]
    return [int(c) for c in count] if isinstance(count, list) else int(count)


def _summed(before: KeptTable, found: Intake) -> Tally:
    """Return what checks have counted in new rows, together with what they had counted in those that are kept."""
    for _, reading in before.readings:
        for key, counts in reading:
            found.tally.add_earlier(tuple(key), tuple(counts))
    return found.tally
