"""A model as a file without code: archive, schema, serialising, signing. The pipeline and what stands above it may import it."""
