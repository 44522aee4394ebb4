"""Law 8 in plain Python, one row at a time, with nothing taken from the library but what is being checked."""

import math

TOLERANCE = 1e-9


def probability(z):
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


def violations(why, scored):
    """Rows on which drivers do not sum to the calibrated log-odds ``scored``, or points not to p - p0.

    ``scored`` comes from the model, never from the explanation.
    """
    bad = []
    p0 = probability(why.base_value)
    table = why.drivers
    points = why.points
    for i, z in enumerate(scored):
        size = max(1.0, abs(z))
        log_odds = why.base_value + math.fsum(table.iloc[i])
        moved = math.fsum(points.iloc[i])
        if abs(log_odds - z) > TOLERANCE * size:
            bad.append((i, "log-odds", log_odds - z))
        if abs(moved - (probability(z) - p0)) > TOLERANCE:
            bad.append((i, "points", moved - (probability(z) - p0)))
        if any(a * b < 0 for a, b in zip(table.iloc[i], points.iloc[i], strict=True)):
            bad.append((i, "sign", None))
        if why.by_feature is not None:
            for key in table.columns:
                one = math.fsum(v for name, v in zip(why.keys, why.by_feature[i], strict=True) if name == key)
                if abs(one - table[key].iloc[i]) > TOLERANCE * size:
                    bad.append((i, key, one))
    return bad
