"""``python -m churnpredict`` is the command line."""

from __future__ import annotations

from churnpredict.cli.commands import main

if __name__ == "__main__":
    main()
