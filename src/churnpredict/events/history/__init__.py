"""A kept history: sorted rows on disk from one run to the next, of which only what has changed is read again."""
