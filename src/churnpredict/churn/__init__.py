"""Rules, snapshots, outcomes and treatments: point in time. Accounting, features and what stands above them may import it."""
