"""Metrics, comparisons, displays, verdicts and the audit, on matrices. The pipeline, monitoring and what stands above may import it."""
