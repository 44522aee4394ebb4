"""Left wing, upper floor: what was known at each cutoff."""
