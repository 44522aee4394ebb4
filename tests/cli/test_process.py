"""The process of a command, as an operator meets it: its exit code, its streams, signals; never a traceback, nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from tests.cli.test_commands import run
from tests.cli.test_config import GOOD
from tests.shops import QUICKEST

import churnpredict as cp
from churnpredict.cli import commands, process
from churnpredict.errors import ChurnError, memory_shortage

ROOT = Path(cp.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
MAIN = ["-m", "churnpredict"]


@pytest.fixture
def folder(tmp_path: Path, log: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    log.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# The command line with a learner of a few trees, for what is not about the model.
QUICK_MAIN = f"""
import churnpredict as cp
from churnpredict.cli import commands
from churnpredict.pipeline import churn_pipeline

churn_pipeline.default_classifier = lambda *_, **__: cp.ChurnClassifier(**{QUICKEST | {"horizon": "60d"}})
commands.main()
"""


@pytest.fixture
def quick_main(folder: Path) -> str:
    (folder / "quick_main.py").write_text(QUICK_MAIN)
    return "quick_main.py"


def shell(command: str, folder: Path, main: str = "-m churnpredict", **environment: str) -> subprocess.CompletedProcess[str]:
    text = command.replace("churnpredict ", f"{sys.executable} {main} ")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", text],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        errors="replace",
    )


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"churnpredict {cp.__version__}\n"
    assert run("--version", "train") == 0


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("churnpredict --help | true", {141}),
        ("churnpredict init orders.csv --dry-run | true", {141}),
        ("churnpredict init orders.csv --dry-run > /dev/full", {5}),
        ("churnpredict --version > /dev/full", {5}),
        ("churnpredict --version >&-", {0}),
        ("churnpredict --version 2>&-", {0}),
        ("churnpredict score --nonsense 2> /dev/full", {2}),
        ("churnpredict train --config nowhere.toml 2> /dev/full", {2}),
        ("churnpredict train --config nowhere.toml 2>&-", {2}),
    ],
)
def test_streams_that_take_nothing(folder: Path, command: str, code: set[int]) -> None:
    done = shell(command, folder)
    assert done.returncode in code, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if code == {5}:
        assert "[not-written]" in done.stderr


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}])
def test_a_terminal_that_knows_no_unicode(folder: Path, locale: dict[str, str]) -> None:
    frame = pd.read_csv("orders.csv").head(20).rename(columns={"who": "Käufer–客户"})
    frame.to_csv("ordérs.csv", index=False)
    done = shell("churnpredict init ordérs.csv --dry-run; churnpredict train --config 客户.toml", folder, **locale)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "[no-config]" in done.stderr


def test_no_home_no_fault(folder: Path) -> None:
    done = shell("env -u HOME churnpredict init orders.csv --dry-run", folder)
    assert done.returncode == 0, done.stderr
    done = shell("HOME=/nonexistent churnpredict train --dry-run", folder)
    assert done.returncode == 0, done.stderr


# A command that says when it is in the middle of its work, and then goes on until it is stopped.
HELD = """
import signal, sys, time
from pathlib import Path
from churnpredict.cli import commands
from churnpredict.pipeline.churn_pipeline import ChurnPipeline
from churnpredict import files

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and stays so

def held(*_, **__):
    def write(file):
        file.write(b"half")
        Path("held").touch()
        for _ in range(3000):
            time.sleep(0.01)
    files.write_whole("churn.model", write)

