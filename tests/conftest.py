"""One seed, every kind of source, and the road to the real data: what all rooms share."""

import os
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, Phase, settings

# More examples where there is time: CHURNPREDICT_PROFILE=thorough python -m pytest tests/laws
_QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking a failure takes minutes: leave it to the thorough profile
settings.register_profile(
    "quick",
    max_examples=10,
    deadline=None,
    phases=_QUICK,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=400, phases=tuple(Phase))
settings.load_profile(os.environ.get("CHURNPREDICT_PROFILE", "quick"))

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def rng():
    """The one seed of all random data."""
    return np.random.default_rng(20240229)


@pytest.fixture(scope="session")
def shared_data():
    """A function that gives the path of a real data set, or skips with the reason."""

    def path(name):
        found = SHARED / name
        if not found.exists():
            pytest.skip(f"the real data set {name} is not on this machine (looked for ../shared/data)")
        return found

    return path


class ArrowStream:
    """Something that is no frame anybody knows, and can only be read once as an Arrow stream."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def _parquet(frame, folder):
    path = folder / "rows.parquet"
    pa.parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return str(path)


def _parquet_folder(frame, folder):
    """Three files, the way a warehouse unloads a table."""
    (folder / "parts").mkdir()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for part, start in enumerate(range(0, len(frame), max(1, len(frame) // 3 + 1))):
        pa.parquet.write_table(table.slice(start, len(frame) // 3 + 1), folder / "parts" / f"{part}.parquet")
    return folder / "parts"


def _csv(frame, folder):
    path = folder / "rows.csv"
    pa.csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), path)
    return str(path)


def _relation(frame, folder):
    connection = duckdb.connect()
    connection.register("given", pa.Table.from_pandas(frame, preserve_index=False))
    return connection.table("given")


SOURCES = {
    "pandas": lambda frame, folder: frame,
    "pandas-pyarrow": lambda frame, folder: frame.convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda frame, folder: pl.from_pandas(frame),
    "polars-lazy": lambda frame, folder: pl.from_pandas(frame).lazy(),
    "arrow": lambda frame, folder: pa.Table.from_pandas(frame, preserve_index=False),
    "arrow-stream": lambda frame, folder: ArrowStream(pa.Table.from_pandas(frame, preserve_index=False)),
    "parquet": _parquet,
    "parquet-folder": _parquet_folder,
    "csv": _csv,
    "duckdb": _relation,
}


@pytest.fixture(params=SOURCES)
def constructor(request, tmp_path_factory):
    """A function from a pandas frame to the same table in one kind of source; the test runs once per kind."""
    make = SOURCES[request.param]

    def construct(frame):
        return make(frame, tmp_path_factory.mktemp(request.param))

    construct.kind = request.param
    return construct
