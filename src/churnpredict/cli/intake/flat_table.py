"""Flat tables, one row per customer with the outcome: they have no history, but a script can train on them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from churnpredict.cli.intake.column_words import has_word
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.outcome_columns import tells_whether
from churnpredict.cli.intake.table_profiles import TableProfile, profile_query
from churnpredict.events.source import File, open_source
from churnpredict.events.sources.endings import PARQUET, WORKBOOKS

__all__ = ["flat_recipe"]

_OUTCOME = r"churn|attrit|exited|target|^label$|^outcome$|^y$|^class$"
_LEFT = ("1", "yes", "true", "y", "t", "left", "churned", "exited", "churn", "ja", "oui", "si", "sí", "sim", "tak", "да", "evet")
_MOSTLY = 0.9  # share of texts that are numbers, or of rows on which a column tells the outcome

_RECIPE = """\
import pandas as pd
import churnpredict as cp
from sklearn.model_selection import {folds}, cross_val_predict

X = pd.read_{kind}({path}{options}){index}{numbers}
y = (X.pop({outcome}) == {left}).astype(int)
{late}{groups}print(cp.audit(X, y))
model = cp.ChurnClassifier()  # label 1 means left: column 1 is the risk
folds = {folds}(5, shuffle=True, random_state=0){why_folds}
risk = cross_val_predict(model, X, y, cv=folds{by}, method="predict_proba")[:, 1]  # each customer's risk from a model not trained on them
why = cp.explain(model.fit(X, y), X)
X.assign(risk=risk, why=why.words()).to_csv("scores.csv")
"""


def flat_recipe(source: str | File) -> str:
    """Return a script for a file with an outcome of two values, as a fix; an empty text where the file has none.

    The script leaves out the outcome, what was decided after it (reasons, dates and scores of leaving, columns that say the same), ids and
    names; where customers have several rows, all rows of one are in the same fold.
    """
    opened = open_source(source, "flat")
    names = opened.columns()
    spoken = sorted((c for c in names if _speaks(c)), key=lambda c: (has_word(c, "reason"), len(c)))
    said = opened.read(spoken, spoken) if spoken else pa.table({})
    lefts = {c: left for c in spoken if (left := _left(said[c])) is not None}
    if not lefts:
        return ""
    outcome, left = next(iter(lefts.items()))
    profile = profile_query(source, "flat")
    gone = (said[outcome].cast(pa.string()).to_pandas() == str(left)).to_numpy()
    late = [c for c in names if c != outcome and _decided_after(profile, c, gone)]
    ids = [
        c
        for c in names
        if (is_id(c) or has_word(c, "customer")) and c not in (outcome, *late) and not profile.columns[c].says("value", "quantity")
    ]
    own = [c for c in ids if profile.columns[c].unique]
    repeated = [
        c for c in ids if c not in own and has_word(c, "customer") and profile.rows / 20 < profile.columns[c].distinct < profile.rows
    ]
    kept = [c for c in names if c not in (outcome, *own[:1], *repeated, *late)]
    texts = {c: profile.table[c].to_pandas() for c in kept if _is_text(profile, c)}
    # One blank or dash turns every number of a column into text; names are not useful features.
    numbers = [
        c for c in kept if (c in texts and pd.to_numeric(texts[c], errors="coerce").notna().mean() > _MOSTLY) or _has_gaps(profile, c)
    ]
    unlike = [c for c, text in texts.items() if c not in numbers and text.nunique() > profile.rows / 2]
    path = str(source.path if isinstance(source, File) else source)
    script = _RECIPE.format(
        kind="parquet" if path.lower().endswith(PARQUET) else "excel" if path.lower().endswith(WORKBOOKS) else "csv",
        path=repr(Path(path).as_posix()),
        options=_options(source),
        index="".join([f".set_index({own[0]!r})" if own else "", f".drop(columns={unlike!r})" if unlike else ""]),
        numbers=f'\nX[{numbers!r}] = X[{numbers!r}].apply(pd.to_numeric, errors="coerce")' if numbers else "",
        outcome=repr(outcome),
        left=repr(left),
        late=f"X = X.drop(columns={late!r})  # written after the outcome, or equal to it\n" if late else "",
        groups=f"who = X.pop({repeated[0]!r})\n" if repeated else "",
        folds="StratifiedGroupKFold" if repeated else "StratifiedKFold",
        why_folds="  # all rows of a customer in one fold" if repeated else "",
        by=", groups=who" if repeated else "",
    )
    return f"Give the log that the table was made from, or train on it in Python:\n\n{script}\n"


def _speaks(name: str) -> bool:
    return (
        re.search(_OUTCOME, name.lower()) is not None
        or has_word(name, "leaving")
        or re.search("churn|attrit|exited", name.lower()) is not None
    )


def _decided_after(profile: TableProfile, name: str, gone: npt.NDArray[np.bool_]) -> bool:
    """Return whether a column was written when the outcome was known: by its name, or because it equals the outcome."""
    column = profile.columns[name]
    return column.kind != "empty" and (column.says("leaving", "reason") or _speaks(name) or tells_whether(column, gone) > _MOSTLY)


def _is_text(profile: TableProfile, name: str) -> bool:
    return bool(pa.types.is_string(profile.table[name].type))


def _has_gaps(profile: TableProfile, name: str) -> bool:
    """Return whether there are numbers and gaps between them, for which the file may have a word that makes texts of all of them."""
    values = profile.table[name]
    return pa.types.is_floating(values.type) and values.null_count > 0 and profile.columns[name].kind == "number"


def _options(source: str | File) -> str:
    """Return the options of a file under pandas' names."""
    if not isinstance(source, File):
        return ""
    called: dict[str, Any] = {
        "sep": source.delimiter,
        "encoding": source.encoding,
        "decimal": source.decimal if source.decimal == "," else None,
        "thousands": source.thousands,
        "skiprows": source.skip_rows or None,
        "skipfooter": source.footer_rows or None,
        "engine": "python" if source.footer_rows else None,
        "names": list(source.column_names) or None,
    }
    return "".join(f", {name}={value!r}" for name, value in called.items() if value is not None)


def _left(column: pa.ChunkedArray) -> object:
    """Return which of two values means that somebody left: the one whose word means it, else the rarer one; None where there are
    not two.
    """
    counts = {row["values"].as_py(): row["counts"].as_py() for row in column.value_counts() if row["values"].as_py() is not None}
    if len(counts) != 2:
        return None
    said = [v for v in counts if str(int(v) if isinstance(v, (bool, float)) else v).strip().lower() in _LEFT]
    left = said[0] if len(said) == 1 else min(counts, key=lambda v: counts[v])
    read: dict[object, object] = {"True": True, "False": False, **{str(n): n for n in (-1, 0, 1, 2, 0.0, 1.0)}}  # by pandas, of a text
    return read.get(left, left)
