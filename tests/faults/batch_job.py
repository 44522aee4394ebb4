"""What may happen to a batch in the night, done to a small one: each fault in a process of its own, forked from one that is ready to score.

    python tests/faults/batch_job.py FOLDER [--full]

FOLDER holds a model file and a log that the tests have put there. Prints one JSON object: what was tried, how often, and what went wrong,
which is nothing. ``--full`` tries every kill point; without it a sample, so that continuous integration stays short.

A kill point is a call by which a file or a folder changes. They are found in two ways: by hooks around Python's own calls, and by strace
around the system calls of the whole process, those of Arrow and of the partitions on disk among them.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).parents[2]))

import pandas as pd
import pyarrow as pa

import churnpredict as cp
from churnpredict.score_runs import batch, runs
from churnpredict.score_runs import writer as writing_module
from churnpredict.score_runs.runs import Run
from churnpredict.score_runs.writer import Attempt, write_part, writing

pa.set_cpu_count(1)
pa.set_io_thread_count(1)

AT, PARTITIONS = "2023-12-01", 2
BEFORE = ("2023-10-01", "2023-11-01")
CALLS = "write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir,ftruncate"
TRACED = f"trace={CALLS}"


class Night:
    """A model, a log, and the folder of runs as it stands before the job and must stand after it."""

    def __init__(self, home: Path) -> None:
        self.home, self.pipeline = home, cp.load(home / "churn.model")
        self.log = home / "log.parquet"
        self.base, self.whole = home / "base", home / "whole"
        for at in BEFORE:
            self.job(self.base, at=at)
        shutil.copytree(self.base, self.whole)
        self.job(self.whole)
        self.expected = tree(self.whole)
        assert sorted({name.split("/")[0] for name in self.expected}) == [BEFORE[1], AT], "the job keeps two runs"

    def job(self, folder: Path, at: str = AT) -> Run:
        def scan(scratch: Path) -> Any:
            orders = cp.Events(str(self.log), customer="who", time="paid_at", value="eur", money=True)
            return cp.runs.scan_tables(orders=orders, partitions=PARTITIONS, folder=scratch)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return batch.score_into(self.pipeline, scan, folder, at=at, detail="drivers", keep=2)

    def fresh(self) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self.home)) / "scores"
        shutil.copytree(self.base, folder)
        return folder

    def judged(self, folder: Path) -> str:
        """What is wrong now: a run that is there and not whole, or an end other than the undisturbed one."""
        try:
            for name in runs.run_names(folder):
                runs.open_run(folder / name).verify()
                found = tree(folder / name)
                wanted = {k.partition("/")[2]: v for k, v in {**tree(self.base), **self.expected}.items() if k.startswith(f"{name}/")}
                if not wanted.items() <= found.items():
                    return f"{name} is there and differs"
            code, said = in_child(lambda: self.job(folder))
            if code != 0:
                return f"the restart failed: {said[-300:]}"
            return "" if tree(folder) == self.expected else f"the restart left {sorted(set(tree(folder)) ^ set(self.expected))[:3]}"
        except cp.ChurnError as error:
            return f"before the restart: {error}"
        finally:
            shutil.rmtree(folder.parent)


def tree(folder: Path) -> dict[str, bytes]:
    """All files but the lock."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


def in_child(work: Callable[[], Any], started: Callable[[int], Any] | None = None) -> tuple[int, str]:
    """Exit code (128 and more: a signal) and what was said; 5 and so on for an error of ours, 99 for any other."""
    out, into = os.pipe()
    gate, open_gate = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.read(gate, 1)
            work()
            code = 0
        except cp.ChurnError as error:
            code = error.exit_code
            os.write(into, str(error).encode())
        except BaseException as error:
            with suppress(OSError):
                os.write(into, repr(error).encode()[:500])
        finally:
            os._exit(code)
    os.close(into)
    try:
        tracer = started(child) if started else None
    except PermissionError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    os.write(open_gate, b"x")
    said = b""
    while piece := os.read(out, 65_536):
        said += piece
    _, status = os.waitpid(child, 0)
    for handle in (out, gate, open_gate):
        os.close(handle)
    if tracer is not None:
        tracer.wait()
    return os.waitstatus_to_exitcode(status) % 256 if os.WIFEXITED(status) else 128 + os.WTERMSIG(status), said.decode(errors="replace")


