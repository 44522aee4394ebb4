"""The command line, churn.toml, `init` and `demo`. Nothing imports it."""
