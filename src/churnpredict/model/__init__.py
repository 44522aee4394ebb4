"""Models that learn from matrices: splits, members, blend, calibration, classifier. It never imports tables."""
