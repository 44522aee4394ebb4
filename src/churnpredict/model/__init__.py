"""Right wing, ground floor: learning from a matrix; knows no table."""
