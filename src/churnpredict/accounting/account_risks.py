"""Risk of accounts, from the risks of the people in them: how likely it is that an account loses everybody."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.accounting.accounts import Accounts
from churnpredict.errors import SchemaError, UsageError, kind_of
from churnpredict.per_customer import by_customer
from churnpredict.signatures import CustomerId

__all__ = ["account_risk"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
SHARED = np.r_[np.linspace(0.0, 0.9, 19), 0.95, 0.99]  # share of the variance that people of an account have in common
_EDGE = 1e-9
_BLOCK = 1 << 16  # people at a time


def account_risk(scores: pd.DataFrame, account: pd.Series | Mapping[CustomerId, object], *, past: pd.DataFrame) -> Accounts:
    """Return the probability that each account loses all its people, from the risks of the people.

    People of one account share a project, a budget, a manager, so they tend to leave together. Each of them leaves where a normal variable
    lies below a bound that gives their risk, and the variables of an account are correlated: by how much is learnt from how often people of
    an account left together in the past. Without correlation the risk of an account is the product of the risks of its people, with full
    correlation the lowest of them; it is never their mean.

    Parameters
    ----------
    scores : DataFrame
        ``customer_id`` and ``risk`` of people, such as ``pipeline.score`` gives where people are the customers.
    account : Series or mapping
        The account of each person, by customer id. People without one are left out.
    past : DataFrame
        ``customer_id``, ``risk`` and ``outcome`` (0: stayed) of people at earlier cutoffs; with several also ``cutoff``.

    Returns
    -------
    Accounts
        One row per account, the highest risk first: ``account``, its ``people`` who are scored, ``leaving`` (how many of them are expected
        to leave) and ``risk`` (that all of them do).

    Raises
    ------
    SchemaError
        ``missing-column``.
    IdentityError
        ``id-types-differ``, ``unknown-ids``, ``duplicate-customer``: of ``account``.
    UsageError
        ``bad-argument``, ``bad-risk``.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> firm = {"ann": "A", "ben": "A", "cat": "B", "dan": "B"}
    >>> past = pd.DataFrame({"customer_id": list(firm), "risk": 0.5, "outcome": [1, 1, 0, 0]})
    >>> now = pd.DataFrame({"customer_id": list(firm), "risk": [0.5, 0.5, 0.1, 0.2]})
    >>> cp.accounting.account_risk(now, firm, past=past)  # doctest: +NORMALIZE_WHITESPACE
    account  people  leaving   risk
    A             2        1   36 %
    B             2      0.3  6.4 %
    """
    now, before = _of_people(scores, "scores", account, []), _of_people(past, "past", account, ["outcome"])
    keys = ["account", *(["cutoff"] if "cutoff" in before else [])]
    left = (before["outcome"] != 0).to_numpy()
    code = np.asarray(before.groupby(keys, sort=False, observed=True).ngroup(), np.int64)
    told = _joint(before["risk"].to_numpy(np.float64), code, left)[0].sum(axis=0)
    weights = np.exp(told - told.max())
    places, names = pd.factorize(now["account"])
    codes = places.astype(np.int64)
    risk = now["risk"].to_numpy(np.float64)
    together = np.exp(_joint(risk, codes, np.ones(len(now), np.bool_))[0]) @ (weights / weights.sum())
    found = pd.DataFrame({"account": np.asarray(names), "people": np.bincount(codes, minlength=len(names))})
    found = found.assign(leaving=np.bincount(codes, risk, minlength=len(names)), risk=together)
    return Accounts(found.sort_values("risk", ascending=False, kind="stable", ignore_index=True))


def _of_people(frame: pd.DataFrame, name: str, account: pd.Series | Mapping[CustomerId, object], more: list[str]) -> pd.DataFrame:
    """Return the rows of people who have an account, with it as a column."""
    if not isinstance(frame, pd.DataFrame):
        raise UsageError("bad-argument", f"{name} is {kind_of(frame)}", remedy="Give a DataFrame with a row per person.")
    for column in ("customer_id", "risk", *more):
        if column not in frame:
            raise SchemaError(
                "missing-column", f"{name} has no column {column!r}", remedy="Give what pipeline.score() gave, and the outcome."
            )
    risk = pd.to_numeric(frame["risk"], errors="coerce")
    wrong = int((~risk.between(0, 1)).sum())
    if wrong:
        raise UsageError(
            "bad-risk", f"risks in {name} are not probabilities", rows=wrong, total=len(frame), remedy="Give risks from 0 to 1."
        )
    homes = pd.Series(account)
    known = homes[homes.index.isin(frame["customer_id"])]
    given = by_customer(known if len(known) else homes, frame["customer_id"], "account", partial=True)
    found = frame.assign(risk=risk, account=pd.Series(np.asarray(given, object), index=frame.index))
    found = found[found["account"].notna()]
    if not len(found):
        raise UsageError("bad-argument", f"nobody in {name} has an account", remedy="Compare the ids of account with those of the people.")
    return found


def _joint(risk: Floats, code: Ints, left: npt.NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """Return the log-probability of what people did, by account and degree of correlation, shape (n_accounts, n_degrees), and the accounts.

    Given what an account shares, its people are independent; that is integrated over, so the risk of each person stays as it is.
    """
    from scipy.special import log_ndtr, ndtri

    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()
    order = np.argsort(code, kind="stable")
    bound, sign = ndtri(np.clip(risk[order], _EDGE, 1 - _EDGE)), np.where(left[order], 1.0, -1.0)
    first = np.flatnonzero(np.r_[True, np.diff(code[order]) > 0])
    found = np.empty((len(first), len(SHARED)))
    edges = np.append(first, len(order))
    begin = 0
    while begin < len(first):
        end = max(begin + 1, int(np.searchsorted(edges, edges[begin] + _BLOCK, side="right")) - 1)
        rows = slice(edges[begin], edges[end])
        for place, shared in enumerate(SHARED):
            given = sign[rows, None] * (bound[rows, None] - np.sqrt(shared) * nodes) / np.sqrt(1 - shared)
            whole = np.add.reduceat(log_ndtr(given), first[begin:end] - edges[begin], axis=0)
            top = whole.max(axis=1, keepdims=True)
            found[begin:end, place] = np.log(np.exp(whole - top) @ weights) + top[:, 0]
        begin = end
    return found, code[order][first]
