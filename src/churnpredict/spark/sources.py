"""The units of a table in Spark: files, slices by a column that grows, or one whole that nothing proves."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from churnpredict.events.declarations import Declaration
from churnpredict.events.history.units import Proof
from churnpredict.events.sources.base import distinct
from churnpredict.events.sources.slices import find_slices
from churnpredict.events.streams import UNIT
from churnpredict.spark.frames import declared_columns
from churnpredict.spark.input_files import FileTable, NotFiles, file_table, reading_settings
from churnpredict.spark.transfer import quoted

__all__ = ["SlicedTable", "TableSource", "WholeTable", "source_of"]


@dataclass(frozen=True)
class WholeTable:
    """A DataFrame that is read whole each time.

    Attributes
    ----------
    frame : DataFrame
        With the declared columns.
    why : str
        Why nothing proves that its rows are what they were.
    """

    frame: Any
    why: str
    what: str = "sources"

    def digest(self) -> str:
        """Return nothing: nobody compares how it is read."""
        return ""

    def units(self, _: Mapping[str, Proof]) -> dict[str, tuple[Proof, bool]]:
        """Return the whole, which nothing proves."""
        return {"": (Proof(()), False)}

    def rows(self, numbers: Mapping[str, int]) -> Any:
        """Return all rows with the number of the whole."""
        from pyspark.sql import functions as F

        return self.frame.withColumn(UNIT, F.lit(numbers[""]).cast("int"))

    def size(self, _: Collection[str]) -> int | None:
        """Return None: it is unknown."""
        return None


@dataclass
class SlicedTable:
    """A DataFrame of any kind, cut into slices by a column that grows; Spark computes the count and a checksum of each, which prove it.

    Attributes
    ----------
    frame : DataFrame
        With all its columns.
    declaration : Declaration
    mark : str
        The column that grows: it decides where the cuts are, and what a run costs, but not what is right.
    table : str
        Name of the table in messages.
    """

    frame: Any
    declaration: Declaration
    mark: str
    table: str
    what: str = "slices"
    _where: dict[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """Return a digest of the column that grows and of the settings of the session."""
        told = [self.mark, reading_settings(self.frame.sparkSession)]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def units(self, known: Mapping[str, Proof]) -> dict[str, tuple[Proof, bool]]:
        """Return the proof of each slice as it is now, and whether it is what a known proof says."""
        view = f"churnpredict_{uuid4().hex}"
        self.frame.createOrReplaceTempView(view)
        try:
            columns = distinct(self.declaration.columns())
            engine = _Engine(self.frame.sparkSession, [self.frame.schema[c].dataType.simpleString() for c in columns])
            found = find_slices(engine, view, self.mark, columns, list(known), self.table, quote=quoted, text="STRING")
        finally:
            self.frame.sparkSession.catalog.dropTempView(view)
        self._where = {one.name: one.where for one in found}
        proofs = {one.name: Proof.of_state(one.state) for one in found}
        return {name: (proof, known.get(name) == proof) for name, proof in proofs.items()}

    def rows(self, numbers: Mapping[str, int]) -> Any:
        """Return the rows of some slices, each with the number of its slice."""
        from pyspark.sql import functions as F

        where = self._where
        some = self.frame.where(" OR ".join(f"({where[name]})" for name in numbers))
        cases = " ".join(f"WHEN {where[name]} THEN {number}" for name, number in numbers.items())
        return some.select(*map(quoted, distinct(self.declaration.columns())), F.expr(f"CASE {cases} END").cast("int").alias(UNIT))

    def size(self, _: Collection[str]) -> int | None:
        """Return None: it is unknown."""
        return None


class _Engine:
    """Spark, as slices ask a database."""

    dialect = "spark"

    def __init__(self, session: Any, kinds: Sequence[str]) -> None:
        self._session, self._kinds = session, kinds

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(sql).collect()]

    def kinds(self, sql: str) -> str:
        return str(self._session.sql(sql).schema.simpleString())

    def type_of(self, sql: str) -> str:
        return str(self._session.sql(sql).schema[0].dataType.simpleString())

    def checksum(self, columns: Sequence[str]) -> str:
        """Return SQL for a checksum of rows in any order: twice 64 bits.

        Spark leaves nulls out of a hash, and takes both zeros for one: so their places are hashed, too.
        """
        told = [(c, kind in ("double", "float")) for c, kind in zip(columns, self._kinds, strict=True)]
        row = ", ".join(f"{c}, {c} IS NULL" + (f", {c} = 0 AND CAST({c} AS STRING) = '-0.0'" if real else "") for c, real in told)
        return ", ".join(f"CAST(sum(CAST(xxhash64({seed}, {row}) AS DECIMAL(20, 0))) AS STRING)" for seed in (0, 1))


TableSource = FileTable | SlicedTable | WholeTable


def source_of(name: str, frame: Any, declaration: Declaration, mark: str | None) -> TableSource:
    """Return what the rows of a DataFrame are made of, as far as that can be proved."""
    if mark is not None:
        return SlicedTable(frame, declaration, mark, name)
    declared = declared_columns(frame, declaration)
    try:
        return file_table(declared)
    except NotFiles as why:
        return WholeTable(declared, str(why))
