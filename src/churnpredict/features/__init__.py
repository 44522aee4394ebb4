"""Features known at each cutoff. The pipeline and the rooms above it may import it."""
