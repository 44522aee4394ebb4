"""What an explanation keeps: parts of it are explanations, and none of its displays names a customer."""

import numpy as np

from churnpredict.explanation.attribution import explain
from churnpredict.figures import percent


def test_parts(book):
    model, X, _ = book
    why = explain(model, X.iloc[:20])
    for rows, places in [(slice(2, 5), [2, 3, 4]), (np.arange(20) % 7 == 0, [0, 7, 14]), ([4, 1], [4, 1]), (3, [3])]:
        part = why[rows]
        assert part.index.equals(X.index[:20][places])
        np.testing.assert_array_equal(part.by_driver, why.by_driver[places])
        assert part.points.equals(why.points.iloc[places])
        assert part.frame().equals(X.iloc[:20].iloc[places])


def test_looks_name_no_customer(book):
    model, X, _ = book
    why = explain(model, X.iloc[:30].rename(index={3: 987654321}, level=0))
    for text in (repr(why), why._repr_html_()):
        assert "987654321" not in text
        assert "Habit" in text
        assert percent(why.base_risk) in text
    assert "<p>" in why._repr_html_()
