"""A flat table, one row per customer with the outcome beside: no history can be made of it, but a script that trains on it can be told."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa

from churnpredict.events.source import open_source

__all__ = ["flat_recipe"]

_OUTCOME = r"churn|cancel|attrit|exited|lapsed|^left$|target|^label$|^outcome$|^y$"
_LEFT = ("1", "yes", "true", "y", "t", "left", "churned", "exited", "churn")
_ID = r"(^|_| )(id|no|nr|key)$|[a-z]I[dD]$|customer|client|user|account|member|subscri"

_MOSTLY = 0.9  # of a column of texts that are numbers

_RECIPE = """\
import pandas as pd
import churnpredict as cp
from sklearn.model_selection import cross_val_predict

X = pd.read_{kind}({path}){index}{numbers}
y = (X.pop({outcome}) == {left}).astype(int)
print(cp.audit(X, y))
model = cp.ChurnClassifier()  # of the labels 0 and 1, 1 means left: column 1 is the risk
risk = cross_val_predict(model, X, y, cv=5, method="predict_proba")[:, 1]  # of everybody by a model that has not seen them
why = cp.explain(model.fit(X, y), X)
X.assign(risk=risk, why=why.words()).to_csv("scores.csv")
"""


def flat_recipe(path: str) -> str:
    """A script for a file with an outcome of two values, as a remedy; an empty text where the file has none."""
    source = open_source(path, "flat")
    spoken = [c for c in source.columns() if re.search(_OUTCOME, c.lower())]
    table = source.read(source.columns())
    said = source.read(spoken, spoken) if spoken else table  # "yes" stays the text that it is
    lefts = {c: left for c in spoken if (left := _left(said[c])) is not None}
    if not lefts:
        return ""
    outcome, left = next(iter(lefts.items()))
    ids = [c for c in table.column_names if re.search(_ID, c) and c != outcome and len(table[c].unique()) == table.num_rows]
    texts = {c: table[c].to_pandas() for c in table.column_names if c not in (outcome, *ids[:1]) and pa.types.is_string(table[c].type)}
    # One blank among them makes a text of every number of a column; names and the like teach nothing.
    numbers = [c for c, text in texts.items() if pd.to_numeric(text, errors="coerce").notna().mean() > _MOSTLY]
    unlike = [c for c, text in texts.items() if c not in numbers and text.nunique() > table.num_rows / 2]
    script = _RECIPE.format(
        kind="parquet" if path.lower().endswith((".parquet", ".pq")) else "csv",
        path=repr(Path(path).as_posix()),
        index="".join([f".set_index({ids[0]!r})" if ids else "", f".drop(columns={unlike!r})" if unlike else ""]),
        numbers=f'\nX[{numbers!r}] = X[{numbers!r}].apply(pd.to_numeric, errors="coerce")' if numbers else "",
        outcome=repr(outcome),
        left=repr(left),
    )
    return f"Give the log it was made from, or train on it in Python:\n\n{script}\n"


def _left(column: pa.ChunkedArray) -> object:
    """Which of two values means that somebody left: the one that says so, else the rarer one; None where there are not two."""
    counts = {row["values"].as_py(): row["counts"].as_py() for row in column.value_counts() if row["values"].as_py() is not None}
    if len(counts) != 2:
        return None
    said = [v for v in counts if str(int(v) if isinstance(v, (bool, float)) else v).strip().lower() in _LEFT]
    left = said[0] if len(said) == 1 else min(counts, key=lambda v: counts[v])
    read: dict[object, object] = {"True": True, "False": False, **{str(n): n for n in (-1, 0, 1, 2, 0.0, 1.0)}}  # by pandas, of a text
    return read.get(left, left)
