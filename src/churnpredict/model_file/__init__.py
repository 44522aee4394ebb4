"""A model as a file without code: archive, schema, serialising, signing. The pipeline and the rooms above it may import it."""
