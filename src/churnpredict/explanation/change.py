"""Explain changes of risk between two scorings by differences of drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.per_customer import check_kind, id_form

if TYPE_CHECKING:
    from churnpredict.explanation.attribution import Explanation

__all__ = ["explain_change"]

_SAID = 3  # drivers in a sentence
_LEAST = 0.0005  # changes that would be printed as 0.0 points are left out
_LEAST_SHARE = 0.1  # nor what makes up less than a tenth of the change


def explain_change(before: Explanation, now: Explanation, *, language: str | Language = "en") -> pd.DataFrame:
    """Explain how each customer's risk changed between two scorings.

    Parameters
    ----------
    before, now : Explanation
        Explanations at two cutoffs, of the same model or of two; one row per customer each. Customers in both are compared.
    language : str or Language
        Of ``words``.

    Returns
    -------
    DataFrame
        Index: the customers, in the order of ``now``. ``risk_before``, ``risk``, ``change`` = ``risk - risk_before``; a column per driver
        and ``model`` (the difference of the two base risks: 0 for one model), which sum to ``change``; ``words``. In probability, 0.05
        for five points.

    Raises
    ------
    UsageError
        ``two-rows``: a customer has two rows; ``other-outcome``: different parts of the risk are explained.
    IdentityError
        ``id-types-differ``.

    Examples
    --------
    >>> from churnpredict import ChurnClassifier, explain
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"habit__orders_days_since_last": rng.exponential(30, 500), "price__rises_count_90d": rng.poisson(0.3, 500)})
    >>> model = ChurnClassifier(n_jobs=1).fit(X, (rng.random(500) < 1 / (1 + np.exp(2 - X.iloc[:, 0] / 20))).astype(int))
    >>> change = explain_change(explain(model, X), explain(model, X + 30))
    >>> bool(np.allclose(change[["habit", "price", "model"]].sum(axis=1), change["change"], atol=1e-12))
    True
    """
    if (before.outcome, before.horizon) != (now.outcome, now.horizon):
        raise UsageError(
            "other-outcome", "the two explanations are of different parts of the risk", remedy="Explain the same part in both."
        )
    old, new = (_by_customer(why) for why in (before, now))
    check_kind(id_form(old.index)[0], id_form(new.index)[0], "the explanation before")
    both = new.index[new.index.isin(old.index)]
    keys = list(dict.fromkeys([*now.table, *before.table]))
    parts = new.reindex(index=both, columns=keys).fillna(0.0) - old.reindex(index=both, columns=keys).fillna(0.0)
    out = pd.DataFrame({"risk_before": _risks(before).reindex(both), "risk": _risks(now).reindex(both)})
    out["change"] = out["risk"] - out["risk_before"]
    out = pd.concat([out, parts.assign(model=now.base_risk - before.base_risk)], axis=1)
    spoken = language_of(language)
    labels = {key: spoken.label(key) for key in keys} | {"model": spoken.words["change.model"]}
    out["words"] = _words(out, [*keys, "model"], labels, spoken)
    return out


def _customers(why: Explanation) -> pd.Index:
    index = why.index.get_level_values("customer_id") if "customer_id" in why.index.names else why.index
    if index.has_duplicates:
        raise UsageError("two-rows", "customers have more than one row", remedy="Explain the customers of one cutoff at a time.")
    return index


def _by_customer(why: Explanation) -> pd.DataFrame:
    return why.points.set_axis(_customers(why))


def _risks(why: Explanation) -> pd.Series:
    return why.risk.set_axis(_customers(why))


def _words(out: pd.DataFrame, keys: list[str], labels: dict[str, str], spoken: Language) -> list[str]:
    values, change = out[keys].to_numpy(), out["change"].to_numpy()
    said = []
    for row, moved in zip(values, change, strict=True):
        if abs(moved) < _LEAST:
            said.append(spoken.words["change.same"])
            continue
        least = max(_LEAST, _LEAST_SHARE * abs(moved))
        largest = [j for j in np.argsort(-np.abs(row), kind="stable")[:_SAID] if abs(row[j]) >= least]
        because = spoken.words["and"].join(f"{labels[keys[j]]} {spoken.points(row[j], sign=True)}" for j in largest)
        said.append(
            spoken.clause("change.up" if moved > 0 else "change.down", 100 * abs(moved), 1).format(
                n=spoken.points(abs(moved)), because=because
            )
        )
    return said
