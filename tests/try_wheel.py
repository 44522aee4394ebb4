"""Build the wheel, install it into clean environments, and try every extra: what a release is held to before it leaves.

python tests/try_wheel.py [--python python3.12 ...] [--extras plot,sign] [--uv]

Each environment is new and in a temporary folder; nothing of this checkout is on its path. The bare package trains, saves, loads and
scores; with an extra, what it is for is done once. Exit code 1 if anything fails. It takes minutes for each extra and is not one of the
tests; ``--uv`` installs with uv, if there is one, in place of pip.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST = 1_350_000  # bytes of a wheel; what it is made of: docs/decisions/0020-rooms.md

START = """
import pathlib, sys, warnings
import churnpredict as cp
assert "site-packages" in cp.__file__, cp.__file__
warnings.simplefilter("ignore", cp.ChurnWarning)
SMALL = dict(members=("trees",), n_estimators=20, n_seeds=1, min_leavers=5, n_jobs=1)
def trained():
    shop = cp.make_business(300, random_state=5, rule="cancellation")
    pipeline = cp.ChurnPipeline(shop.churn, every="60d", classifier=cp.ChurnClassifier(**SMALL)).fit(shop.tables, until="2024-03-01")
    return shop, pipeline
"""

WORKBOOK = """
import zipfile
def cell(value):
    return f"<c><v>{value}</v></c>" if isinstance(value, float) else f'<c t="inlineStr"><is><t>{value}</t></is></c>'
rows = [["user", "paid_at", "amount"], ["a", "2024-01-01", 5.5], ["b", "2024-01-03", 7.0]]
space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
package = "http://schemas.openxmlformats.org/package/2006"
with zipfile.ZipFile("orders.xlsx", "w") as book:
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    link = f'<Relationship Id="r1" Type="{links}/worksheet" Target="worksheets/sheet1.xml"/>'
    book.writestr("xl/workbook.xml", f'<workbook xmlns="{space}" xmlns:r="{links}">{sheets}</workbook>')
    book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{link}</Relationships>')
    link = f'<Relationship Id="r1" Type="{links}/officeDocument" Target="xl/workbook.xml"/>'
    book.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships">{link}</Relationships>')
    kinds = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    book.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types">{kinds}</Types>')
    lines = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
    book.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{space}"><sheetData>{lines}</sheetData></worksheet>')
tables = cp.EventTables(orders=cp.Events("orders.xlsx", customer="user", time="paid_at", value="amount"))
assert len(tables) == 2
"""

TRIALS = {
    "": """
shop, pipeline = trained()
pipeline.save("churn.model")
again = cp.load("churn.model")
scores = again.score(shop.tables, at="2024-04-01")
assert len(scores) > 50 and scores["risk"].between(0, 1).all()
assert scores["words"].str.len().gt(0).any()
""",
    "delta": """
import deltalake, pyarrow as pa
deltalake.write_deltalake("orders", pa.table({"user": ["a", "b"], "paid_at": ["2024-01-01", "2024-01-03"]}))
assert len(cp.EventTables(orders=cp.Events("orders", customer="user", time="paid_at"))) == 2
""",
    "excel": WORKBOOK,
    "holidays": """
shop = cp.make_business(300, random_state=5, rule="cancellation")
calendar = [{"name": "holidays", "kind": "holiday", "country": "DE", "region": "BY"}]
cp.ChurnPipeline(shop.churn, every="60d", calendar=calendar, classifier=cp.ChurnClassifier(**SMALL)).fit(shop.tables, until="2024-03-01")
""",
    "iceberg": """
import pyarrow as pa
from pyiceberg.catalog.memory import InMemoryCatalog
catalog = InMemoryCatalog("shop", warehouse=pathlib.Path("lake").resolve().as_uri())
catalog.create_namespace("shop")
rows = pa.table({"user": ["a", "b"], "paid_at": ["2024-01-01", "2024-01-03"]})
table = catalog.create_table("shop.orders", rows.schema)
table.append(rows)
assert len(cp.EventTables(orders=cp.Events(table.metadata_location.removeprefix("file://"), customer="user", time="paid_at"))) == 2
""",
    "mlflow": """
import mlflow, os
from churnpredict.lifecycle.tracking import log_pipeline
warnings.simplefilter("ignore")
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # a database would want more packages
mlflow.set_tracking_uri(pathlib.Path("runs").resolve().as_uri())
shop, pipeline = trained()
with mlflow.start_run():
    uri = log_pipeline(pipeline)
assert mlflow.pyfunc.load_model(uri) is not None
""",
    "plot": """
shop, pipeline = trained()
X = pipeline.features_at(shop.tables, "2024-04-01")
import matplotlib
matplotlib.use("Agg")
for kind in ("book", "map", "swarm"):
    assert cp.explain(pipeline.model_, X).plot(kind) is not None
""",
    "postgres": """
