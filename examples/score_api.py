"""FastAPI: risk and reasons of one customer in milliseconds.

Needs, beside churnpredict: pip install fastapi gunicorn uvicorn uvicorn-worker. Start it in the folder with churn.model and the tables:

    gunicorn --preload --workers 2 --worker-class uvicorn_worker.UvicornWorker "score_api:make_app()"
    curl localhost:8000/customers/C000017

One worker for each core. ``--preload`` reads model and features once, before the workers are forked: they share that memory, and a forked
process scores on one thread by itself. Each call scores one row, which takes a few milliseconds; handing it to another thread would take
longer, so the endpoint is ``async`` and calls run one after the other. Features are those of the cutoff at the start: restart after each
scoring run, when the tables have new rows.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

import churnpredict as cp

if TYPE_CHECKING:
    import fastapi


class Scorer:
    """A model, and the features of all customers at risk at one cutoff.

    Parameters
    ----------
    model : str
        Path of the model file.
    tables : EventTables
        Declared as in training.
    at : str, optional
        The cutoff; by default the end of what was observed.
    sha256 : str, optional
        Refuse any other file than this one.
    """

    def __init__(self, model: str, tables: cp.EventTables, *, at: str | None = None, sha256: str | None = None) -> None:
        pipeline = cp.load(model, expected_sha256=sha256)
        self.model = pipeline.model_.set_params(n_jobs=1)  # one row is not worth a second thread
        self.features = pipeline.features_at(tables, at)
        ids, cutoffs = (self.features.index.get_level_values(level) for level in ("customer_id", "cutoff"))
        self.place = {str(customer): place for place, customer in enumerate(ids)}
        self.cutoff = cutoffs[0].isoformat()
        self.score(next(iter(self.place)))  # compiled code is loaded now, and shared, not at the first call

    def score(self, customer: str) -> dict[str, Any]:
        """Return risk and reasons of a customer.

        Raises
        ------
        KeyError
            The customer is not at risk at this cutoff: unknown, new since, or left before.
        """
        row = self.features.iloc[[self.place[customer]]]
        why = cp.explain(self.model, row)
        reasons = why.points.iloc[0].sort_values(ascending=False, kind="stable").head(3)
        return {
            "customer": customer,
            "cutoff": self.cutoff,
            "risk": float(why.risk.iloc[0]),
            "reasons": [{"driver": str(driver), "points": float(points)} for driver, points in reasons.items() if points > 0],
        }


def read_tables() -> cp.EventTables:
    """Return the tables as churn.toml declares them for training; adapt this to yours."""
    return cp.EventTables(orders=cp.Events("orders.parquet", customer="customer_id", time="paid_at", value="amount", money=True))


def make_app(scorer: Scorer | None = None) -> fastapi.FastAPI:
    """Return the application; it reads model and tables before any worker is forked."""
    import fastapi

    if scorer is None:
        scorer = Scorer(os.environ.get("CHURNPREDICT_MODEL", "churn.model"), read_tables(), sha256=os.environ.get("CHURNPREDICT_SHA256"))
        gc.freeze()  # what exists by now is never collected, so that workers do not copy its pages by counting references in it
    app = fastapi.FastAPI(title="Churn")

    @app.get("/customers/{customer}")
    async def one(customer: str) -> dict[str, Any]:
        try:
            return scorer.score(customer)
        except KeyError:
            raise fastapi.HTTPException(404, f"not at risk at {scorer.cutoff}") from None

    return app
