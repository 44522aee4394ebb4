"""Right wing, upper floor: why."""
