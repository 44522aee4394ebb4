"""What is shipped: a wheel with all that runs and nothing else, the same bytes each time it is built."""

import email
import hashlib
import importlib.util
import inspect
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

import churnpredict

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "churnpredict"


def build(folder):
    """A wheel, by the backend that pip calls."""
    command = [sys.executable, "-c", f"import hatchling.build as b; print(b.build_wheel({str(folder)!r}))"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return folder / done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling", reason="the build backend is not installed (pip install hatchling)")
    return build(tmp_path_factory.mktemp("first"))


def test_two_builds_are_equal(wheel, tmp_path):
    again = build(tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


def test_the_wheel_holds_what_runs_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = {f"churnpredict/{p.relative_to(SOURCE)}" for p in SOURCE.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert ours <= names, "templates and data travel too"
    assert {n.split("/")[0] for n in names} == {"churnpredict", wheel.name.split("-py3")[0] + ".dist-info"}


def test_the_metadata_say_what_pyproject_says(wheel):
    package = zipfile.ZipFile(wheel)
    (name,) = (n for n in package.namelist() if n.endswith("/METADATA"))
    found = email.message_from_bytes(package.read(name))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert found["Version"] == project["version"]
    assert found["License-Expression"] == project["license"] == "MIT"
    assert set(found.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    for dependency in project["dependencies"]:
        assert ">=" in dependency, f"{dependency}: a floor that was tried, and no ceiling"
        assert dependency in found.get_all("Requires-Dist")
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {project['version']}" in citation


def load_script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_extra_has_a_trial():
    """``tests/try_wheel.py`` is run before a release; a new extra needs its lines there."""
    trials = load_script(ROOT / "tests" / "try_wheel.py")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(trials.TRIALS) == {"", *extras} - {"all"}
    for name, trial in trials.TRIALS.items():
        compile(trials.START + trial, name or "bare", "exec")


def test_upgrade_notes_name_what_is_there():
    page = (ROOT / "docs" / "migrate" / "version-0-1.md").read_text()
    for row in re.findall(r"^\| (`cp\..*?) \| the same names in `cp\.(\w+)` \|$", page, re.MULTILINE):
        for name in re.findall(r"cp\.(\w+)", row[0]):
            assert hasattr(getattr(churnpredict, row[1]), name), name
            with pytest.raises(AttributeError, match=row[1]):
                getattr(churnpredict, name)
    for function, old, new in [
        (churnpredict.take_snapshots, "until", "last"),
        (churnpredict.runs.write_features, "until", "last"),
        (churnpredict.churn_rate, "since", "start"),
        (churnpredict.accounting.cohorts, "until", "end"),
        (churnpredict.plan_retention, "cost", "offer_cost"),
        (churnpredict.plan_retention, "fixed_cost", "contact_cost"),
        (churnpredict.make_business, "seed", "random_state"),
    ]:
        known = inspect.signature(function).parameters
        assert new in known
        assert old not in known
        assert f"`{old}=`" in page
        assert f"`{new}=`" in page


def test_python_versions_of_the_metadata_are_those_that_were_tried():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    claimed = {c.rpartition(" ")[2] for c in project["classifiers"] if c.startswith("Programming Language :: Python :: 3.")}
    table = (ROOT / "docs" / "release.md").read_text().partition("## Versions of Python")[2]
    rows = re.findall(r"^\| ([\d., ]+) \| (.*?) \|$", table, re.MULTILINE)
    assert claimed == {v for versions, state in rows if "not tried" not in state for v in versions.split(", ")}


def test_fragments_move_into_the_changelog_and_none_is_lost(tmp_path):
    changelog = load_script(ROOT / "docs" / "collect_changelog.py")
    folder, target = tmp_path / "changelog.d", tmp_path / "CHANGELOG.md"
    folder.mkdir()
    (folder / "README.md").write_text("How to write one.")
    (folder / "b.added.md").write_text("One thing\nin two lines.\n")
    (folder / "a.added.md").write_text("- First.\n- Second,\n  longer.\n")
    (folder / "c.fixed.md").write_text("A fault.\n\nAnother fault.\n")
    target.write_text("# Changelog\n\nWhat changed.\n\n## 0.1.0 (2024-01-01)\n\n- It began.\n")
    assert changelog.collect(folder, target, "0.2.0", "2025-01-01") == 3
    assert target.read_text() == (
        "# Changelog\n\nWhat changed.\n\n## 0.2.0 (2025-01-01)\n\n### Added\n\n- First.\n- Second,\n  longer.\n"
        "- One thing\n  in two lines.\n\n### Fixed\n\n- A fault.\n- Another fault.\n\n## 0.1.0 (2024-01-01)\n\n- It began.\n"
    )
    assert [path.name for path in folder.iterdir()] == ["README.md"]
    (folder / "d.wrong.md").write_text("?")
    with pytest.raises(ValueError, match=r"unknown type: d\.wrong\.md"):
        changelog.collect(folder, target, "0.3.0", "2025-02-01")
    (folder / "d.wrong.md").rename(folder / "d.fixed.md")
    with pytest.raises(ValueError, match=r"is in CHANGELOG\.md already"):
        changelog.collect(folder, target, "0.2.0", "2025-02-01")
    assert (folder / "d.fixed.md").exists()


def test_every_fragment_has_a_known_type():
    changelog = load_script(ROOT / "docs" / "collect_changelog.py")
    names = [path.name for path in (ROOT / "changelog.d").glob("*.md") if path.name != "README.md"]
    assert [name for name in names if name.split(".")[-2] not in changelog.TYPES] == []


def test_python_m_churnpredict():
    done = subprocess.run([sys.executable, "-m", "churnpredict", "--help"], capture_output=True, text=True, check=True)
    assert "score" in done.stdout


def test_versions_are_compared_by_what_they_make(tmp_path):
    versions = load_script(ROOT / "tests" / "compare_versions.py")
    same = {"a: features": np.array([1.0, np.nan]), "a: risks": np.array([0.1, 0.2]), "a: first reasons": np.array([0.0, 1.0])}
    changes = {
        "none": ({}, [True, True, True]),
        "feature": ({"a: features": np.array([1.0, 2.0])}, [False, True, True]),
        "small risk": ({"a: risks": np.array([0.1, 0.21])}, [True, True, True]),
        "large risk": ({"a: risks": np.array([0.1, 0.3])}, [True, False, True]),
        "risk is gone": ({"a: risks": np.array([0.1, np.nan])}, [True, False, True]),
        "rows": ({"a: features": np.array([1.0])}, [False, True, True]),
        "reasons": ({"a: first reasons": np.array([1.0, 1.0])}, [True, True, True]),
    }
    for name, (change, allowed) in changes.items():
        sides = [tmp_path / name / side for side in ("before", "after")]
        for side, made in zip(sides, [same, same | change], strict=True):
            side.mkdir(parents=True)
            np.savez(side / "results.npz", **made)
        assert [may for *_, may in versions.compare(*sides)] == allowed, name
