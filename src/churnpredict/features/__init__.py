"""Features known at each cutoff. The pipeline and what stands above it may import it."""
