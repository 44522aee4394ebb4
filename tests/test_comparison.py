"""The page that compares systems: every cell has its evidence, and the versions are those that were measured."""

import sys
from pathlib import Path

import pytest

import churnpredict

sys.path.append(str(Path(__file__).parents[1] / "docs"))
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import comparison_page

from conformity import explainers, featuretools, getml, lifetimes, pymc_marketing

ROOT = Path(__file__).parents[1]
TABLE = comparison_page.read()
SYSTEMS = {s["key"]: s for s in TABLE["system"]}


def test_every_cell_has_a_mark_a_sentence_and_a_place():
    for system in TABLE["system"]:
        made = comparison_page.cells(TABLE, system)
        assert list(made) == [c["key"] for c in TABLE["capability"]]
        assert all(c.mark in comparison_page.MARKS and c.says.endswith(".") and c.where for c in made.values())
        assert system["version"]
        assert system["read"]
    own = comparison_page.cells(TABLE, SYSTEMS["churnpredict"]).values()
    assert all((ROOT / "docs" / c.where).exists() for c in own), "the evidence about this library is in its own pages"


def test_versions_are_those_that_were_measured():
    assert SYSTEMS["churnpredict"]["version"] == churnpredict.__version__
    for tool in (lifetimes.TOOL, pymc_marketing.TOOL, featuretools.TOOL, getml.TOOL):
        assert SYSTEMS[tool.script]["version"] == tool.version
    pinned = dict(package.split("==") for package in explainers.TOOL.packages)
    assert SYSTEMS["shap"]["version"] == pinned["shap"]
    assert SYSTEMS["woodelf"]["version"] == pinned["woodelf-explainer"]


def test_others_are_named_where_they_are_ahead():
    marks = {s["key"]: {k: c.mark for k, c in comparison_page.cells(TABLE, s).items()} for s in TABLE["system"]}
    better = {k for k in marks["churnpredict"] if marks["churnpredict"][k] != "yes" and any(m[k] == "yes" for m in marks.values())}
    assert better == {"lifetime", "any_model", "any_entity", "work"}
    said = " ".join(a["who"] for a in TABLE["ahead"])
    assert all(s["name"].split()[0] in said for s in TABLE["system"] if s["key"] not in ("churnpredict", "lifetimes"))
    assert len(TABLE["instead"]) >= 5


def test_a_cell_without_evidence_is_refused(tmp_path):
    path = tmp_path / "comparison.toml"
    path.write_text(
        '[[capability]]\nkey = "risk"\nname = "risk"\n[[system]]\nkey = "a"\nname = "a"\n[system.cells]\nrisk = ["yes", "It does.", ""]\n'
    )
    with pytest.raises(ValueError, match="a: risk"):
        comparison_page.read(path)


def test_both_pages_stand_in_the_contents():
    contents = (ROOT / "docs" / "more" / "index.md").read_text().splitlines()
    assert {"/comparison", "/conformance"} <= set(contents)
    assert {"comparison", "conformance"} <= {line.split(" | ")[0] for line in contents if " | " in line}
