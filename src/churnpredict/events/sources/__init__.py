"""The kinds of source, one file each: the only folder that may name a database, a frame library or a file format."""
