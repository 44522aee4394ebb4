"""Learning from matrices: splits, members, blend, calibration, classifier. It never imports tables."""
