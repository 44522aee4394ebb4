"""What `churnpredict init` makes of the files that people have: profiles, keys, readings, the rule, and the churn.toml that is written."""