# --- killed at a call of Python's own ---


class Countdown:
    """Kills its own process at the n-th call that changes a file; in the middle of a write, half of it is written."""

    def __init__(self, n: int) -> None:
        self.left, self.seen = n, 0

    def tick(self, first: Callable[[], Any] = lambda: None) -> None:
        self.seen += 1
        self.left -= 1
        if self.left == 0:
            first()
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        for name in ("fsync", "replace", "rename", "mkdir", "unlink", "rmdir", "chmod"):
            setattr(os, name, self.counted(getattr(os, name)))
        real = os.fdopen
        os.fdopen = lambda *given, **options: _Counted(real(*given, **options), self)  # type: ignore[assignment]

    def counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            self.tick()
            return real(*given, **options)

        return call


class _Counted:
    """A file whose writes count."""

    def __init__(self, file: Any, countdown: Countdown) -> None:
        self._file, self._countdown = file, countdown

    def write(self, content: Any) -> int:
        def half() -> None:
            self._file.write(bytes(content)[: len(content) // 2])
            self._file.flush()

        self._countdown.tick(half)
        return self._file.write(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Counted:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def kill_at_calls(night: Night, step: int) -> dict[str, Any]:
    counter = Countdown(-1)

    def count(folder: Path) -> None:
        counter.install()
        night.job(folder)
        (folder.parent / "count").write_text(str(counter.seen))

    folder = night.fresh()
    in_child(lambda: count(folder))
    total = int((folder.parent / "count").read_text())
    tried, wrong = 0, []
    for n in range(1, total + 1, step):
        folder = night.fresh()

        def killed(n: int = n, folder: Path = folder) -> None:
            Countdown(n).install()
            night.job(folder)

        code, said = in_child(killed)
        tried += 1
        if code != 128 + signal.SIGKILL:
            wrong.append(f"call {n}: was not killed ({code} {said[-200:]})")
        if verdict := night.judged(folder):
            wrong.append(f"call {n}: {verdict}")
    return {"points": total, "tried": tried, "wrong": wrong}


# --- killed at a system call of the process ---


def traced(options: list[str], output: str) -> Callable[[int], Any]:
    """Attach strace to a child before it begins."""

    def start(child: int) -> Any:
        command = ["strace", "-f", "-qq", "-o", output, "-p", str(child), *options]
        tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(2000):
            if "TracerPid:\t0\n" not in Path(f"/proc/{child}/status").read_text():
                return tracer
            if tracer.poll() is not None:
                break
            time.sleep(0.005)
        tracer.kill()
        raise PermissionError("a process may not be traced here")

    return start


def kill_at_system_calls(night: Night, step: int, first: int) -> dict[str, Any]:
    if shutil.which("strace") is None:
        return {"skipped": "strace is not installed (Debian: apt-get install strace)"}
    output = night.home / "calls.txt"
    folder = night.fresh()
    try:
        in_child(lambda: night.job(folder), traced(["-e", TRACED], str(output)))
    except PermissionError as error:
        return {"skipped": str(error)}
    shutil.rmtree(folder.parent)
    total = sum(
        "(" in line and not line.split(maxsplit=1)[1].startswith(("+++", "---", "<...")) for line in output.read_text().splitlines()
    )
    tried, killed, wrong = 0, 0, []
    for n in range(first, total + 1, step):
        folder = night.fresh()
        kill = ["-e", TRACED, "-e", f"inject={CALLS}:signal=KILL:when={n}"]
        try:
            code, said = in_child(lambda folder=folder: night.job(folder), traced(kill, os.devnull))
        except PermissionError:  # a machine that is busy does not always get round to it
            continue
        tried += 1
        killed += code == 128 + signal.SIGKILL
        if code not in (0, 128 + signal.SIGKILL):
            wrong.append(f"call {n}: {code} {said[-200:]}")
        if verdict := night.judged(folder):
            wrong.append(f"call {n}: {verdict}")
    return {"points": total, "tried": tried, "killed": killed, "wrong": wrong}


# --- the disk, the memory, the clock ---


def full_disk(night: Night, spare: list[int]) -> dict[str, Any]:
    """A disk with so many KiB left, made larger for the restart; where nothing can be mounted, a limit on the size of files."""
    libc = ctypes.CDLL(None, use_errno=True)
    way, codes, wrong = "tmpfs", [], []
    held = sum(4 + p.stat().st_size // 4096 * 4 + 4 for p in night.base.rglob("*"))

    def on_disk(size: int, folder: Path) -> None:
        os.chdir("/")
        libc.mount(b"tmpfs", str(folder.parent).encode(), b"tmpfs", 0, f"size={held + size}k".encode())
        shutil.copytree(night.base, folder)
        code, said = in_child(lambda: night.job(folder))
        libc.mount(b"tmpfs", str(folder.parent).encode(), b"tmpfs", 32, b"size=256m")  # 32: change what is mounted
        report = {"code": code, "said": said, "wrong": judged_here(night, folder)}
        (night.home / "report").write_text(json.dumps(report))

    def unshared() -> None:
        if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x44000, None):
            raise PermissionError

    may = in_child(unshared)[0] == 0
    for size in spare:
        if may:
            folder = Path(tempfile.mkdtemp(dir=night.home)) / "scores"
            code, said = in_child(lambda size=size, folder=folder: (unshared(), on_disk(size, folder)))
            report = json.loads((night.home / "report").read_text()) if code == 0 else {"code": code, "said": said, "wrong": said}
            codes.append(report["code"])
            wrong += [f"{size} KiB: {report[k]}" for k in ("wrong",) if report[k]]
            if report["code"] not in (0, 5):
                wrong.append(f"{size} KiB: {report}")
        else:
            way = "limit on the size of a file"
            folder = night.fresh()

            def limited(size: int = size, folder: Path = folder) -> None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size << 8, size << 8))
                night.job(folder)

            code, said = in_child(limited)
            codes.append(code)
            if code not in (0, 5):
                wrong.append(f"{size}: {code} {said}")
            if verdict := night.judged(folder):
                wrong.append(f"{size}: {verdict}")
    return {"way": way, "tried": len(spare), "refused": codes.count(5), "wrong": wrong}


def judged_here(night: Night, folder: Path) -> str:
    """As :meth:`Night.judged`, for a folder that cannot be removed because it is mounted."""
    copy = Path(tempfile.mkdtemp()) / "scores"
    shutil.copytree(folder, copy)
    return night.judged(copy)


def read_only(night: Night) -> dict[str, Any]:
    libc = ctypes.CDLL(None, use_errno=True)
    folder = night.fresh()

    def locked_out() -> None:
        if os.getuid():
            folder.chmod(0o500)
        elif libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x44000, None):
            os._exit(77)
        else:
            path = str(folder).encode()
            libc.mount(path, path, None, 4096, None)
            libc.mount(path, path, None, 4096 | 32 | 1, None)  # bound to itself, and from now on read only
        night.job(folder)

    code, said = in_child(locked_out)
    if code == 77:
        return {"skipped": "nothing can be mounted here"}
    folder.chmod(0o700)
    wrong = [] if code == 5 and "not-written" in said else [f"{code} {said}"]
    return {"wrong": wrong + [v for v in [night.judged(folder)] if v]}


