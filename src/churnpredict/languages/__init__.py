"""Sentences, numbers and dates of page, plan and reasons, one file per language; low, so that everything may import it."""
