"""Folder of scoring runs: each whole or absent, read by its manifest and checked.

::

    scores/
      2024-09-01/            a run: everybody at risk at one cutoff
        manifest.json        written last; names every part with its size and SHA-256, and carries a SHA-256 of itself
        part-00000.parquet   customers of one hash partition, in the order of their ids
      2024-10-01/
      2024-10-01.2/          the same cutoff scored again, with other data or another model
      .attempt/              results of an unfinished run
      .lock                  held by the writer

No file holds a date of writing or the name of a machine: the same job gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnpredict.errors import SourceError, UsageError, memory_shortage
from churnpredict.markup import show
from churnpredict.moments import Moment, is_aware, moment
from churnpredict.text_tables import paragraph

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from churnpredict.pipeline.scores import Scores

__all__ = ["MANIFEST", "Part", "Run", "find_run", "open_run", "read_scores", "run_name", "run_names"]

MANIFEST = "manifest.json"
FORMAT, VERSION = "churnpredict scores", 1
_RUN = re.compile(r"(\d{4}-\d\d-\d\d(?:T\d{6})?)(?:\.([1-9]\d{0,5}))?")
_PART = re.compile(r"part-\d{5}(\.\d{1,5})?\.parquet")
_REMEDY = "Score again, or take the folder from a copy."


@dataclass(frozen=True)
class Part:
    """One file of a run."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, repr=False)
class Run:
    """One scoring, as its manifest describes it.

    Attributes
    ----------
    path : Path
    cutoff : str
        Wall time of the business, ISO 8601.
    moment : int
        The same in microseconds UTC.
    model_id : str
    model : str or None
        SHA-256 of the whole state of the pipeline; None if it holds custom code.
    inputs : str
        SHA-256 of all inputs of the run: data, model, cutoff, detail.
    detail : {"words", "drivers"}
    columns : tuple of str
    rows : int
    bands : dict of str to int
    parts : tuple of Part
    written_by : dict of str to str
        Versions of libraries.
    in_sample : bool
        Whether the model was trained on outcomes after the cutoff: then these are not forecasts.
    """

    path: Path
    cutoff: str
    moment: int
    model_id: str
    model: str | None
    inputs: str
    detail: str
    columns: tuple[str, ...]
    rows: int
    bands: dict[str, int]
    parts: tuple[Part, ...]
    written_by: dict[str, str]
    in_sample: bool = False

    def __repr__(self) -> str:
        headline, *lines = self._told()
        return "\n".join([*paragraph(headline), *(part for line in lines for part in paragraph(line, indent="    ", first="  "))])

    def _repr_html_(self) -> str:
        headline, *lines = self._told()
        return show(headline, after=lines)

    def _told(self) -> list[str]:
        bands = ", ".join(f"{n:,} {name}" for name, n in self.bands.items())
        size = sum(part.bytes for part in self.parts) / 1e6
        return [
            f"Run at {self.cutoff}: {self.rows:,} customers" + (f", {bands}" if bands else ""),
            f"{len(self.parts):,} part{'' if len(self.parts) == 1 else 's'}, {size:,.1f} MB, in {self.path}",
            f"reasons in {self.detail}, model {self.model_id}",
            *(["in-sample: the model was trained on outcomes after this cutoff"] if self.in_sample else []),
        ]

    def manifest(self) -> bytes:
        """Return the contents of manifest.json."""
        content = dataclasses.asdict(self) | {"format": FORMAT, "version": VERSION}
        del content["path"]
        if not self.in_sample:
            del content["in_sample"]  # the manifest of a forecast is unchanged from earlier versions
        return _sealed(content)

    def content(self, part: Part) -> bytes:
        """Return the bytes of a part, checked against the manifest.

        Raises
        ------
        SourceError
            ``damaged-run``.
        """
        try:
            with open(self.path / part.name, "rb") as file:
                content = file.read(part.bytes + 1)
        except OSError as error:
            raise damaged(self.path, f"{part.name} cannot be read ({error.strerror})") from None
        if len(content) != part.bytes or hashlib.sha256(content).hexdigest() != part.sha256:
            raise damaged(self.path, f"{part.name} differs from the manifest")
        return content

    def verify(self) -> None:
        """Read every byte and refuse a run with any change.

        Raises
        ------
        SourceError
            ``damaged-run``.
        """
        for part in self.parts:
            self.content(part)

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the parts as Arrow tables, one after the other, each checked before it is opened."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        for part in self.parts:
            content = self.content(part)
            try:
                found = pq.read_table(pa.BufferReader(content), columns=columns, page_checksum_verification=True)
            except (pa.ArrowException, OSError) as error:
                raise memory_shortage(error) or damaged(self.path, f"{part.name} is not Parquet") from None
            if found.num_rows != part.rows:
                raise damaged(self.path, f"{part.name} has a different number of rows than the manifest")
            yield found


def damaged(path: Path, what: str) -> SourceError:
    """Return the error of a run that differs from what was written."""
    return SourceError("damaged-run", f'"{path}" is damaged: {what}', remedy=_REMEDY)


