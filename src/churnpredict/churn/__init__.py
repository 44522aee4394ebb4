"""Churn rules, snapshots, outcomes and treatments, all point in time. Accounting, features and the rooms above them may import it."""
