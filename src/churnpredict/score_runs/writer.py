"""One writer at a time per folder of runs, and attempts that the next process resumes."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from churnpredict.errors import ChurnError, OutputError, SourceError, memory_shortage
from churnpredict.files import lock, not_written, sync_folder, write_whole
from churnpredict.score_runs import runs
from churnpredict.score_runs.runs import Part, Run, open_run, run_names

__all__ = ["Attempt", "hashed", "hide", "remove", "retire", "tidy", "told", "write_part", "writing"]

_STAGE = re.compile(r"[0-9a-f]{64}-[0-9a-f]{64}\.arrow")
_GONE = ".removed-"


@contextmanager
def told(target: Path) -> Iterator[None]:
    """Turn the operating system's refusals into typed errors."""
    try:
        yield
    except OutputError:
        raise
    except Exception as error:
        if (short := memory_shortage(error)) is not None:
            raise short from None
        if not isinstance(error, OSError) or isinstance(error, ChurnError):
            raise
        whole = "existing files are whole, and the next run resumes from here"
        raise not_written(target, error.strerror or type(error).__name__, left=whole) from error


@contextmanager
def writing(folder: str | Path) -> Iterator[Path]:
    """Lock a folder of runs for one writer, and clean it up first.

    Raises
    ------
    OutputError
        ``locked`` if another process writes; ``not-written``.
    """
    folder = Path(folder)
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / ".lock", "ab") as file:
            if not lock(file.fileno(), wait=False):
                raise OutputError(
                    "locked",
                    f'another process writes into "{folder}"',
                    remedy="Wait until it has ended; the lock is released even if it is killed.",
                )
            tidy(folder)
            yield folder


def tidy(folder: Path) -> None:
    """Remove what earlier writers left: runs being deleted, and files in runs that no manifest names."""
    for left in folder.glob(f"{_GONE}*"):
        remove(left)
    for name in run_names(folder):
        try:
            run = open_run(folder / name)
        except SourceError:
            continue  # its readers get an error; new scores need not wait for it
        for file in run.path.iterdir():
            if file.name not in {runs.MANIFEST, *(part.name for part in run.parts)}:
                remove(file)


def remove(path: Path) -> None:
    """Remove a file, or a folder with its contents."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def hashed(path: Path, write: Callable[[IO[bytes]], Any]) -> tuple[int, str]:
    """Write a file whole, and return its size in bytes and its SHA-256."""
    import hashlib

    found, size = hashlib.sha256(), 0

    class Watched:
        """File that hashes what is written to it."""

        closed = False

        def __init__(self, file: IO[bytes]) -> None:
            self.file = file

        def write(self, content: Any) -> int:
            nonlocal size
            found.update(content)
            size += len(content)
            return self.file.write(content)

        def flush(self) -> None:
            self.file.flush()

        def tell(self) -> int:
            return size

    write_whole(path, lambda file: write(Watched(file)))  # type: ignore[arg-type]
    return size, found.hexdigest()


class Attempt:
    """Results of an unfinished run: files named after their inputs and their contents.

    Parameters
    ----------
    folder : Path
        Folder of runs; locked.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / ".attempt"
        self.home.mkdir(exist_ok=True)
        for entry in self.home.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif not _STAGE.fullmatch(entry.name):
                entry.unlink()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder for what a process needs on disk meanwhile; the next attempt removes the one of a killed process."""
        path = Path(tempfile.mkdtemp(prefix="scratch-", dir=self.home))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                self.home.rmdir()  # if nothing was done yet

    def staged(self, key: str) -> Path | None:
        """Return the file made from these inputs, if it exists and is whole."""
        import hashlib

        for path in self.home.glob(f"{key}-*.arrow"):
            with open(path, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == path.stem.split("-")[1]:
                    return path
            path.unlink()
        return None

    def stage(self, key: str, write: Callable[[IO[bytes]], Any]) -> Path:
        """Keep a file under the digest of its inputs."""
        unnamed = self.home / "unnamed"
        _, digest = hashed(unnamed, write)
        path = self.home / f"{key}-{digest}.arrow"
        os.replace(unnamed, path)
        sync_folder(self.home)
        return path

    def new_run(self) -> Path:
        """Return an empty folder for the files of the run."""
        path = self.home / "run"
        path.mkdir()
        return path

    def publish(self, name: str, run: Run) -> Run:
        """Publish the run: write the manifest, rename the folder, then clean up."""
        write_whole(run.path / runs.MANIFEST, lambda file: file.write(run.manifest()))
        os.rename(run.path, self.folder / name)
        sync_folder(self.folder)
        self.forget()
        return open_run(self.folder / name)

    def forget(self) -> None:
        """Remove the attempt."""
        shutil.rmtree(self.home)
        sync_folder(self.folder)


def write_part(run: Path, name: str, rows: int, write: Callable[[IO[bytes]], Any]) -> Part:
    """Return one file of a run."""
    size, digest = hashed(run / name, write)
    return Part(name, rows, size, digest)


def retire(folder: Path, keep: int | None, written: str) -> int:
    """Remove all runs but the one just written and the newest others, ``keep`` in total. Return how many were removed.

    The newest are those of the latest cutoffs: the run just written need not be among them, since an earlier cutoff may be scored again.
    """
    others = [name for name in run_names(folder) if name != written]
    old = [] if keep is None else others[keep - 1 :]
    for name in old:
        hide(folder, name)
    return len(old)


def hide(folder: Path, name: str) -> None:
    """Remove a run, hiding it from readers at once."""
    hidden = folder / f"{_GONE}{name}"
    os.rename(folder / name, hidden)
    sync_folder(folder)
    shutil.rmtree(hidden)
