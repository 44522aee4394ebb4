"""Scoring runs that are whole or absent: partitions, writers, resuming, forgetting."""
