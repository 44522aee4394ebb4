"""`churnpredict init`: profiles of files, keys, readings, the rule, and the churn.toml that is written."""
