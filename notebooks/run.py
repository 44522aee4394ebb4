"""Execute the notebooks in a kernel of this environment and keep their outputs, normalised; with --check only fail on errors.

Normalised means: no times of execution, no machine path, no progress bars, cell ids by position, one kernel name; so that a second run
changes nothing but what really changed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def execute(path: Path) -> object:
    """Return the executed notebook; raises on the first cell that fails."""
    import nbformat
    from jupyter_client.manager import KernelManager
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    # The kernel is this Python, whatever kernels a person has installed; it works in a folder of its own.
    with tempfile.TemporaryDirectory() as folder:
        manager = KernelManager(kernel_name="python3")
        manager.kernel_spec.argv[0] = sys.executable
        client = NotebookClient(notebook, timeout=900, km=manager, resources={"metadata": {"path": folder}})
        client.execute()
        return normalised(notebook, folder)


def normalised(notebook: object, folder: str) -> object:
    """Remove what differs from run to run or from machine to machine."""
    notebook.metadata.clear()
    notebook.metadata["kernelspec"] = dict(KERNEL)
    notebook.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number:02d}"
        cell.metadata.clear()
        kept = []
        for output in cell.get("outputs", []):
            told = {kind: {"alt": m["alt"]} for kind, m in output.get("metadata", {}).items() if isinstance(m, dict) and m.get("alt")}
            if "metadata" in output:
                output["metadata"] = told  # what a picture says in words is part of it
            if output.get("output_type") == "stream" and output.get("name") == "stderr":
                continue
            if "text" in output:
                output["text"] = without_progress(without_paths(output["text"], folder))
                if not output["text"].strip():
                    continue
                if kept and kept[-1].get("output_type") == "stream":  # a terminal hands over line by line
                    kept[-1]["text"] += output["text"]
                    continue
            for kind, content in output.get("data", {}).items():
                if kind.startswith("text/"):
                    output["data"][kind] = without_paths(content, folder)
            kept.append(output)
        if "outputs" in cell:
            cell["outputs"] = kept
    return notebook


def without_paths(text: str, folder: str) -> str:
    """Return paths of this machine replaced, and addresses of objects too."""
    for path in (folder, str(HERE.parent), str(Path.home())):
        text = text.replace(path, "...") if len(path) > 2 else text
    return re.sub(r"0x[0-9a-f]{8,}", "0x...", text)


def without_progress(text: str) -> str:
    """Return a text without bars and stages: commands of a notebook write to a terminal."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line for line in lines if not re.search(r"\d%\|| {20,}$|^ *\d+ s  |^reading .* \.\.\.$", line)).lstrip("\n")


def main() -> int:
    """Run every notebook named (all by default); the exit code says whether all of them ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="execute, but write nothing")
    arguments = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # commands of this environment
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    import nbformat

    failed = False
    for path in arguments.notebooks or sorted(HERE.glob("[0-9]*.ipynb")):
        start = time.monotonic()
        try:
            notebook = execute(path)
        except Exception as error:  # the notebook's own error, whatever it is, is printed and counts
            print(f"{path.name}: {error}", file=sys.stderr)
            failed = True
            continue
        if not arguments.check:
            temporary = path.with_suffix(".part")
            nbformat.write(notebook, temporary)
            os.replace(temporary, path)
        print(f"{path.name}: ran in {time.monotonic() - start:.0f} s{'' if arguments.check else ', outputs kept'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
