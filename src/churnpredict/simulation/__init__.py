"""Simulated businesses with known true risks. The demo, tests and notebooks import it."""
