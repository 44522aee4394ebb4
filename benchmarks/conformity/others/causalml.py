"""The side of causalml: cumulative gain, Qini and AUUC of the experiment in given.npz. Its outcome is who stayed."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd


def main(folder):
    """Answer everything at once; ``tied_again`` is the same experiment with its rows in the opposite order."""
    from causalml.metrics import auuc_score, get_cumgain, get_qini, qini_score

    out = {}
    with np.load(folder / "given.npz") as given:
        frames = {
            name: pd.DataFrame({"y": 1 - given["y"], "w": given["treated"].astype(int), "model": given[name]}) for name in ("p", "tied")
        }
    frames["tied_again"] = frames["tied"].iloc[::-1].reset_index(drop=True)
    for name, frame in frames.items():
        out[f"{name}_gain"] = get_cumgain(frame, normalize=False)["model"].to_numpy()
        out[f"{name}_qini"] = get_qini(frame, normalize=False)["model"].to_numpy()
        out[f"{name}_auuc"] = auuc_score(frame, normalize=False)["model"]
        out[f"{name}_auuc_normal"] = auuc_score(frame)["model"]
        out[f"{name}_qini_score"] = qini_score(frame, normalize=False)["model"]
    np.savez(folder / "answers.npz", **out)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
