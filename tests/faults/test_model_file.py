"""A damaged, forged or foreign model file is a typed error: no crash, no code that runs, no other model in silence (law 12)."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from tests.faults.model_damage import damaged

import churnpredict as cp
from churnpredict.errors import ChurnError, ModelFileError
from churnpredict.model_file import archive, store
from churnpredict.model_file.schema import VERSION

MODELS = Path(__file__).parents[1] / "data" / "models"
GOOD = (MODELS / "format_1.model").read_bytes()
GOOD_PARTS = (MODELS / "format_2.model").read_bytes()  # with risks of outcomes and of earlier horizons
SECRET = "Zaphod4711"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.model"


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(MODELS / "format_1_rows.csv").drop(columns="risk")


def refused(path, content):
    """The code with which a file is refused, or None."""
    path.write_bytes(content)
    try:
        cp.load(path)
    except ModelFileError as error:
        code, said = error.code, str(error)
    else:
        return None
    assert SECRET not in said
    return code


def forged(change, good=GOOD):
    """A file whose hashes and checksums fit again after ``change`` was made to its parsed JSON and its trees."""
    files = archive.unpack(good)
    parts = {name: json.loads(body) if name.endswith("json") else body for name, body in files.items()}
    change(parts)
    return sealed(parts)


def dumped(part):
    return part if isinstance(part, bytes) else json.dumps(part, sort_keys=True, separators=(",", ":")).encode()


def sealed(parts):
    bodies = {name: dumped(part) for name, part in parts.items()}
    if isinstance(parts["manifest.json"], dict) and "files" in parts["manifest.json"]:
        entries = [{"name": n, "bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()} for n, b in bodies.items() if n != "manifest.json"]
        bodies["manifest.json"] = dumped(parts["manifest.json"] | {"files": entries})
    return archive.pack(bodies)


def test_forging_without_a_change_gives_the_good_file(path):
    assert forged(lambda parts: None) == GOOD
    assert refused(path, GOOD) is None


# --- what happens by accident ---


def test_every_flipped_bit_is_noticed(path):
    rng = np.random.default_rng(0)
    for at in range(0, len(GOOD), 23):
        content = bytearray(GOOD)
        content[at] ^= 1 << int(rng.integers(8))
        assert refused(path, bytes(content)) is not None, at


def test_every_cut_and_every_addition_is_noticed(path):
    rng = np.random.default_rng(1)
    for at in [0, 1, 3, 4, 29, 30, *rng.integers(0, len(GOOD), 150), len(GOOD) - 1]:
        assert refused(path, GOOD[:at]) is not None
        assert refused(path, GOOD[:at] + GOOD[at + int(rng.integers(1, 99)) :]) is not None
    for more in (b"\0", b"PK\x05\x06", GOOD):
        assert refused(path, GOOD + more) is not None
        assert refused(path, more + GOOD) is not None


def test_a_forgiving_reader_would_miss_some(path, monkeypatch):
    """Python's own zip reader does not look at every byte: the test above is not idle."""

    def forgiving(content):
        with zipfile.ZipFile(io.BytesIO(content)) as found:
            return {name: found.read(name) for name in found.namelist()}

    monkeypatch.setattr(archive, "unpack", forgiving)
    assert refused(path, GOOD) is None
    touched = bytearray(GOOD)
    touched[10] ^= 1  # the time of a member
    assert refused(path, bytes(touched)) is None
    monkeypatch.undo()
    assert refused(path, bytes(touched)) == "damaged-model"


# --- what is done on purpose: hashes and checksums fit ---

WORDS = [None, -1, 0, 0.5, 1e308, -1e308, 10**40, True, "", SECRET, [], {}, [[]], {"map": 3}, {"tuple": [1]}, {"time": "x"}, "1d"]


def leaves(part, way=()):
    if isinstance(part, (dict, list)) and part:
        for key in part if isinstance(part, dict) else range(len(part)):
            yield (*way, key)
            yield from leaves(part[key], (*way, key))


def put(part, way, word):
    for key in way[:-1]:
        part = part[key]
    part[way[-1]] = word


