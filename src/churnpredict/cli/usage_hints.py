"""Suggest what to type instead of a command line that the parser refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["hint_for", "usage_hint"]

# What the steps are called elsewhere -> the command
CALLED = {
    **dict.fromkeys(("fit", "learn", "build"), "train"),
    **dict.fromkeys(("predict", "run", "infer"), "score"),
    **dict.fromkeys(("evaluate", "eval", "test", "validate"), "backtest"),
    **dict.fromkeys(("plan", "explain", "page"), "report"),
    **dict.fromkeys(("start", "new", "setup", "config"), "init"),
    **dict.fromkeys(("models", "registry", "rollback"), "history"),
    **dict.fromkeys(("monitor", "watch"), "drift"),
    **dict.fromkeys(("audit", "verify"), "check"),
    **dict.fromkeys(("forecast", "survival", "curves", "staying"), "when"),
    **dict.fromkeys(("states", "moves", "matrix", "migration", "lifecycle"), "transitions"),
    **dict.fromkeys(("clv", "ltv", "lifetime", "purchases"), "expected"),
}


def usage_hint(message: str, given: list[str], commands: Iterable[str]) -> str:
    """Return a sentence that names the right call, or nothing where the message of the parser is enough.

    Parameters
    ----------
    message : str
        Message of the parser.
    given : list of str
        The arguments that were typed.
    commands : iterable of str
        The commands that there are.

    >>> usage_hint("No such command 'fit'.", ["fit"], ["train", "score"])
    'To train a model: churnpredict train'
    >>> usage_hint("Got unexpected extra argument(s) (orders.csv)", ["train", "orders.csv"], ["train", "init"])
    'Tables are named in churn.toml. To write one: churnpredict init orders.csv'
    """
    known = tuple(commands)
    if found := re.match(r"No such command '(.+?)'", message):
        meant = CALLED.get(found[1].lower(), "")
        named = f"{PURPOSE[meant]}: churnpredict {meant}" if meant in known else "All commands: churnpredict --help"
        return "" if "Did you mean" in message else named
    command = next((word for word in given if word in known), "")
    if command and (found := re.match(r"Got unexpected extra argument\(?s?\)? \((\S+?)[ )]", message)):
        return _misplaced_file(found[1], command)
    if command and (found := re.match(r"No such option:? '?(-[\w-]+)", message)):
        return _misplaced_option(found[1], given, command)
    return ""


def hint_for(app: Any, given: list[str]) -> Callable[[str], str]:
    """Return :func:`usage_hint` for the commands of an application and what was typed."""
    commands = [c.name or c.callback.__name__.replace("_", "-") for c in app.registered_commands]
    return lambda message: usage_hint(message, given, commands)


def _misplaced_file(file: str, command: str) -> str:
    if file.endswith(".toml"):
        return f"The configuration is an option: churnpredict {command} --config {file}"
    if file.endswith(".model"):
        return f"The model file is an option: churnpredict {command} --model {file}"
    return f"Tables are named in churn.toml. To write one: churnpredict init {file}" if "." in file else ""


def _misplaced_option(option: str, given: list[str], command: str) -> str:
    before, after = given[: given.index(command)], given[given.index(command) + 1 :]
    if option not in {word.partition("=")[0] for word in before}:
        return ""
    return f"Options stand after the command: churnpredict {' '.join([command, *before, *after])}"


PURPOSE = {
    "train": "To train a model",
    "score": "To score customers",
    "backtest": "To test the model at past cutoffs",
    "report": "To write the page with plan and reasons",
    "init": "To write a churn.toml",
    "history": "To list the models that were in use",
    "drift": "To find what has changed since training",
    "check": "To validate the data and look for leaks",
    "when": "To see when customers will leave",
    "expected": "To see what customers will buy",
    "transitions": "To see how customers moved between states",
}
