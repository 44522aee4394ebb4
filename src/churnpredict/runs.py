"""Runs on disk: tables larger than memory, kept histories, features and scores in files. A part of the public face."""

from __future__ import annotations

from churnpredict.events.history.kept_tables import open_history
from churnpredict.events.partitions import scan_tables
from churnpredict.events.sources.upserts import Upsert
from churnpredict.features.write import write_features
from churnpredict.score_runs.batch import write_scores
from churnpredict.score_runs.forgetting import forget
from churnpredict.score_runs.runs import read_scores

__all__ = ["Upsert", "forget", "open_history", "read_scores", "scan_tables", "write_features", "write_scores"]
