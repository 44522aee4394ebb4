"""The files that the rows of a Spark DataFrame come from, and what proves that a file is what it was.

Only where each row is decided by its own file alone: a table of Parquet, ORC, CSV or JSON files of which columns are selected and renamed,
and nothing else. A filter, a join or a computed column may depend on other rows, on the time of the run or on code that nobody compares.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Never

from churnpredict.events.history.units import Proof, is_unchanged, take_proof
from churnpredict.events.sources.base import Unit
from churnpredict.spark.transfer import quoted

__all__ = ["PATH", "FileTable", "NotFiles", "file_table", "is_local", "proved", "reading_settings", "state_of", "without_globs"]

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
_AT_ONCE = 16  # checksums that are asked for at the same time
PATH = "churnpredict_path"
_NO_HOST = "^([^:/]+):///"


class NotFiles(Exception):
    """Why the rows of a DataFrame cannot be told apart by the files that they come from."""


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
    """

    session: Any
    kind: str
    schema: Any
    options: Mapping[str, str]
    columns: Mapping[str, str]
    home: str
    files: Mapping[str, str]
    sizes: Mapping[str, int]

    def digest(self) -> str:
        """Return a digest of all that decides how a row is read from its file."""
        told = [self.kind, self.schema.json(), sorted(self.options.items()), sorted(self.columns.items()), reading_settings(self.session)]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def frame(self, addresses: Sequence[str]) -> Any:
        """Return the rows of some files, each with the address of its file in the column ``PATH``.

        The files are read by their paths and not by a filter on ``_metadata.file_path``: rows of a file whose address is spelt otherwise
        would be lost in silence, while here they come with an address that nobody knows, and are refused.
        """
        from pyspark.sql import functions as F

        reader = self.session.read.format(self.kind).options(**dict(self.options)).schema(self.schema)
        reader = reader.option("basePath", self.home) if self.home else reader
        given = reader.load([without_globs(self.files[a]) for a in addresses])
        selected = [F.col(quoted(source)).alias(name) for name, source in self.columns.items()]
        return given.select(*selected, F.regexp_replace("_metadata.file_path", _NO_HOST, "$1:/").alias(PATH))


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
    paths = {_address(status): status.getPath().toString() for status in found}
    sizes = {_address(status): int(status.getLen()) for status in found}
    partitions = {p.path().toString(): p.values().toString() for p in _each(index.partitionSpec().partitions())}
    home = _home(partitions, relation.partitionSchema().size())
    columns = _columns(top, leaf, relation)
    table = FileTable(session, kind, schema, options, columns, home, paths, sizes)
    if paths:
        _check_same(table, partitions)
    return table


def _address(status: Any) -> str:
    """Return the address of a file in the one spelling of two that Spark has for it."""
    return re.sub(_NO_HOST, r"\1:/", status.getPath().toUri().toString())


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


def without_globs(path: str) -> str:
    """Return a path of which no sign stands for others."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)


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


def proved(table: FileTable, known: Mapping[str, Proof]) -> dict[str, tuple[Proof, bool]]:
    """Return what proves later that each file is what it is now, and whether it is what a known proof says.

    A time and a size prove nothing, here as on one machine. What proves a file is, whichever is there first:

    1. on a local disk, what proves it on one machine (:mod:`churnpredict.events.history.units`);
    2. the tag that an object store gives to each content (its ETag);
    3. size, time and the checksum of its blocks, as HDFS has them;
    4. its SHA-256, which Spark computes from its bytes without reading rows.
    """
    statuses = _statuses(table)
    found: dict[str, tuple[Proof, bool]] = {}
    local = [address for address, path in table.files.items() if is_local(path)]
    for address in local:
        path = table.session._jvm.org.apache.hadoop.fs.Path(table.files[address]).toUri().getPath()
        unit = Unit(address, (path,), _unread)
        proof = is_unchanged(unit, known[address]) if address in known else None
        found[address] = (take_proof(unit) if proof is None else proof, proof is not None)
    others = [address for address in table.files if address not in found]
    states = _states(table, others, statuses)
    for address in others:
        proof = Proof.of_state(states[address])
        found[address] = (proof, known.get(address) == proof)
    return found


def is_local(path: str) -> bool:
    """Return whether a path is on a disk of this machine."""
    return path.startswith("file:")


def _unread(*_: Any) -> Never:
    raise AssertionError("the files of Spark are read by Spark")


def _statuses(table: FileTable) -> dict[str, Any]:
    """Return the state of each file as its folder lists it now, for files that are not on a local disk."""
    fs = table.session._jvm.org.apache.hadoop.fs
    conf = table.session._jsc.hadoopConfiguration()
    folders = {path.rsplit("/", 1)[0] for path in table.files.values() if not is_local(path)}
    listed = [fs.Path(folder).getFileSystem(conf).listStatus(fs.Path(folder)) for folder in sorted(folders)]
    return {_address(status): status for statuses in listed for status in statuses}


def _states(table: FileTable, addresses: Sequence[str], statuses: Mapping[str, Any]) -> dict[str, str]:
    """Return what is known of the content of each file."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = dict(zip(addresses, pool.map(lambda a: state_of(table, statuses.get(a)), addresses), strict=True))
    unknown = [address for address in addresses if not told[address]]
    return told | (_hashed(table, unknown) if unknown else {})


def state_of(table: FileTable, status: Any) -> str:
    """Return the tag or the checksum of a file; nothing where its file system has neither."""
    if status is None:
        return ""
    tag = getattr(status, "getEtag", None) if "getEtag" in dir(status) else None
    if tag is not None and tag():
        return f"tag {status.getLen()} {tag()}"
    path = status.getPath()
    checksum = path.getFileSystem(table.session._jsc.hadoopConfiguration()).getFileChecksum(path)
    if checksum is None:
        return ""
    return f"checksum {status.getLen()} {status.getModificationTime()} {checksum.getAlgorithmName()} {bytes(checksum.getBytes()).hex()}"


def _hashed(table: FileTable, addresses: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of files, computed where the tasks run."""
    from pyspark.sql import functions as F

    reader = table.session.read.format("binaryFile")
    rows = reader.load([without_globs(table.files[a]) for a in addresses]).select("path", F.sha2("content", 256).alias("digest")).collect()
    digests = {row["path"]: row["digest"] for row in rows}
    return {address: f"sha256 {digests[table.files[address]]}" for address in addresses}
