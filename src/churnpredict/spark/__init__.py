"""The same features, scores and drivers inside Spark: ``from churnpredict import spark``."""

from churnpredict.spark.jobs import SparkTables, build_features, explain, fit, score

__all__ = ["SparkTables", "build_features", "explain", "fit", "score"]
