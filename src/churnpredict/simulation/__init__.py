"""Businesses whose truth is known. The demo, tests and notebooks import it."""
