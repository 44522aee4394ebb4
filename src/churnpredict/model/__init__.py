"""Learning: splits, baselines, metrics, calibration and the classifier; knows matrices, never tables."""