def _canonical(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def _sealed(content: dict[str, Any]) -> bytes:
    digest = hashlib.sha256(_canonical(content)).hexdigest()
    return _canonical(content | {"sha256": digest})


def open_run(path: str | Path) -> Run:
    """Return the run in a folder, by its manifest; its parts are checked when they are read.

    Raises
    ------
    SourceError
        ``no-run``, ``damaged-run``, ``newer-run``.
    """
    path = Path(path)
    try:
        raw = (path / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise SourceError("no-run", f'"{path}" holds no run: there is no {MANIFEST}', remedy="Check the path, or score first.") from None
    except OSError as error:
        raise damaged(path, f"{MANIFEST} cannot be read ({error.strerror})") from None
    try:
        content = json.loads(raw)
        digest = content.pop("sha256")
        whole = _sealed(content) == raw and content.pop("format") == FORMAT
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        whole = False
    if not whole:
        raise damaged(path, f"{MANIFEST} was changed after it was written")
    if content.pop("version") != VERSION:
        raise SourceError("newer-run", f'"{path}" was written by a newer version', remedy="Install a newer churnpredict.")
    try:
        parts = tuple(Part(**part) for part in content.pop("parts"))
        found = Run(path=path, parts=parts, columns=tuple(content.pop("columns")), **content)
    except TypeError:
        raise damaged(path, f"{MANIFEST} {digest[:12]} lists other files than those of a run") from None
    if any(not _PART.fullmatch(part.name) for part in parts) or sum(part.rows for part in parts) != found.rows:
        raise damaged(path, f"{MANIFEST} names invalid parts")
    return found


def run_name(wall_time: pd.Timestamp, taken: Sequence[str]) -> str:
    """Return the name of the next run at a cutoff: its date, its time of day where it has one, and a number from the second on.

    >>> import pandas as pd
    >>> run_name(pd.Timestamp("2024-09-01"), []), run_name(pd.Timestamp("2024-09-01 06:00"), ["2024-09-01T060000"])
    ('2024-09-01', '2024-09-01T060000.2')
    """
    base = wall_time.strftime("%Y-%m-%d" if wall_time == wall_time.normalize() else "%Y-%m-%dT%H%M%S")
    numbers = [_order(name)[1] for name in taken if _order(name)[0] == base]
    return f"{base}.{max(numbers) + 1}" if numbers else base


def _order(name: str) -> tuple[str, int]:
    """Return the sort key of a run: its cutoff, then its number."""
    found = _RUN.fullmatch(name)
    assert found is not None
    return found[1], int(found[2] or 1)


def run_names(folder: str | Path, at: Moment | None = None) -> list[str]:
    """Return the names of all runs of a folder, or of those at a cutoff: newest cutoff first, then latest scoring; none is opened.

    Raises
    ------
    SourceError
        ``no-run`` if there is no such folder.
    """
    try:
        names = [entry.name for entry in Path(folder).iterdir() if _RUN.fullmatch(entry.name)]
    except OSError as error:
        raise SourceError("no-run", f'"{folder}" cannot be read: {error.strerror}', remedy="Check the path, or score first.") from None
    if at is not None and is_aware(at):  # names are times on the clock of the business, which only the runs know
        there = moment(at, "at")
        names = [name for name in names if open_run(Path(folder) / name).moment == there]
    elif at is not None:
        base = run_name(_wall_time(at), [])
        names = [name for name in names if _order(name)[0] == base]
    return sorted(names, key=_order, reverse=True)


def _wall_time(at: Moment) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(moment(at, "at"), unit="us")


def read_scores(folder: str | Path, *, at: Moment | None = None, columns: Sequence[str] | None = None) -> Scores:
    """Return the scores of a run that :func:`churnpredict.runs.write_scores` or ``churnpredict score`` wrote, checked to the last byte.

    Only files that the manifest names are read, and only if they match it.

    Parameters
    ----------
    folder : path
        The folder of runs, or one run in it.
    at : time, optional
        The cutoff; the newest by default. Of several runs at a cutoff the latest is read.
    columns : list of str, optional
        Columns to read; all by default.

    Returns
    -------
    DataFrame
        As :meth:`churnpredict.ChurnPipeline.score` gives it: highest risk first, equal risks in the order of the ids.

    Raises
    ------
    SourceError
        ``no-run``, ``damaged-run``, ``newer-run``.
    UsageError
        ``unknown-column``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.runs.read_scores("nowhere")
    Traceback (most recent call last):
    churnpredict.errors.SourceError: "nowhere" cannot be read: No such file or directory. Check the path, or score first. [no-run]
    """
    import numpy as np
    import pyarrow as pa

    from churnpredict.argument_checks import check_path, check_texts
    from churnpredict.pipeline.scores import Scores

    run = find_run(check_path(folder, "folder"), at)
    wanted = list(run.columns) if columns is None else list(check_texts(columns, "columns"))
    unknown = [c for c in wanted if c not in run.columns]
    if unknown:
        raise UsageError("unknown-column", f'the run has no column "{unknown[0]}"', remedy=f"It has {', '.join(run.columns)}.")
    keys = [c for c in ("customer_id", "risk") if c not in wanted]
    frame = pa.concat_tables(run.tables([*wanted, *keys])).to_pandas()
    order = frame["customer_id"].to_numpy().argsort(kind="stable")
    order = order[np.argsort(-frame["risk"].to_numpy()[order], kind="stable")]
    return Scores(frame.iloc[order].reset_index(drop=True)[wanted])


def find_run(folder: str | Path, at: Moment | None = None) -> Run:
    """Return the newest run of a folder, or the latest at a cutoff; or the folder itself, if it is one. No other is opened."""
    folder = Path(folder)
    if (folder / MANIFEST).exists():
        return open_run(folder)
    names = run_names(folder, at)
    if not names:
        when = "" if at is None else f" at {at}"
        raise SourceError("no-run", f'"{folder}" holds no run{when}', remedy="Check the path and the cutoff, or score first.")
    return open_run(folder / names[0])