query = cp.Query("SELECT 1 AS user, DATE '2024-01-01' AS day", "postgresql://nobody@127.0.0.1:1/none")
try:
    cp.EventTables(orders=cp.Events(query, customer="user", time="day"))
    sys.exit("nobody listens at port 1")
except cp.ChurnError as error:
    assert error.code == "unreadable-query", error  # the driver is there, the server is not
""",
    "report": """
import pandas as pd
from churnpredict.table_files import write_workbook
assert write_workbook("scores.xlsx", {"scores": pd.DataFrame({"risk": [0.1]})}).stat().st_size > 1000
""",
    "sign": """
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.generate()
pathlib.Path("key.pem").write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
pathlib.Path("public.pem").write_bytes(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
shop, pipeline = trained()
pipeline.save("churn.model", sign_with="key.pem")
assert cp.load("churn.model", signed_by="public.pem") is not None
""",
    "spark": """
import os, shutil
import pandas as pd
from pyspark.sql import SparkSession
from churnpredict import spark
if shutil.which("java") is None:
    sys.exit("spark needs Java 17 or later")
os.environ["PYSPARK_PYTHON"] = sys.executable
builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
shop, pipeline = trained()
rows = pd.DataFrame({"user": [f"u{i % 40}" for i in range(400)], "day": [f"2024-0{1 + i % 6}-{1 + i % 27:02d}" for i in range(400)]})
tables = spark.SparkTables(orders=cp.Events(session.createDataFrame(rows), customer="user", time="day"))
found = spark.build_features(tables, cp.Inactivity("30d", of="orders", active_within="60d"), every="30d").toPandas()
assert len(found) > 40 and "habit__orders_days_since_last" in found
session.stop()
""",
    "tune": """
shop = cp.make_business(300, random_state=5, rule="cancellation")
classifier = cp.ChurnClassifier(tune=2, **SMALL)
cp.ChurnPipeline(shop.churn, every="60d", classifier=classifier).fit(shop.tables, until="2024-03-01")
""",
}


MORE = {"iceberg": ["sqlalchemy>=2"]}  # what only the trial needs, to write what it reads


def run(*command: object, cwd: Path | None = None) -> None:
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise RuntimeError(
            f"{' '.join(str(c) for c in command)[:120]} ended with {done.returncode}:\n" + textwrap.indent("\n".join(lines), "    ")
        )


def environment(place: Path, python: str, wanted: list[str], uv: str | None) -> Path:
    """Return the Python of a new environment with some packages."""
    if uv:
        run(uv, "venv", "--quiet", "--python", python, place)
        run(uv, "pip", "install", "--quiet", "--python", place / "bin" / "python", *wanted)
    else:
        run(python, "-m", "venv", place)
        run(place / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted)
    return place / "bin" / "python"


def build(folder: Path, uv: str | None) -> tuple[Path, int]:
    """Return the wheel, and what is wrong with it (1 or 0), that ``python -m build`` makes from the source archive that it makes first."""
    python = environment(folder / "build", sys.executable, ["build"], uv)
    run(python, "-m", "build", *(["--installer", "uv"] if uv else []), "--outdir", folder / "dist", ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    size, names = wheel.stat().st_size, zipfile.ZipFile(wheel).namelist()
    print(f"{wheel.name}: {size:,} bytes, {len(names)} files")
    wrong = size > LARGEST or any(name.startswith("tests/") or "/tests/" in name for name in names)
    if wrong:
        print("FAILED: the wheel is larger than 1.35 MB, or holds tests", flush=True)
    return wheel, int(wrong)


def main() -> int:
    extras = [name for name in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"] if name != "all"]
    if set(extras) != set(TRIALS) - {""}:
        raise RuntimeError(f"no trial, or no extra, for {sorted(set(extras) ^ (set(TRIALS) - {''}))}")
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--python", action="append", help="a Python to try, more than once for more")
    options.add_argument("--extras", help="only these, with commas; an empty text tries none but the bare package")
    options.add_argument("--uv", action="store_true", help="install with uv")
    given = options.parse_args()
    tried = ["", *(extras if given.extras is None else [name for name in given.extras.split(",") if name])]
    uv = (shutil.which("uv") or str(Path(sys.executable).parent / "uv")) if given.uv else None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wheel, failed = build(folder, uv)
        for python in given.python or [sys.executable]:
            for extra in tried:
                start, place = time.monotonic(), folder / f"{Path(python).name}-{extra or 'bare'}"
                (work := folder / f"{place.name}.work").mkdir()
                try:
                    inside = environment(place, python, [f"{wheel}[{extra}]" if extra else str(wheel), *MORE.get(extra, [])], uv)
                    run(inside, "-c", START + TRIALS[extra], cwd=work)
                    run(inside, "-m", "churnpredict", "--help", cwd=work)
                    said = "works"
                except RuntimeError as error:
                    failed, said = failed + 1, f"FAILED\n{error}"
                print(f"{Path(python).name} {extra or '(bare)'}: {said} ({time.monotonic() - start:.0f} s)", flush=True)
                shutil.rmtree(place, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