ChurnPipeline.fit = held
commands.main(["train"])
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_leave_nothing_half_written(folder: Path, number: int, code: int) -> None:
    before = sorted(p.name for p in folder.iterdir())
    command = subprocess.Popen([sys.executable, "-c", HELD], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    for _ in range(6000):
        if Path("held").exists():
            break
        assert command.poll() is None, command.communicate()
        time.sleep(0.02)
    command.send_signal(number)
    _, said = command.communicate(timeout=60)
    assert command.returncode == code, said
    assert said.endswith("[interrupted]\n")
    assert "Traceback" not in said
    assert sorted(p.name for p in folder.iterdir()) == sorted([*before, "held"])


def test_a_log_that_is_full_does_not_cost_the_work(folder: Path, quick_main: str) -> None:
    """The command goes on, and ends with 5 because what it said is not complete."""
    done = shell(
        "churnpredict train --until 2023-12-01 && "
        "churnpredict score --at 2023-12-01 --output runs --detail drivers --format json 2> /dev/full",
        folder,
        quick_main,
    )
    assert done.returncode == 5, done
    assert json.loads(done.stdout[done.stdout.index("{") :])["customers"] == len(cp.runs.read_scores("runs"))
    done = shell("churnpredict score --at 2023-12-01 --output runs --detail drivers", folder, quick_main)
    assert done.returncode == 0


SHORTAGES: dict[str, BaseException] = {
    "python": MemoryError("Unable to allocate 9 GiB for an array"),
    "arrow": pa.ArrowMemoryError("malloc of size 9 failed"),
    "arrow, no thread": pa.ArrowException("Unknown error: Resource temporarily unavailable"),
    "system": OSError(12, "Cannot allocate memory"),
    "no thread": RuntimeError("can't start new thread"),
}


def shortages() -> dict[str, BaseException]:
    import duckdb
    import lightgbm as lgb
    import numpy as np

    found = dict(SHORTAGES)
    found["duckdb"] = duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 256.0 KiB")
    found["lightgbm"] = lgb.basic.LightGBMError("std::bad_alloc")
    with pytest.raises(MemoryError) as caught:
        np.empty(1 << 60, np.uint8)
    return found | {"numpy": caught.value}


@pytest.mark.parametrize("kind", [*SHORTAGES, "duckdb", "lightgbm", "numpy"])
def test_a_shortage_of_memory_is_told_as_that_at_every_place(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import duckdb

    from churnpredict.cli.config import Config
    from churnpredict.events.sources import destinations
    from churnpredict.events.sources.files import Files
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline
    from churnpredict.score_runs.writer import writing

    error = shortages()[kind]

    def short(*_: Any, **__: Any) -> Any:
        raise error

    told = memory_shortage(error)
    assert told is not None
    assert (told.code, told.exit_code) == ("memory-limit", 3)
    for cls, method in ((Config, "event_tables"), (ChurnPipeline, "fit"), (ChurnPipeline, "save")):
        with monkeypatch.context() as patch:
            if method == "save":
                patch.setattr(ChurnPipeline, "fit", lambda self, *_, **__: self)
            patch.setattr(cls, method, short)
            assert run("train") == 3, method
            assert "[memory-limit]" in capsys.readouterr().err
    with pytest.raises(ChurnError, match="memory-limit"), writing("runs"):
        short()
    if not isinstance(error, RuntimeError):
        with pytest.raises(ChurnError, match="memory-limit"), destinations.transaction("book.duckdb", "t"):
            short()
    if isinstance(error, (duckdb.Error, pa.ArrowException, OSError)):
        with monkeypatch.context() as patch:
            patch.setattr(Files, "select", short)
            with pytest.raises(ChurnError, match="memory-limit"):
                list(Files("orders", "orders.csv", "text").batches(["who"]))


def test_other_errors_are_not_taken_for_a_shortage() -> None:
    for error in (ValueError("out of memory"), OSError(28, "No space left"), KeyError("x"), pa.ArrowInvalid("bad_alloc?")):
        assert memory_shortage(error) is None or isinstance(error, (pa.ArrowInvalid, ValueError))


@pytest.mark.parametrize("how", ["text", "json"])
def test_a_fault_of_the_library_is_told_without_its_words(
    folder: Path, how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from churnpredict.cli.config import Config

    monkeypatch.setattr(Config, "event_tables", lambda self: {}["K0001"])
    assert run("train", "--format", how) == 70
    told = capsys.readouterr().err
    assert "unexpected KeyError" in told
    assert "internal" in told
    assert "K0001" not in told
    assert "Traceback" not in told
    monkeypatch.setenv("CHURNPREDICT_TRACEBACK", "1")
    assert run("train", "--format", how) == 70
    assert "Traceback" in capsys.readouterr().err


def test_the_handlers_of_signals_are_put_back() -> None:
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP)]
    assert process.run(lambda: 0, as_json=False) == 0
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP)] == before


WRONG = {
    "": ["--nonsense", "nonsense"],
    "demo": ["--customers=5", "--customers=x", "--seed=-1", "--nonsense", "a b c"],
    "init": ["nowhere.csv", "--config", "--nonsense", "."],
    "check": ["--until=x", "--format=xml", "--config=nowhere", "--nonsense", "more"],
    "train": ["--until=x", "--sign-with=nowhere", "--format=xml", "--config=nowhere", "--nonsense", "more"],
    "score": [
        "--at=x", "--output=a.xls", "--output=-", "--model=nowhere", "--sha256=12", "--detail=long", "--keep=0", "--keep=x", "--into=x.csv",
        "--memory=10MB", "--memory=0", "--memory=-1", "--memory=999TB",
        "--partitions=0", "--partitions=1000000", "--jobs=-2", "--jobs=0", "--unscored=x", "--nonsense", "more",
    ],
    "forget": ["", "nowhere --customers ids.txt", "runs --customers nowhere", "runs --customers .", "--nonsense"],
    "backtest": ["--at=x", "--rounds=1", "--rounds=x", "--nonsense", "more"],
    "drift": ["--at=x", "--scores=nowhere", "--output=x.xls", "--model=nowhere", "--nonsense", "more"],
    "retrain": ["--until=x", "--when-equal=x", "--nonsense", "more"],
    "history": ["--format=xml", "--nonsense", "more"],
    "report": ["--at=x", "--since=x", "--output=-", "--model=nowhere", "--sha256=12", "--snoozed=nowhere", "--nonsense", "more"],
    "alerts": ["--at=x", "--output=x.xls", "--snoozed=nowhere", "--nonsense"],
    "why": ["", "nobody", "K0001 --at=x", "K0001 --output=-", "K0001 --model=nowhere", "K0001 more"],
    "card": ["--model=nowhere", "--output=-", "--model=orders.csv", "--config=nowhere", "more"],
    "digest": ["--plan=nowhere.csv", "--plan=orders.csv", "--before=nowhere.csv", "--contacts=orders.csv", "--output=-", "--at=x", "more"],
    "when": [
        "--at=x", "--over=5d", "--over=x", "--over=99999d", "--discount=-1", "--discount=nan", "--output=a.xls", "--output=orders.csv",
        "--model=nowhere", "more",
    ],
    "expected": ["--at=x", "--over=0d", "--over=x", "--of=nowhere", "--buying=x", "--output=a.xls", "--output=orders.csv", "more"],
    "transitions": [
        "--start=x", "--end=x", "--end=2099-01-01", "--start=2024-01-01 --end=2023-01-01", "--of=nowhere", "--value=nowhere",
        "--min-group=0", "--output=a.xls", "--output=orders.csv", "more",
    ],
    "check-model": ["", "nowhere", ".", "orders.csv", "--sha256=12 orders.csv", "/dev/null"],
}  # fmt: skip


