"""The likelihood of weekly intensities, against a slow one customer by customer; what may not pass for season."""

import numpy as np
import pytest

from churnpredict.model.season.intensity import AGES, Likelihood, estimate_intensity
from churnpredict.model.season.week_counts import SCALE, WeekCounts

WEEKS = 9


def _cells(seed: int = 0):
    """Customers as (first, last, counts of the weeks); first -1 lies before the weeks."""
    rng = np.random.default_rng(seed)
    people = []
    for _ in range(40):
        first, last = sorted(rng.choice(np.arange(-1, WEEKS), 2, replace=False))
        if last - first >= 2:
            people.append((first, last, np.where((np.arange(WEEKS) > first) & (np.arange(WEEKS) < last), rng.poisson(2, WEEKS), 0)))
    return people


def _log_likelihood(theta, people):
    """The multinomial log likelihood, one customer after the other, from its definition."""
    u, age, total = theta[:WEEKS], theta[WEEKS:], 0.0
    for first, last, counts in people:
        inside = np.arange(first + 1, last)
        z = u[inside] + sum(a * np.exp(-(inside - first) / scale) for a, scale in zip(age, AGES, strict=True))
        total += counts[inside] @ (z - np.log(np.exp(z).sum()))
    return total


def _arrays(people):
    total, weekly = np.zeros((WEEKS + 1, WEEKS)), np.zeros((WEEKS + 1, WEEKS))
    for first, last, counts in people:
        total[first + 1, last] += counts.sum()
        weekly[first + 1] += counts
    return total, weekly


def _slope(function, theta, j, step=1e-5):
    ahead, back = theta.copy(), theta.copy()
    ahead[j] += step
    back[j] -= step
    return (function(ahead) - function(back)) / (2 * step)


@pytest.mark.parametrize("seed", range(4))
def test_gradient_and_hessian_are_those_of_the_definition(seed):
    people = _cells(seed)
    likelihood = Likelihood(*_arrays(people))
    theta = np.random.default_rng(seed).normal(0, 0.7, WEEKS + len(AGES))
    gradient, hessian = likelihood.at(theta)
    n = len(theta)
    assert gradient == pytest.approx([_slope(lambda t: _log_likelihood(t, people), theta, j) for j in range(n)], abs=1e-5)
    numeric = np.array([_slope(lambda t: -likelihood.at(t)[0], theta, j) for j in range(n)])
    assert hessian == pytest.approx(numeric, abs=1e-5)
    assert hessian == pytest.approx(hessian.T)


def test_a_planted_fault_in_the_running_sums_is_caught():
    """Counting the last week as an inner one gives another gradient than the definition."""
    people = _cells(1)
    total, weekly = _arrays(people)
    wrong = np.zeros_like(total)
    wrong[:, 1:] = total[:, :-1]  # every last week one later
    theta = np.linspace(-1, 1, WEEKS + len(AGES))
    truth = [_slope(lambda t: _log_likelihood(t, people), theta, j) for j in range(WEEKS)]
    assert Likelihood(wrong, weekly).at(theta)[0][:WEEKS] != pytest.approx(truth, abs=1e-3)


def _simulated(rate, *, n=4000, weeks=120, seed=0, growing=False, leaving=0.02):
    """Counts of customers with rates of their own who join, are active at ``rate(week)`` times theirs, and leave."""
    rng = np.random.default_rng(seed)
    by_ends, by_first = np.zeros((weeks + 1, weeks), np.int64), np.zeros((weeks + 1, weeks), np.int64)
    intensity = np.array([rate(k) for k in range(weeks)])
    for _ in range(n):
        start = int(weeks * (np.sqrt(rng.random()) if growing else rng.random()))
        end = min(weeks, start + 1 + rng.geometric(leaving))
        counts = np.zeros(weeks, np.int64)
        counts[start:end] = rng.poisson(rng.gamma(2, 0.15) * intensity[start:end])
        active = np.flatnonzero(counts)
        if len(active) < 3:
            continue
        inner = active[1:-1]
        weight = int(SCALE / (1 + counts[inner].sum() / 20) + 0.5)
        first, last = weeks - 1 - active[0], weeks - 1 - active[-1]
        by_ends[first, last] += weight * counts[inner].sum()
        by_first[first, weeks - 1 - inner] += weight * counts[inner]
    return WeekCounts(0, by_ends, by_first, np.ones(7, np.int64), n, weeks * 7)


@pytest.mark.parametrize("growing", [False, True])
def test_growth_and_churn_do_not_pass_for_season(growing):
    found = estimate_intensity(_simulated(lambda _: 1.0, growing=growing))
    steady = found.u[40:-10]  # a business that grows has few customers before
    trend = np.polyfit(np.arange(len(steady)) / 52, steady, 1)[0]
    assert abs(trend) < 0.08  # per year, while the business triples where it grows
    assert np.std(steady) < 0.1


def test_a_wave_is_found():
    found = estimate_intensity(_simulated(lambda k: np.exp(0.5 * np.sin(2 * np.pi * k / 52))))
    wave = 0.5 * np.sin(2 * np.pi * np.arange(120) / 52)
    inside = slice(10, -10)
    assert np.corrcoef(found.u[inside], wave[inside])[0, 1] > 0.97
    assert np.polyfit(wave[inside], found.u[inside], 1)[0] == pytest.approx(1, abs=0.12)


def test_few_weeks_say_nothing():
    empty = np.zeros((6, 5), np.int64)
    assert estimate_intensity(WeekCounts(0, empty, empty, np.ones(7, np.int64), 0, 35)) is None
