"""The side of lifetimes: the logs that ship with it, its summaries of them, its models and what they predict."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

SHIPPED = {"cdnow": ("1997-09-30", "1998-06-30"), "example": ("2014-09-30", "2014-12-31")}  # log -> days that end the observation


def log(name):
    """Return customer, day and amount (zero where the log has none) of a log that ships with lifetimes."""
    from lifetimes.datasets import load_dataset, load_transaction_data

    if name == "example":
        frame = load_transaction_data()
        return pd.DataFrame({"customer": frame["id"], "day": pd.to_datetime(frame["date"]).dt.normalize(), "eur": 0.0})
    frame = load_dataset("CDNOW_sample.txt", header=None, sep=r"\s+")
    return pd.DataFrame({"customer": frame[0], "day": pd.to_datetime(frame[2], format="%Y%m%d"), "eur": frame[4]})


def summaries(frame, ends):
    """Yield a name and the numbers (customers, 5) of every summary: customer, frequency, recency, T, monetary value."""
    from lifetimes.utils import summary_data_from_transaction_data

    for k, end in enumerate(ends):
        for freq, first in (("D", False), ("W", False), ("M", False), ("D", True)):
            made = summary_data_from_transaction_data(
                frame, "customer", "day", "eur", observation_period_end=end, freq=freq, include_first_transaction=first
            )
            yield f"{k}_{freq}_{'with' if first else 'without'}", made.sort_index().reset_index().to_numpy(dtype=float)


def models():
    """Return the fits to the summary that ships with lifetimes, in weeks, and what they say of its customers."""
    from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
    from lifetimes.datasets import load_cdnow_summary

    summary = load_cdnow_summary()
    history = summary["frequency"], summary["recency"], summary["T"]
    out = {"history": np.column_stack(history)}
    for name, cls in (("mbg", ModifiedBetaGeoFitter), ("bg", BetaGeoFitter)):
        model = cls().fit(*history, tol=1e-9)
        out[f"{name}_parameters"] = model.params_[["r", "alpha", "a", "b"]].to_numpy()
        out[f"{name}_alive"] = model.conditional_probability_alive(*history)
        out[f"{name}_purchases"] = model.conditional_expected_number_of_purchases_up_to_time(39, *history)
    return out


def main(folder):
    """Answer everything at once."""
    out = models()
    for name, ends in SHIPPED.items():
        frame = log(name)
        out[f"{name}_log"] = np.column_stack([frame["customer"], frame["day"].to_numpy().astype("datetime64[D]").astype(int), frame["eur"]])
        out[f"{name}_ends"] = np.array(ends)
        out |= {f"{name}_{key}": numbers for key, numbers in summaries(frame, ends)}
    np.savez(folder / "answers.npz", **{k: np.asarray(v) for k, v in out.items()})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
