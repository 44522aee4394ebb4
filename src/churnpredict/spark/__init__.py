"""The same features, scores and drivers inside Spark: ``from churnpredict import spark``."""

from churnpredict.spark.forgetting import forget
from churnpredict.spark.jobs import build_features, explain, fit, score
from churnpredict.spark.tables import SparkTables

__all__ = ["SparkTables", "build_features", "explain", "fit", "forget", "score"]
