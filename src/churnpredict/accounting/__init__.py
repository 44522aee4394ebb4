"""Rates, revenue, cohorts, tenure and horizons, in hindsight. Features, churn and the pipeline may not import it."""