def edits(n, seed=0):
    """Pairs of a name and a forged file with one value of the JSON changed, dropped, added or moved."""
    rng = np.random.default_rng(seed)
    start = {name: json.loads(body) for name, body in archive.unpack(GOOD).items() if name.endswith("json")}
    ways = {name: list(leaves(part)) for name, part in start.items()}
    for i in range(n):
        name = ("manifest.json", "numbers.json")[i % 2]
        way, kind = ways[name][int(rng.integers(len(ways[name])))], int(rng.integers(4))
        word = WORDS[int(rng.integers(len(WORDS)))]

        def change(parts, name=name, way=way, kind=kind, word=word):
            owner = parts[name]
            for key in way[:-1]:
                owner = owner[key]
            if kind == 0:
                del owner[way[-1]]
            elif kind == 1 and isinstance(owner, list):
                owner.insert(0, word)
            elif kind == 1:
                owner["more"] = word
            else:
                owner[way[-1]] = word

        yield f"{name} {way} {kind} {word!r}", forged(change)


def outcome(content, path, rows):
    """ "refused", or what the model that was made of it says: finite risks, or a typed error."""
    if refused(path, content) is not None:
        return "refused"
    try:
        risk = cp.load(path).model_.predict_proba(rows)
    except ChurnError:
        return "refused at scoring"
    return "risks" if risk.shape == (len(rows), 2) else "nonsense"


def test_edited_json_is_refused_or_a_model(path, rows):
    seen = {}
    for name, content in edits(400):
        seen.setdefault(outcome(content, path, rows), []).append(name)
    assert set(seen) <= {"refused", "refused at scoring", "risks"}
    assert len(seen["refused"]) > 250
    # what still makes a model is another number, name or setting of the right kind: that is what expected_sha256 is for


def test_edited_trees_are_refused_or_trees(path, rows):
    trees = archive.unpack(GOOD)["trees-0.txt"]
    seen = {}
    for name, bad in damaged(trees, 150, seed=3):
        content = forged(lambda parts, bad=bad: parts.update({"trees-0.txt": bad}))
        seen.setdefault(outcome(content, path, rows), []).append(name)
    assert set(seen) <= {"refused", "risks"}
    assert len(seen["refused"]) > 75