def memory_limits(night: Night, extra: list[int]) -> dict[str, Any]:
    codes, wrong = [], []
    for mib in extra:
        folder = night.fresh()

        def limited(mib: int = mib, folder: Path = folder) -> None:
            used = int(Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]) << 10
            resource.setrlimit(resource.RLIMIT_DATA, (used + (mib << 20),) * 2)
            night.job(folder)

        code, said = in_child(limited)
        codes.append(code)
        if code not in (0, 3, 5):
            wrong.append(f"{mib} MiB more: {code} {said}")
        if verdict := night.judged(folder):
            wrong.append(f"{mib} MiB more: {verdict}")
    return {"tried": len(extra), "ended": sorted(set(codes)), "wrong": wrong}


def clock_and_locale(night: Night) -> dict[str, Any]:
    folder = night.fresh()

    def elsewhere() -> None:
        import locale

        os.environ |= {"TZ": "Pacific/Kiritimati", "LC_ALL": "de_DE.UTF-8", "LANG": "tr_TR.UTF-8"}
        time.tzset()
        with suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, "")
        ticks = iter(range(10**9, 0, -1000))
        time.time, time.monotonic = lambda: float(next(ticks)), lambda: float(next(ticks))
        night.job(folder)

    code, said = in_child(elsewhere)
    same = tree(folder) == night.expected
    shutil.rmtree(folder.parent)
    return {"wrong": [] if code == 0 and same else [f"{code} {said}"]}


