"""The README's first lines, for a strict type checker."""

from typing import assert_type

import pandas as pd

import churnpredict as cp

business = cp.make_business(300, random_state=5, rule="cancellation")  # simulated: bring your own frames, files or queries
tables, churn = business.tables, business.churn
pipeline = cp.ChurnPipeline(churn, every="60d").fit(tables, until="2024-04-01")
scores = pipeline.score(tables, at="2024-04-01")
scores.head()

# what each says it is

assert_type(pipeline, cp.ChurnPipeline)
assert_type(scores, cp.Scores)
assert_type(pipeline.features_at(tables), pd.DataFrame)
assert_type(cp.runs.read_scores("scores"), cp.Scores)
assert_type(cp.load("churn.model"), cp.ChurnPipeline)
assert_type(pipeline.explain(tables), cp.Explanation)
assert_type(cp.churn_rate(tables, churn), cp.accounting.Accounts)