def test_a_sample_in_processes_of_their_own(tmp_path):
    """One child loads and scores them all: a crash or a hang would be seen as a lost line."""
    trees = archive.unpack(GOOD)["trees-0.txt"]
    files = [content for _, content in edits(30, seed=9)]
    files += [forged(lambda parts, bad=bad: parts.update({"trees-0.txt": bad})) for _, bad in damaged(trees, 30, seed=9)]
    for i, content in enumerate(files):
        (tmp_path / f"{i}.model").write_bytes(content)
    code = (
        "import sys, pandas as pd, churnpredict as cp\n"
        "rows = pd.read_csv(sys.argv[1]).drop(columns='risk')\n"
        "for i in range(int(sys.argv[2])):\n"
        "    try:\n"
        "        cp.load(f'{i}.model').model_.predict_proba(rows); print('model')\n"
        "    except cp.ChurnError as error:\n"
        "        print(error.code)\n"
    )
    command = [sys.executable, "-c", code, str(MODELS / "format_1_rows.csv"), str(len(files))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == len(files)


def with_text(name, text):
    return lambda parts: parts.update({name: text})


CONTRADICTIONS = {
    "more columns than trees know": lambda p: p["manifest.json"]["columns"]["names"].append("habit__more"),
    "a column twice": lambda p: p["manifest.json"]["columns"]["names"].__setitem__(0, p["manifest.json"]["columns"]["names"][1]),
    "a category that is no column": lambda p: p["manifest.json"]["columns"]["categories"][0].update(column=77),
    "levels twice": lambda p: p["manifest.json"]["columns"]["categories"][0].update(levels=["a", "a"]),
    "one label": lambda p: p["manifest.json"]["classifier"].update(labels=[1, 1]),
    "labels of two types": lambda p: p["manifest.json"]["classifier"].update(labels=[1, "a"]),
    "a rule that is a class of something else": lambda p: p["manifest.json"]["pipeline"]["churn"].update(name="Stream"),
    "a rule that is a dunder": lambda p: p["manifest.json"]["pipeline"]["churn"].update(name="__builtins__"),
    "an option that is none": lambda p: p["manifest.json"]["pipeline"]["churn"]["options"].update(code="x"),
    "an unknown aggregate": lambda p: p["manifest.json"]["pipeline"]["features"][0].update(aggregate="eval"),
    "an unknown setting": lambda p: p["manifest.json"]["classifier"]["settings"].update(path="/etc/passwd"),
    "an unknown setting of the pipeline": lambda p: p["manifest.json"]["pipeline"]["settings"].update(path="/etc/passwd"),
    "more leavers than customers": lambda p: p["manifest.json"]["pipeline"].update(n_leavers=10**9),
    "too many threads": lambda p: p["manifest.json"]["classifier"].update(threads=2**31 - 1),
    "one tree file twice": lambda p: p["numbers.json"]["members"][1].update(file="trees-0.txt"),
    "a tree file that is a path": lambda p: p["numbers.json"]["members"][0].update(file="../../etc/passwd"),
    "a line with fewer numbers": lambda p: p["numbers.json"]["members"][2]["slope"].pop(),
    "a line with limits reversed": lambda p: p["numbers.json"]["members"][2].update(
        low=p["numbers.json"]["members"][2]["high"][::-1], high=p["numbers.json"]["members"][2]["low"]
    ),
    "a line with a hole nowhere": lambda p: p["numbers.json"]["members"][2].update(holes=[900_000]),
    "levels nowhere": lambda p: p["numbers.json"]["members"][2]["categories"][0].update(levels=[0, 1_000_000]),
    "MBG/NBD of columns nowhere": lambda p: p["numbers.json"]["members"][3].update(columns=[0, 1, 99]),
    "MBG/NBD below zero": lambda p: p["numbers.json"]["members"][3].update(alpha=-1.0),
    "a falling calibration": lambda p: p["numbers.json"].update(
        calibration={"kind": "isotonic", "level": 0.0, "low": 0.1, "high": 0.9, "margins": [0.0, 1.0], "probabilities": [0.8, 0.2]}
    ),
    "no members": lambda p: p["numbers.json"].update(members=[]),
    "typical contributions of fewer columns": lambda p: p["numbers.json"].update(typical=[0.0]),
    "typical contributions that are text": lambda p: p["numbers.json"].update(typical=["0"] * len(p["manifest.json"]["columns"]["names"])),
    "no numbers": lambda p: p.pop("numbers.json"),
    "a file too many": with_text("trees-7.txt", b"tree\n"),
    "a script": with_text("setup.txt", b"import os"),
    "not a number": with_text("numbers.json", b'{"calibration":NaN}'),
    "infinite": lambda p: p.update({"numbers.json": dumped(p["numbers.json"]).replace(b'"base":', b'"base":1e999,"b":', 1)}),
    "a key twice": lambda p: p.update({"numbers.json": b'{"members":[],' + dumped(p["numbers.json"])[1:]}),
    "spaces": lambda p: p.update({"numbers.json": json.dumps(p["numbers.json"]).encode()}),
    "not UTF-8": with_text("numbers.json", b'{"a":"\xff\xfe"}'),
    "deep": with_text("numbers.json", b"[" * 200_000 + b"]" * 200_000),
    "deep manifest": with_text("manifest.json", b'{"format":' * 100_000),
    "manifest of another kind": with_text("manifest.json", b"[]"),
}


def test_typical_contributions_that_fit_are_read(path):
    path.write_bytes(forged(lambda p: p["numbers.json"].update(typical=[0.5] * len(p["manifest.json"]["columns"]["names"]))))
    assert set(cp.load(path).model_.typical_) == {0.5}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_contradictions_are_refused(case, path):
    assert refused(path, forged(CONTRADICTIONS[case])) is not None


def in_shares(change):
    return lambda parts: change(parts["numbers.json"]["shares"])


SHARE_CONTRADICTIONS = {
    "a share twice": in_shares(lambda s: s.append(s[0])),
    "horizons in the wrong order": in_shares(lambda s: s.reverse()),
    "an outcome with days": in_shares(lambda s: s[2].update(days=30.0)),
    "a horizon without days": in_shares(lambda s: s[0].update(days=None)),
    "members without calibration": in_shares(lambda s: s[0].update(calibration=None)),
    "calibration without members": in_shares(lambda s: s[0].update(members=[])),
    "a rate that is certain": in_shares(lambda s: s[0].update(rate=1.0)),
    "trees of another share": in_shares(lambda s: s[0]["members"][0].update(file=s[1]["members"][0]["file"])),
    "a code of its own": in_shares(lambda s: s[0].update(code="import os")),
    "horizons of none": lambda p: p["manifest.json"]["classifier"]["settings"].update(horizon=None),
}


@pytest.mark.parametrize("case", SHARE_CONTRADICTIONS)
def test_contradictions_of_shares_are_refused(case, path):
    assert refused(path, forged(lambda parts: None, GOOD_PARTS)) is None
    assert refused(path, forged(SHARE_CONTRADICTIONS[case], GOOD_PARTS)) in {"model-contradiction", "model-schema"}


def test_files_that_the_manifest_does_not_list_as_they_are(path):
    files = archive.unpack(GOOD)
    for name in ("numbers.json", "trees-1.txt"):
        assert refused(path, archive.pack(files | {name: files[name] + b" "})) == "damaged-model"
    assert refused(path, archive.pack(dict(reversed(files.items())))) == "damaged-model"


# --- versions and other kinds ---


def test_newer_files_name_the_version_that_reads_them(path):
    def newer(parts):
        parts["manifest.json"].update(version=VERSION + 1, surprise=[1], written_by={"churnpredict": "7.1"})

    path.write_bytes(forged(newer))
    with pytest.raises(
        ModelFileError, match=f"format {VERSION + 1}, this version reads up to {VERSION}. Install churnpredict 7.1 or later"
    ):
        cp.load(path)
    for version in (0, -1, 1.5, "1", True, None):
        assert refused(path, forged(lambda parts, v=version: parts["manifest.json"].update(version=v))) == "model-schema"


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("bomb-went-off"),))


