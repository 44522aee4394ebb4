"""The command line, churn.toml, `init` and `demo`. Nothing may import it."""
