"""Write features of more customers than fit into memory to Parquet, partition by partition."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.argument_checks import check_path
from churnpredict.churn.rule import ChurnRule, check_rule
from churnpredict.churn.snapshots import check_somebody, choose_cutoffs, pairs_at_risk
from churnpredict.errors import OutputError
from churnpredict.events.expected import check_tables
from churnpredict.events.partitions import PartitionedTables
from churnpredict.events.tables import EventTables
from churnpredict.features.build import build_rows, check_rows
from churnpredict.features.catalog import catalog, with_driver
from churnpredict.features.custom import OwnFeature
from churnpredict.features.feature import Feature
from churnpredict.features.peers import PEER_AGGREGATES, PeerCounts, count_peers
from churnpredict.files import not_written, sync_folder, umask
from churnpredict.moments import Moment, Moments
from churnpredict.progress import progress
from churnpredict.table_files import write_parquet

__all__ = ["features_by_part", "peers_of_all", "write_features"]

Rows = Sequence[Feature | OwnFeature]
CELLS = 1 << 25  # values of a frame held at a time, 128 MiB


def features_by_part(
    tables: EventTables | PartitionedTables,
    churn: ChurnRule,
    *,
    at: Moments | None = None,
    every: str | None = None,
    since: Moment | None = None,
    last: Moment | None = None,
    features: Rows | None = None,
    history: str | None = None,
    n_jobs: int = 1,
) -> Iterator[pd.DataFrame]:
    """Yield the features of everybody at risk, as frames of some customers each.

    Parameters are those of :func:`churnpredict.take_snapshots` and :func:`churnpredict.build_features`; the frames together are what these
    two give for all customers in memory, to the last bit, in another order of customers.

    Raises
    ------
    DataError
        ``nobody-at-risk``, once all partitions have been seen.
    """
    whole = tables.outline if isinstance(tables, PartitionedTables) else tables
    cutoffs = choose_cutoffs(whole, churn, at=at, every=every, since=since, last=last)
    if features is None:
        features = catalog(whole, until=pd.Timestamp(int(cutoffs.max()), unit="us", tz="UTC"), history=history)
    features = [f if isinstance(f, OwnFeature) else with_driver(f, whole) for f in features]
    parts = range(tables.n_partitions if isinstance(tables, PartitionedTables) else 1)
    counts = peers_of_all(tables, features, cutoffs)
    found = np.zeros(len(cutoffs), np.bool_)
    for part in progress(parts, "features"):
        some = _part(tables, part)
        check_rows(features, some)
        customers, moments = pairs_at_risk(some, churn, cutoffs)
        found |= np.isin(cutoffs, moments)
        step = max(1, CELLS // max(1, len(features)))
        for start in range(0, len(customers), step):
            block = slice(start, start + step)
            frame = build_rows(some, customers[block], moments[block], features, counts, history=history, n_jobs=n_jobs)
            yield _with_all_categories(frame, features, tables, int(cutoffs.max()))
    check_somebody(cutoffs, found, whole.timezone)


def peers_of_all(tables: EventTables | PartitionedTables, features: Rows, cutoffs: npt.NDArray[np.int64]) -> PeerCounts:
    """Return counts for features that compare a customer with all others: these are counted among all first."""
    counts = PeerCounts()
    peers = [f for f in features if isinstance(f, Feature) and f.aggregate in PEER_AGGREGATES]
    parts = range(tables.n_partitions if isinstance(tables, PartitionedTables) else 1)
    for part in progress(parts, "peers") if peers else ():
        some = _part(tables, part)
        check_rows(peers, some)
        count_peers(peers, some, cutoffs, counts)
    return counts


def _part(tables: EventTables | PartitionedTables, part: int) -> EventTables:
    return tables.partition(part) if isinstance(tables, PartitionedTables) else tables


def _with_all_categories(frame: pd.DataFrame, features: Rows, tables: EventTables | PartitionedTables, latest: int) -> pd.DataFrame:
    """Give every part the categories of the whole."""
    labelled = {str(c) for c, kind in zip(frame.columns, frame.dtypes, strict=True) if isinstance(kind, pd.CategoricalDtype)}
    for row in features if labelled and isinstance(tables, PartitionedTables) else ():
        if isinstance(row, Feature) and row.name in labelled:
            assert isinstance(tables, PartitionedTables)
            known = pd.Index([str(v) for v in tables.known_labels(row.table, str(row.column), latest)], dtype=object)
            frame[row.name] = frame[row.name].cat.set_categories(known)
    return frame


def write_features(
    tables: EventTables | PartitionedTables,
    churn: ChurnRule,
    path: str | Path,
    *,
    at: Moments | None = None,
    every: str | None = None,
    since: Moment | None = None,
    last: Moment | None = None,
    features: Rows | None = None,
    history: str | None = None,
    n_jobs: int = 1,
) -> Path:
    """Take snapshots of everybody at risk and write their features to a folder of Parquet files.

    Parameters
    ----------
    tables : EventTables or PartitionedTables
        With :func:`churnpredict.runs.scan_tables`, memory holds one partition of the customers at a time.
    churn : Inactivity or another churn rule
    path : path
        A folder that does not exist yet; it is created once all is written. Columns ``customer_id``, ``cutoff``, then the features.
    at, every, since, last
        The cutoffs, as for :func:`churnpredict.take_snapshots`.
    features, history
        As for :func:`churnpredict.build_features`.
    n_jobs : int
        Threads; -1 for one per core. Features do not depend on it.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        ``output-exists``, ``not-written``; no partial output is left.

    Examples
    --------
    >>> import tempfile, pandas as pd, churnpredict as cp
    >>> shop = cp.make_business(50, random_state=0)
    >>> orders = shop.tables.declarations["orders"]
    >>> with tempfile.TemporaryDirectory() as folder, cp.runs.scan_tables(orders=orders, partitions=3) as tables:
    ...     written = cp.runs.write_features(tables, cp.Inactivity("30d"), f"{folder}/features", every="30d")
    ...     X = pd.read_parquet(written).set_index(["customer_id", "cutoff"])
    >>> X.index.is_unique, "habit__orders_gap_ratio" in X
    (True, True)
    """
    check_tables(tables, "write_features(tables, churn, path)", in_parts=True)
    check_rule(churn, "write_features(tables, churn, path)")
    target = check_path(path, "path")
    if target.exists():
        raise OutputError("output-exists", f'"{target}" exists already', remedy="Choose another name, or remove it.")
    frames = features_by_part(tables, churn, at=at, every=every, since=since, last=last, features=features, history=history, n_jobs=n_jobs)
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
        for number, frame in enumerate(frames):
            texts = [c for c in frame if frame[c].dtype != np.float32]  # numbers seldom repeat: a dictionary would only make them larger
            write_parquet(temporary / f"part-{number:05d}.parquet", frame.reset_index(), dictionary=[str(c) for c in texts])
        sync_folder(temporary)
        os.chmod(temporary, 0o777 & ~umask())
        os.rename(temporary, target)
        sync_folder(target.parent)
        temporary = None
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise not_written(target, error.strerror or type(error).__name__) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return target
