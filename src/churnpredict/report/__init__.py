"""The page that managers read: collecting its parts, sections, charts, display formats. The command line may import it."""
