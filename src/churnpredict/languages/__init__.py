"""Sentences, numbers and dates of the page, the plan and the reasons, one file per language; stands low, so that everything may import it."""
