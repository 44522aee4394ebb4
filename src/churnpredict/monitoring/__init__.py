"""Drift checks, realised outcomes and drift statistics. Lifecycle, report and the command line may import it."""
