"""Metrics, comparisons, displays, verdicts and the audit, on matrices. The pipeline, monitoring and the rooms above may import it."""
