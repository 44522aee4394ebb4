"""The risk of accounts from those of their people: bounds that hold by hand, and calibrated in a world whose correlation is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

import churnpredict as cp
from churnpredict.accounting import account_risk
from churnpredict.errors import IdentityError, SchemaError, UsageError


def world(shared, seed, n_accounts=4000):
    """People of accounts, their true risks, and who left: a part of what decides is common to an account."""
    home = np.repeat(np.arange(n_accounts), np.random.default_rng(n_accounts).integers(1, 6, n_accounts))  # the same people at all times
    rng = np.random.default_rng(seed)
    risk = np.clip(rng.beta(2, 4, n_accounts)[home] + rng.uniform(-0.1, 0.1, len(home)), 0.02, 0.9)
    both = np.sqrt(shared) * rng.standard_normal(n_accounts)[home] + np.sqrt(1 - shared) * rng.standard_normal(len(home))
    frame = pd.DataFrame({"customer_id": np.arange(len(home)), "risk": risk, "outcome": (both < ndtri(risk)).astype(int)})
    return frame, pd.Series(home, index=frame["customer_id"])


@pytest.mark.parametrize("shared", [0.0, 0.3, 0.7])
def test_calibrated_where_people_leave_together(shared):
    past, home = world(shared, 0)
    now, _ = world(shared, 1)
    found = account_risk(now.drop(columns="outcome"), home, past=past)
    lost = now.groupby(home.to_numpy())["outcome"].min()
    seen = lost.loc[found["account"]].to_numpy()
    assert abs(found["risk"].mean() - seen.mean()) < 0.012
    for part in np.array_split(np.arange(len(found)), 4):
        assert abs(found["risk"].to_numpy()[part].mean() - seen[part].mean()) < 0.035
    means = now.groupby(home.to_numpy())["risk"].mean().to_numpy()
    assert means.mean() - seen.mean() > 0.08, "a mean of the risks says far too much"
    product = now.groupby(home.to_numpy())["risk"].prod().to_numpy()
    assert abs(product.mean() - seen.mean()) < 0.012 or shared > 0, "and a product too little, where people leave together"
    assert shared == 0 or seen.mean() - product.mean() > 0.02


def test_between_the_product_and_the_lowest():
    now = pd.DataFrame({"customer_id": ["a", "b", "c"], "risk": [0.4, 0.3, 0.2]})
    home = {"a": "A", "b": "A", "c": "B"}
    past, homes = world(0.0, 2)
    past, both = past.assign(customer_id=past["customer_id"].astype(str)), {**home, **{str(k): v for k, v in homes.items()}}
    alone = account_risk(now, both, past=past).set_index("account")
    assert alone.loc["A", "risk"] == pytest.approx(0.12, abs=0.01)
    assert alone.loc["B", "risk"] == pytest.approx(0.2, abs=1e-9), "one person: their own risk"
    assert alone.loc["A", ["people", "leaving"]].tolist() == [2, pytest.approx(0.7)]
    past, homes = world(0.99, 2)
    past, both = past.assign(customer_id=past["customer_id"].astype(str)), {**home, **{str(k): v for k, v in homes.items()}}
    assert account_risk(now, both, past=past).set_index("account").loc["A", "risk"] == pytest.approx(0.29, abs=0.02)


def test_order_does_not_matter_and_people_without_an_account_are_left_out():
    past, home = world(0.3, 3, n_accounts=300)
    mixed = past.sample(frac=1, random_state=0)
    one, two = account_risk(past, home, past=past), account_risk(mixed, home, past=mixed)
    np.testing.assert_allclose(one.set_index("account")["risk"].sort_index(), two.set_index("account")["risk"].sort_index(), atol=1e-12)
    some = account_risk(past, home[home < 10], past=past)
    assert sorted(some["account"]) == list(range(10))


def test_bad_input_is_refused():
    past, home = world(0.3, 3, n_accounts=50)
    with pytest.raises(SchemaError, match="missing-column"):
        account_risk(past, home, past=past.drop(columns="outcome"))
    with pytest.raises(UsageError, match=r"3 of .*\[bad-risk\]"):
        account_risk(past.assign(risk=past["risk"].mask(past.index < 3, 2.0)), home, past=past)
    with pytest.raises(IdentityError, match="id-types-differ"):
        account_risk(past, home.rename(index=str), past=past)
    with pytest.raises(UsageError, match="bad-argument"):
        account_risk(home, home, past=past)
    assert callable(cp.accounting.account_risk)
