"""Our quantities beside those of other tools: one module per tool here, its side of the comparison under the same name in ``others``."""
