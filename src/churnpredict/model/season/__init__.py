"""The season as a clock: weekly counts in, operational time and an offset per customer out. Knows matrices and counts, never tables."""