# --- two writers ---


def two_writers(night: Night, rounds: int, whole_rounds: int) -> dict[str, Any]:
    """Many rounds of two who only write, and some of two whole jobs: every run is one writer's, and a second writer is told so."""
    wrong, refused = [], 0
    for number in range(rounds):
        folder = Path(tempfile.mkdtemp(dir=night.home)) / "scores"
        codes = at_once([lambda who=who, folder=folder: write_only(folder, who) for who in "ab"])
        refused += codes.count(5)
        for name in runs.run_names(folder):
            run = runs.open_run(folder / name)
            owners = {run.content(part)[:1] for part in run.parts}
            if len(owners) != 1 or run.model_id.encode() not in owners:
                wrong.append(f"round {number}: mixed")
        if 0 not in codes or set(codes) - {0, 5} or len(runs.run_names(folder)) != codes.count(0):
            wrong.append(f"round {number}: {codes}")
        shutil.rmtree(folder.parent)
    for number in range(whole_rounds):
        folder = night.fresh()
        codes = at_once([lambda folder=folder: night.job(folder)] * 2)
        refused += codes.count(5)
        if 0 not in codes or set(codes) - {0, 5}:
            wrong.append(f"whole round {number}: {codes}")
        if verdict := night.judged(folder):
            wrong.append(f"whole round {number}: {verdict}")
    return {"rounds": rounds, "whole_rounds": whole_rounds, "refused": refused, "wrong": wrong}


def write_only(folder: Path, who: str) -> None:
    with writing(folder) as home:
        attempt = Attempt(home)
        where = attempt.new_run()
        parts = []
        for n in range(3):
            parts.append(write_part(where, f"part-{n:05d}.parquet", 1, lambda file: file.write(who.encode() * 5_000)))
        described = Run(where, AT, 0, who, None, who, "drivers", (), 3, {}, tuple(parts), {})
        attempt.publish(runs.run_name(pd.Timestamp(AT), runs.run_names(home)), described)


def at_once(jobs: list[Callable[[], Any]]) -> list[int]:
    children = []
    for job in jobs:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                job()
                code = 0
            except cp.ChurnError as error:
                code = error.exit_code
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def main() -> None:
    full = "--full" in sys.argv
    night = Night(Path(sys.argv[1]))
    assert writing_module
    trials: dict[str, Callable[[], dict[str, Any]]] = {
        "calls": lambda: kill_at_calls(night, 1 if full else 37),
        "system calls": lambda: kill_at_system_calls(night, 1 if full else 40, 1 if full else 17),
        "full disk": lambda: full_disk(night, list(range(4, 100, 4)) if full else [4, 12, 28]),
        "read only": lambda: read_only(night),
        "memory": lambda: memory_limits(night, [8, 16, 32, 64] if full else [12, 32]),
        "clock": lambda: clock_and_locale(night),
        "two writers": lambda: two_writers(night, 100, 25 if full else 2),
    }
    found = {}
    only = [name for name in trials if f"--{name.replace(' ', '-')}" in sys.argv] or list(trials)
    for name, trial in ((name, trials[name]) for name in only):
        begin = time.perf_counter()
        found[name] = trial()
        print(f"{name}: {found[name]} in {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
