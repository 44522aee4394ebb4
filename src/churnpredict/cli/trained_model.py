"""The model of a configuration: loaded, and checked against the rule and the tables of the configuration."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnpredict.errors import MismatchError, UsageError
from churnpredict.pipeline.loading import load
from churnpredict.spans import span

if TYPE_CHECKING:
    from churnpredict.cli.config import Config
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["trained_model"]


def trained_model(settings: Config, model: Path | None = None, *, lacking: str = "refuse", **how: Any) -> ChurnPipeline:
    """Load the model file that the configuration names, or another one.

    Parameters
    ----------
    settings : Config
    model : Path, optional
        Model file, instead of the one in ``[output]``.
    lacking : {"refuse", "allow"}
        What to do where the model was trained with a table that the configuration does not declare: ``drift`` reports it.
    how
        ``expected_sha256`` and ``signed_by`` of :func:`churnpredict.load`.

    Raises
    ------
    MismatchError
        ``other-config``: the model was trained by another rule, or with other tables.
    """
    path = model or settings.resolve(settings.output.model)
    pipeline = load(path, **how)
    differences = rules(pipeline.churn, settings.churn_rule())
    tables = {name for row in pipeline.features_ for name in row.tables} - {"calendar"}
    missing = sorted(tables - set(settings.tables)) if lacking == "refuse" else []
    differences += [f"tables of the model that are not declared: {', '.join(missing)}"] if missing else []
    if differences:
        raise MismatchError(
            "other-config",
            f'"{path}" was trained with another configuration than "{settings.path}": {"; ".join(differences)}',
            remedy=f"Train a model for this configuration (churnpredict train --config {settings.path}), "
            "or name the configuration of the model with --config.",
        )
    pipeline.language, pipeline.unit = settings.language, settings.plan.unit  # of today's file, not of the day of training
    return pipeline


def rules(trained: Any, declared: Any) -> list[str]:
    """Return how two churn rules differ, setting by setting."""
    if type(trained) is not type(declared):
        return [f"the rule is {type(trained).__name__} in the model and {type(declared).__name__} in the file"]
    differ = []
    for name in (f.name for f in dataclasses.fields(declared)):
        theirs, ours = getattr(trained, name), getattr(declared, name)
        if _meaning(theirs) != _meaning(ours) and not (name == "of" and None in (theirs, ours)):  # without it, the only table is used
            differ.append(f"{name} is {_shown(theirs)} in the model and {_shown(ours)} in the file")
    return differ


def _meaning(setting: Any) -> Any:
    """Return a value in one form: spans written in two ways are equal, and so are lists in another order."""
    if isinstance(setting, (list, tuple)):
        return sorted(map(str, setting))
    try:
        return span(setting, "setting") if isinstance(setting, str) else setting
    except UsageError:
        return setting


def _shown(setting: Any) -> str:
    return "not set" if setting is None or setting == () else f'"{setting}"' if isinstance(setting, str) else str(setting)
