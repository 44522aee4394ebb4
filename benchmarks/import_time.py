"""What ``import churnpredict`` and ``churnpredict --help`` cost, in CPU seconds of a child process; the least of five runs."""

from __future__ import annotations

import resource
import subprocess
import sys

PROMISES = (
    ("import churnpredict", ["-c", "import churnpredict"], 0.3),
    ("churnpredict --help", ["-m", "churnpredict", "--help"], 0.5),
)


def cpu_of(arguments: list[str]) -> float:
    """CPU seconds, user and system, of one run of Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print both, and fail if a promise is broken."""
    broken = False
    for name, arguments, most in PROMISES:
        cost = min(cpu_of(arguments) for _ in range(5))
        broken |= cost > most
        print(f"{name:<22}{cost:6.2f} s CPU, promised {most} s{'' if cost <= most else '  BROKEN'}")
    sys.exit(broken)


if __name__ == "__main__":
    main()