def test_pickles_are_refused_unopened(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    found = {f"protocol {p}": pickle.dumps(Bomb(), protocol=p) for p in range(6)}
    raw = found["protocol 4"]
    found |= {"zlib": zlib.compress(raw), "gzip": gzip.compress(raw), "bz2": bz2.compress(raw), "xz": lzma.compress(raw)}
    for level in (1, 3, 9):
        joblib.dump(Bomb(), path, compress=("zlib", level))
        found[f"joblib zlib {level}"] = path.read_bytes()
    found["old format"] = b"churnpredict model, format 1\n" + b"0" * 64 + b"\n" + raw
    npz = io.BytesIO()
    np.savez(npz, a=np.array([Bomb()], dtype=object))
    torch = io.BytesIO()
    with zipfile.ZipFile(torch, "w") as stored:
        stored.writestr("archive/data.pkl", raw)
    codes = {name: refused(path, content) for name, content in found.items()}
    assert {code for name, code in codes.items() if name not in ("protocol 0", "protocol 1")} == {"pickled-model"}
    assert codes["protocol 0"] == codes["protocol 1"] == "not-a-model"  # text: nobody can tell, nobody opens it
    assert refused(path, npz.getvalue()) == refused(path, torch.getvalue()) == "repacked-model"
    assert not Path("bomb-went-off").exists()
    pickle.loads(raw)  # the bomb works
    assert Path("bomb-went-off").exists()


def test_bombs_are_not_unpacked(path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("manifest.json", b" " * 50_000_000)
    begin = time.process_time()
    assert refused(path, packed.getvalue()) == "repacked-model"
    claims = bytearray(GOOD)
    struct.pack_into("<II", claims, 18, 2**32 - 1, 2**32 - 1)  # a member of 4 GiB
    assert refused(path, bytes(claims)) == "damaged-model"
    assert refused(path, archive.pack({f"a{i}.txt": b"" for i in range(5000)})) == "damaged-model"
    assert time.process_time() - begin < 2
    good = io.BytesIO()
    with zipfile.ZipFile(good, "w", zipfile.ZIP_DEFLATED) as again:  # the same content, packed by hand
        for name, body in archive.unpack(GOOD).items():
            again.writestr(name, body)
    assert refused(path, good.getvalue()) == "repacked-model"


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/passwd", "..\\evil.json", "a/b.json", "C:x.json", "numbers.json\0.txt", "A.json", ".json"]
)
def test_names_that_lead_elsewhere_are_refused(path, name):
    assert refused(path, archive.pack({name: b"{}"})) == "repacked-model"


def test_too_large_files_are_not_read(path):
    with open(path, "wb") as file:
        file.write(GOOD)
        file.truncate(archive.MAX_BYTES + 1)  # sparse
    begin = time.process_time()
    with pytest.raises(ModelFileError, match="model-too-large"):
        cp.load(path)
    assert time.process_time() - begin < 0.5


def test_what_is_no_file_is_refused(path, tmp_path):
    for other in (tmp_path, Path(os.devnull)):
        with pytest.raises(ModelFileError, match="not-a-model"):
            cp.load(other)
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)  # opening it would wait for ever
        with pytest.raises(ModelFileError, match="not-a-model"):
            cp.load(path)
    for content in (b"", b"id,risk\n1,0.5\n", b"PK\x05\x06" + b"\0" * 18, b"tree\nversion=v4\n", os.urandom(4096)):
        (tmp_path / "other").write_bytes(content)
        with pytest.raises(ModelFileError):
            cp.load(tmp_path / "other")


def test_describing_refuses_what_loading_refuses(path):
    for content in (GOOD[:-1], forged(lambda p: p.update({"trees-0.txt": b"tree\n\n"})), b"\x80\x04."):
        path.write_bytes(content)
        with pytest.raises(ModelFileError):
            store.describe(path)
