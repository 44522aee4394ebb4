"""The part of an explanation about pairs: what two drivers add to a risk together, beyond what each adds alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_choice
from churnpredict.errors import UsageError
from churnpredict.explanation.pairs import Halves, PairSource, pair_frame, pair_words, strongest_pairs
from churnpredict.languages.catalogue import Language
from churnpredict.number_checks import check_whole_number
from churnpredict.signatures import Names

__all__ = ["PairReasons"]


class PairReasons:
    """The pairs of an :class:`churnpredict.Explanation`; computed on request, from the model and the rows that it keeps."""

    if TYPE_CHECKING:
        index: pd.Index
        features: list[str]
        keys: list[str]
        table: dict[str, Any]
        by_driver: np.ndarray
        rows: Any
        source: PairSource | None

        @property
        def _secant(self) -> np.ndarray: ...
        def _need_features(self) -> np.ndarray: ...

    @property
    def pairs(self) -> pd.DataFrame:
        """Calibrated log-odds (n, D (D + 1) / 2) per driver alone and per pair of drivers; they sum to ``log_odds - base_value``.

        Column ``(a, a)`` is what driver a adds by itself, ``(a, b)`` what both add together beyond that. Computed when asked for.
        """
        return pair_frame(self.interactions(), list(self.table), self.index)

    @property
    def pair_points(self) -> pd.DataFrame:
        """Probability points per driver alone and per pair of drivers; they sum to ``risk - base_risk``."""
        return self.pairs * self._secant[:, None]

    def interactions(self, by: Literal["features", "drivers"] = "drivers", unit: Literal["log-odds", "points"] = "log-odds") -> np.ndarray:
        """Return exact SHAP interaction values: a symmetric matrix per row.

        Parameters
        ----------
        by : {"features", "drivers"}
        unit : {"log-odds", "points"}

        Returns
        -------
        ndarray (n, D, D) or (n, F, F)
            Each side of the diagonal holds half of a pair's interaction; every row of a matrix sums to the value of its driver or feature,
            so a matrix sums to ``log_odds - base_value`` (``risk - base_risk`` in points).

        Raises
        ------
        UsageError
            ``too-many-pairs``: the matrices of all rows would not fit into 4 GiB; ``only-drivers``.

        References
        ----------
        Lundberg et al. (2020), Nature Machine Intelligence 2, equations 9 to 11; Fujimoto, Kojadinovic and Marichal (2006) for the index.
        """
        check_choice(by, "by", ("features", "drivers"))
        check_choice(unit, "unit", ("log-odds", "points"))
        single = self.by_driver if by == "drivers" else self._need_features()
        matrices = self.pair_halves(by).matrices(single)
        return matrices if unit == "log-odds" else matrices * self._secant[:, None, None]

    def pair_halves(self, by: Literal["features", "drivers"] = "drivers", most: int | None = None) -> Halves:
        """Return all pairs, or the ``most`` strongest by mean points, and one side of the interaction of each."""
        if self.source is None:
            raise UsageError("no-pairs", "this explanation does not know its model", remedy="Call explain(model, X).")
        groups = None if by == "features" else np.array([list(self.table).index(key) for key in self.keys])
        return self.source.halves(self.rows, groups, most=most, weight=self._secant)

    def top_pairs(self, k: int = 10, by: Literal["features", "drivers"] = "features") -> pd.DataFrame:
        """Return the k pairs that move risks most. All pairs are never held at once.

        Returns
        -------
        frame
            first, second; mean_abs_points: mean magnitude of the interaction in probability points; raises_risk_of: share of the rows
            whose risk it raises.
        """
        check_choice(by, "by", ("features", "drivers"))
        k = check_whole_number(k, "k", least=1, what="a whole number of pairs")
        return strongest_pairs(self.pair_halves(by, k), self.features if by == "features" else list(self.table), self._secant)

    def pair_words(
        self, *, language: str | Language = "en", names: Names | None = None, money: Mapping[str, str] | None = None
    ) -> pd.Series:
        """Return sentences on pairs of drivers that raise a risk together, missing where no pair carries a risk.

        Told where both drivers raise the risk, and the pair adds half a point or more and a fifth of what the strongest driver adds.
        """
        return pair_words(cast(Any, self), language=language, names=names, money=money)
