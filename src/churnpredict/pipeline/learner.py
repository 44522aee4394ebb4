"""Give a classifier the outcome window of the rule, so that its validation does not see the future."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from churnpredict.churn.rule import ChurnRule
from churnpredict.errors import UsageError, kind_of
from churnpredict.spans import Span, span

__all__ = ["checked_classifier", "default_classifier", "with_window"]


def checked_classifier(given: Any) -> Any:
    """Return a classifier as it is given, None too.

    >>> checked_classifier("lightgbm")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: classifier is a text. Give a classifier of scikit-learn, or cp.ChurnClassifier(...). [bad-argument]
    """
    if given is not None and (isinstance(given, type) or not all(hasattr(given, name) for name in ("fit", "get_params"))):
        remedy = "Give a classifier of scikit-learn, or cp.ChurnClassifier(...)."
        raise UsageError("bad-argument", f"classifier is {kind_of(given)}", remedy=remedy)
    return given


def default_classifier(churn: ChurnRule, **settings: Any) -> Any:
    """Return an unfitted :class:`~churnpredict.ChurnClassifier` with the outcome window of a rule."""
    from churnpredict.model.classifier import ChurnClassifier

    return ChurnClassifier(horizon=str(churn.horizon_span), gap=str(churn.gap_span), min_leavers=10, **settings)


def with_window(classifier: Any, churn: ChurnRule) -> Any:
    """Return an unfitted copy of a classifier that purges by the rule's horizon and gap, however deep it lies in pipelines and searches.

    Raises
    ------
    UsageError
        ``other-window``: it was given another horizon or gap than the rule.

    Examples
    --------
    >>> import churnpredict as cp
    >>> with_window(cp.ChurnClassifier(), cp.Inactivity("60d", gap="7d")).gap
    '7d'
    """
    copy = clone(classifier)
    parameters = copy.get_params(deep=True)
    windows = {"horizon": churn.horizon_span, "gap": churn.gap_span}
    for name in [n for n in parameters if n == "horizon" or n.endswith("__horizon")]:
        where = name.removesuffix("horizon")
        if parameters[name] is None:  # it has no window yet: it gets both
            copy.set_params(**{where + key: str(length) for key, length in windows.items() if where + key in parameters})
            continue
        _check(where, {key: parameters[where + key] for key in windows if where + key in parameters}, windows)
    for name, value in parameters.items():  # splitters have no parameters that can be set
        if (name == "cv" or name.endswith("__cv")) and hasattr(value, "horizon"):
            _check(f"{name}.", {key: getattr(value, key) for key in windows if hasattr(value, key)}, windows)
    return copy


def _check(where: str, given: dict[str, Any], windows: dict[str, Span]) -> None:
    for key, value in given.items():
        if span(value, f"{where}{key}", zero=True).nominal != windows[key].nominal:  # for wall times, "24h" is a day
            raise UsageError(
                "other-window",
                f"the classifier has {where}{key}={value!r} and the churn rule {str(windows[key])!r}: validation would purge wrongly",
                remedy="Leave out horizon=, or give the rule's horizon and gap.",
            )
