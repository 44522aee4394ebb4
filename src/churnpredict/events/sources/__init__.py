"""Kinds of source, one file each: only this folder may use a database, a frame library or a file format."""
