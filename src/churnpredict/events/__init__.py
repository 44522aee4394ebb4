"""Left wing, ground floor: what happened."""
