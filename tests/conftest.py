"""One seed, every kind of source, and the road to the real data: what all rooms share."""

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import tomllib
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, Phase, settings
from tests.shops import cdnow, churn, log, quick, scores, snapshots, tables, trained  # noqa: F401  fixtures

# More examples where there is time: CHURNPREDICT_PROFILE=thorough python -m pytest tests/laws. Where CI sets its variable, the examples are
# the same every time, so that a failure there says something about the change; every other run draws new ones.
_QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking a failure takes minutes: leave it to the thorough profile
settings.register_profile(
    "quick",
    max_examples=10,
    deadline=None,
    phases=_QUICK,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("ci", parent=settings.get_profile("quick"), max_examples=15, derandomize=True, print_blob=True)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=400, phases=tuple(Phase))
settings.load_profile(os.environ.get("CHURNPREDICT_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))

SHARED = Path(__file__).parents[2] / "shared" / "data"


SLOW = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["tool"]["churnpredict"]["slow-tests"]


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    for item in items:
        if item.nodeid.split("::")[0] in SLOW:
            item.add_marker("slow")


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


@pytest.fixture(scope="session")
def postgres():
    """The address of a PostgreSQL server of our own: on loopback, in a temporary folder, gone after the tests."""
    found = shutil.which("initdb") or next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)), None)
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("adbc_driver_postgresql", reason='the driver is not installed (pip install "churnpredict[postgres]")')
    binaries, folder = Path(found).parent, Path(tempfile.mkdtemp(prefix="churnpredict-postgres-"))
    as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}  # it refuses to run as root
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **as_user}
    (folder / "password").write_text("s3cret-of-the-tests")
    os.chmod(folder / "password", 0o644)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    login = ["--username=churn", f"--pwfile={folder / 'password'}", "--auth=scram-sha-256"]
    subprocess.run([binaries / "initdb", f"--pgdata={folder / 'data'}", "--encoding=UTF8", "--no-sync", *login], check=True, **quiet)
    options = f"-F -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = [binaries / "pg_ctl", f"--pgdata={folder / 'data'}", "--wait"]
    subprocess.run([*control, f"--log={folder / 'log'}", f"--options={options}", "start"], check=True, **quiet)
    try:
        yield f"postgresql://churn:s3cret-of-the-tests@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "--mode=immediate", "stop"], check=True, **quiet)
        shutil.rmtree(folder, ignore_errors=True)
