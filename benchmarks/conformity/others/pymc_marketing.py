"""The side of pymc-marketing: its summaries of the logs that it is given, its models and what they predict."""

import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

PARAMETERS = ("r", "alpha", "a", "b")


def summaries(log, ends):
    """Yield a name and the numbers of every summary: customer, frequency, recency, T (where there is one), monetary value."""
    from pymc_marketing.clv.utils import rfm_summary

    frame = pd.DataFrame({"customer": log[:, 0].astype(int), "day": pd.to_datetime(log[:, 1].astype(int), unit="D"), "eur": log[:, 2]})
    for k, end in enumerate(ends):
        for unit, first in (("D", False), ("W", False), ("M", False), ("D", True)):
            made = rfm_summary(
                frame, "customer", "day", "eur", observation_period_end=str(end), time_unit=unit, include_first_transaction=first
            )
            yield f"{k}_{unit}_{'with' if first else 'without'}", made.sort_values("customer_id").to_numpy(dtype=float)


def models(history):
    """Return the fits to a summary by maximum likelihood (flat priors), and what they say of its customers."""
    from pymc_extras.prior import Prior
    from pymc_marketing.clv import BetaGeoModel, ModifiedBetaGeoModel

    data = pd.DataFrame(history, columns=["frequency", "recency", "T"]).assign(customer_id=range(len(history)))
    out = {"history": history}
    for name, cls in (("mbg", ModifiedBetaGeoModel), ("bg", BetaGeoModel)):
        model = cls(model_config={p: Prior("HalfFlat") for p in PARAMETERS})
        model.fit(data=data, method="map", progressbar=False, map_kwargs={"progressbar": False, "tol": 1e-12})
        out[f"{name}_parameters"] = np.array([float(model.fit_result[p].to_numpy().squeeze()) for p in PARAMETERS])
        out[f"{name}_alive"] = model.expected_probability_alive(data).to_numpy().squeeze()
        out[f"{name}_purchases"] = model.expected_purchases(data, future_t=39).to_numpy().squeeze()
        if name == "bg":
            out["bg_silent"] = model.expected_probability_no_purchase(39, data=data).to_numpy().squeeze()
    return out


def main(folder):
    """Answer everything at once."""
    with np.load(folder / "given.npz") as arrays:
        given = {key: arrays[key] for key in arrays.files}
    out = models(given["history"])
    for name in ("cdnow", "example"):
        out |= {f"{name}_{key}": numbers for key, numbers in summaries(given[f"{name}_log"], given[f"{name}_ends"])}
    np.savez(folder / "answers.npz", **{k: np.asarray(v) for k, v in out.items()})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    main(Path(sys.argv[1]))
