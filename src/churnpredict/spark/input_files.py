"""The files that the rows of a Spark DataFrame come from.

Only where each row is decided by its own file alone: a table of Parquet, ORC, CSV or JSON files of which columns are selected and renamed,
and nothing else. A filter, a join or a computed column may depend on other rows, on the time of the run or on code that nobody compares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from churnpredict.events.history.units import Proof
from churnpredict.events.streams import UNIT
from churnpredict.spark.proofs import proved
from churnpredict.spark.transfer import NO_HOST, address_of, quoted, without_globs

__all__ = ["PATH", "FileTable", "NotFiles", "file_table", "reading_settings"]

_FORMATS = {
    "org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat": "parquet",
    "org.apache.spark.sql.execution.datasources.orc.OrcFileFormat": "orc",
    "org.apache.spark.sql.execution.datasources.csv.CSVFileFormat": "csv",
    "org.apache.spark.sql.execution.datasources.json.JsonFileFormat": "json",
}
_PLAIN = ("Project", "SubqueryAlias", "View")  # nodes of a plan that select columns or name a table
_LENIENT = ("ignorecorruptfiles", "ignoremissingfiles")
_NOT_READING = (
    "shuffle.",
    "adaptive.",
    "codegen.",
    "warehouse.",
    "ui.",
    "execution.",
    "autoBroadcast",
    "catalogImplementation",
    "streaming.",
)
PATH = "churnpredict_path"


class NotFiles(Exception):
    """Why the rows of a DataFrame cannot be assigned to the files that they come from."""


@dataclass(frozen=True)
class FileTable:
    """A DataFrame whose rows are those of files.

    Attributes
    ----------
    session : SparkSession
    kind : str
        Format of the files, as Spark names it.
    schema : StructType
        Of the files and of their partitions, before columns are selected.
    options : dict of str to str
    columns : dict of str to str
        The column that each column of the DataFrame is.
    home : str
        Folder above all partitions; empty without partitions.
    files : dict of str to str
        The address of each file, as rows name it, and its path.
    sizes : dict of str to int
        Bytes of each file.
    what : str
        What its units are called.
    """

    session: Any
    kind: str
    schema: Any
    options: Mapping[str, str]
    columns: Mapping[str, str]
    home: str
    files: Mapping[str, str]
    sizes: Mapping[str, int]
    what: str = "files"

    def digest(self) -> str:
        """Return a digest of all that decides how a row is read from its file."""
        told = [self.kind, self.schema.json(), sorted(self.options.items()), sorted(self.columns.items()), reading_settings(self.session)]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def frame(self, addresses: Sequence[str]) -> Any:
        """Return the rows of some files, each with the address of its file in the column ``PATH``.

        The files are read by their paths and not by a filter on ``_metadata.file_path``: rows of a file whose address is spelt otherwise
        would be lost in silence, while here they come with an unknown address, and are refused.
        """
        from pyspark.sql import functions as F

        reader = self.session.read.format(self.kind).options(**dict(self.options)).schema(self.schema)
        reader = reader.option("basePath", self.home) if self.home else reader
        given = reader.load([without_globs(self.files[address]) for address in addresses])
        selected = [F.col(quoted(source)).alias(name) for name, source in self.columns.items()]
        return given.select(*selected, F.regexp_replace("_metadata.file_path", NO_HOST, "$1:/").alias(PATH))

    def units(self, known: Mapping[str, Proof]) -> dict[str, tuple[Proof, bool]]:
        """Return the proof of each file, and whether it is what a known proof says: see :func:`proved`."""
        return proved(self.session, self.files, known)

    def rows(self, numbers: Mapping[str, int]) -> Any:
        """Return the rows of some files, each with the number of its file in the column ``UNIT``; null for a file that is not known."""
        from pyspark.sql import functions as F

        name = f"{UNIT}/name"
        listed = self.session.createDataFrame(list(numbers.items()), f"`{name}` string, `{UNIT}` int")
        given = self.frame(list(numbers))
        return given.join(F.broadcast(listed), F.col(PATH) == F.col(quoted(name)), "left").drop(PATH, name)

    def size(self, names: Collection[str]) -> int:
        """Return how many bytes some files have."""
        return sum(self.sizes[name] for name in names)


def file_table(frame: Any) -> FileTable:
    """Return the files behind a DataFrame.

    Raises
    ------
    NotFiles
    """
    session = frame.sparkSession
    plan = getattr(frame, "_jdf", None)
    if plan is None:
        raise NotFiles("a session of Spark Connect does not show the plan of a DataFrame")
    top = plan.queryExecution().analyzed()
    leaf = _leaf(top)
    relation = leaf.relation()
    name = relation.getClass().getSimpleName()
    if name != "HadoopFsRelation":
        raise NotFiles(f"its rows come from {name}")
    kind = _FORMATS.get(relation.fileFormat().getClass().getName())
    if kind is None:
        raise NotFiles(f"its format is {relation.fileFormat().getClass().getSimpleName()}, whose rows change without their files")
    options = _as_dict(session, relation.options())
    options = {key: value for key, value in options.items() if key.lower() not in ("path", "paths", "basepath", "pathglobfilter")}
    _check_lenient(session, options)
    index = relation.location()
    if index.getClass().getSimpleName() == "CatalogFileIndex":
        index = index.filterPartitions(session._jvm.PythonUtils.toSeq([]))
    if index.getClass().getSimpleName() != "InMemoryFileIndex":
        raise NotFiles(f"its files are listed by {index.getClass().getSimpleName()}")
    schema = _schema(relation.schema())
    found = list(_each(index.allFiles()))
    paths = {address_of(status): status.getPath().toString() for status in found}
    sizes = {address_of(status): int(status.getLen()) for status in found}
    if len(paths) < len(found):
        raise NotFiles("it names a file twice, whose rows count twice")
    partitions = {p.path().toString(): p.values().toString() for p in _each(index.partitionSpec().partitions())}
    home = _home(partitions, relation.partitionSchema().size())
    columns = _columns(top, leaf, relation)
    table = FileTable(session, kind, schema, options, columns, home, paths, sizes)
    if paths:
        _check_same(table, partitions)
    return table


def _check_lenient(session: Any, options: Mapping[str, str]) -> None:
    """Refuse settings by which a file that cannot be read today is left out, and counts tomorrow."""
    for name in ("spark.sql.files.ignoreCorruptFiles", "spark.sql.files.ignoreMissingFiles"):
        if str(session.conf.get(name, "false")).lower() == "true":
            raise NotFiles(f"{name} leaves files out")
    if any(key.lower() in _LENIENT and str(value).lower() == "true" for key, value in options.items()):
        raise NotFiles("an option leaves files out that cannot be read")


def _leaf(node: Any) -> Any:
    """Return the relation below nodes that only select columns."""
    while True:
        name = node.getClass().getSimpleName()
        if name == "LogicalRelation":
            return node
        if name not in _PLAIN or node.children().size() != 1:
            raise NotFiles(f"its plan has {name}, so that a row may depend on more than its file")
        node = node.children().apply(0)


def _columns(top: Any, leaf: Any, relation: Any) -> dict[str, str]:
    """Return which column of the files each column of the DataFrame is."""
    origin = {a.exprId().id(): a.name() for a in _each(leaf.output())}
    node = top
    renamed: list[Any] = []
    while node.getClass().getSimpleName() != "LogicalRelation":
        if node.getClass().getSimpleName() == "Project":
            renamed.append(node)
        node = node.children().apply(0)
    for project in reversed(renamed):
        for e in _each(project.projectList()):
            child = e.child() if e.getClass().getSimpleName() == "Alias" else e
            if child.getClass().getSimpleName() == "AttributeReference" and child.exprId().id() in origin:
                origin[e.exprId().id()] = origin[child.exprId().id()]
    found = {}
    for a in _each(top.output()):
        if a.exprId().id() not in origin:
            raise NotFiles("a column is computed")
        found[a.name()] = origin[a.exprId().id()]
    return found


def _home(partitions: Mapping[str, str], depth: int) -> str:
    """Return the folder above all partitions."""
    homes = {path.rstrip("/").rsplit("/", depth)[0] for path in partitions}
    if len(homes) > 1:
        raise NotFiles("its partitions are in several folders")
    return next(iter(homes), "") if depth else ""


def _check_same(table: FileTable, partitions: Mapping[str, str]) -> None:
    """Refuse a table of which the files read by themselves are not what they are in the DataFrame."""
    given = table.session.read.format(table.kind).options(**dict(table.options)).schema(table.schema)
    given = given.option("basePath", table.home) if table.home else given
    relation = _leaf(given.load([without_globs(path) for path in table.files.values()])._jdf.queryExecution().analyzed()).relation()
    again = {p.path().toString(): p.values().toString() for p in _each(relation.location().partitionSpec().partitions())}
    if _schema(relation.schema()) != table.schema or any(again.get(path) != values for path, values in partitions.items() if path in again):
        raise NotFiles("its files read by themselves have other columns or partitions")
    if len(again) < len(partitions) and any(path not in again and _has_files(table, path) for path in partitions):
        raise NotFiles("the folders of its partitions do not tell their values")


def _has_files(table: FileTable, folder: str) -> bool:
    return any(path.startswith(folder.rstrip("/") + "/") for path in table.files.values())


def _schema(schema: Any) -> Any:
    import json

    from pyspark.sql.types import StructType

    return StructType.fromJson(json.loads(schema.json()))


def _each(values: Any) -> Any:
    """Yield the elements of a sequence of Scala."""
    for i in range(values.size()):
        yield values.apply(i)


def _as_dict(session: Any, values: Any) -> dict[str, str]:
    return dict(session._jvm.scala.jdk.javaapi.CollectionConverters.asJava(values))


def reading_settings(session: Any) -> list[tuple[str, str]]:
    """Return what decides in a session how files are read: versions, and all settings but those that decide only who does it."""
    java = session._jvm.java.lang.System.getProperty("java.version")
    settings = _as_dict(session, session._jsparkSession.conf().getAll())
    told = [(k, v) for k, v in settings.items() if k.startswith("spark.sql.") and not k[10:].startswith(_NOT_READING)]
    return [("spark", session.version), ("java", str(java)), ("zone", str(session.conf.get("spark.sql.session.timeZone"))), *sorted(told)]
