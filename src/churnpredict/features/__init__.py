"""Compute features known at each cutoff, and define your own. The pipeline and the rooms above it may import it."""

from churnpredict.features.build import build_features
from churnpredict.features.catalog import catalog
from churnpredict.features.custom import OwnFeature, aggregate
from churnpredict.features.feature import Feature

__all__ = ["Feature", "OwnFeature", "aggregate", "build_features", "catalog"]
