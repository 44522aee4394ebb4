"""The column behind each feature of the catalog is one that its table declares."""

from __future__ import annotations

import churnpredict as cp
from churnpredict.pipeline.source_columns import source_column, sources_of


def test_every_feature_names_a_column_of_its_table() -> None:
    shop = cp.make_business(60, random_state=0)
    pipeline = cp.ChurnPipeline(shop.churn)
    pipeline.training_rows(shop.tables)
    found = sources_of(pipeline.features_, shop.tables)
    there = {f'column "{c}" of table "{name}"' for name, d in shop.tables.declarations.items() for c in d.columns()}
    assert set(found.values()) <= there
    assert {name for name in (f.name for f in pipeline.features_) if name not in found} <= {
        f.name for f in pipeline.features_ if f.table == "calendar"
    }
    assert source_column(cp.Feature("calendar", "season_sin"), shop.tables) is None
    assert source_column(cp.Feature("tickets", "count", "30d", kind="bug"), shop.tables) == 'column "topic" of table "tickets"'