@pytest.mark.parametrize("command", WRONG)
def test_wrong_options_of_every_command(
    folder: Path, command: str, trained: cp.ChurnPipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused in words, with 2 to 5, before or after looking at the data; nothing is written."""
    trained.save("churn.model")
    Path("ids.txt").write_text("K0001\n")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert set(WRONG) - {""} == {c.name or c.callback.__name__.replace("_", "-") for c in commands.app.registered_commands if c.callback}
    for options in WRONG[command]:
        given = [command, *options.split(" ")] if command else [options]
        if command == "score" and not any(word in options for word in ("output", "unscored")):
            given += ["--output", "runs"]
        code = run(*[word for word in given if word])
        told = capsys.readouterr()
        assert code in (2, 3, 4, 5), (given, code, told.err)
        assert "Traceback" not in told.err
        assert told.err.strip()
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}
    assert after == before


def on_a_terminal(command: list[str], folder: Path, seconds: float, until: str = "\0") -> str:
    """What a command shows on a terminal, until it ends or has shown what is waited for."""
    import pty
    import select

    ours, theirs = pty.openpty()
    began, seen = time.monotonic(), b""
    process = subprocess.Popen([sys.executable, *command], cwd=folder, env=ENVIRONMENT, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    while time.monotonic() - began < seconds and until.encode() not in seen:
        if select.select([ours], [], [], 0.05)[0]:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not more:
                break
            seen += more
    process.kill()
    process.wait()
    os.close(ours)
    return seen.decode(errors="replace")


def test_all_commands_that_take_long_say_so() -> None:
    known = {c.name or c.callback.__name__.replace("_", "-") for c in commands.app.registered_commands if c.callback}
    assert known - set(commands.LONG) == {"init"}  # its first words are the files that it reads


@pytest.mark.parametrize("command", commands.LONG)
def test_something_is_shown_before_any_library_is_loaded(folder: Path, command: str) -> None:
    """Within a second on an idle machine; on a busy one, before what takes seconds."""
    own = {"demo": ["orders.csv"], "forget": ["nowhere", "--customers", "-"], "check-model": ["nowhere.model"]}
    given = [command, *own.get(command, ["--config", "nowhere.toml"])]
    shown = on_a_terminal([*MAIN, *given], folder, 60, until="libraries")
    assert shown.lstrip().startswith(f"0 s  {command}: loading libraries")


def test_nothing_is_shown_to_those_who_want_it_quiet(folder: Path) -> None:
    quiet = on_a_terminal([*MAIN, "--quiet", "train", "--config", "nowhere.toml"], folder, 60)
    assert "nowhere.toml" in quiet
    assert "loading" not in quiet


def test_init_names_the_files_before_it_reads_them(folder: Path) -> None:
    assert on_a_terminal([*MAIN, "init", "orders.csv", "--dry-run"], folder, 60, until="reading").lstrip().startswith("reading")


def test_stages_are_told_on_a_terminal_alone(folder: Path, quick_main: str) -> None:
    shown = on_a_terminal([quick_main, "train", "--until", "2023-12-01"], folder, 300)
    for what in ("loading libraries", "reading orders", "features of the training snapshots", "looking for leaks in", "training the model"):
        assert what in shown
    assert "wrote churn.model" in shown
    assert shell("churnpredict train --until 2023-12-01 --dry-run", folder).stderr == ""


class _Terminal:
    def __init__(self, shown: bool = True) -> None:
        self.shown = shown

    def isatty(self) -> bool:
        return self.shown


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal: Any = _Terminal()
    assert process.coloured("next:", "1;32", terminal) == "\x1b[1;32mnext:\x1b[0m"
    assert process.coloured("next:", "1;32", None) == "next:"
    elsewhere: Any = _Terminal(shown=False)
    assert process.coloured("next:", "1;32", elsewhere) == "next:"
    monkeypatch.setenv("NO_COLOR", "1")
    assert process.coloured("next:", "1;32", terminal) == "next:"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert process.coloured("next:", "1;32", terminal) == "next:"
