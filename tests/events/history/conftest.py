"""Sources that change from day to day, for the tests of a kept history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.laws.days import Sources


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "sources", np.random.default_rng(5))
