"""Pictures of revenue: the steps of the bridge lead from its start to its end."""

import matplotlib as mpl
import pytest

from churnpredict.accounting import RevenueBridge
from churnpredict.errors import UsageError

mpl.use("Agg")
ROWS = {
    "period": ["2024Q1", "2024Q1", "2024Q2", "2024Q2"],
    "owner": ["Ann", "Bob"] * 2,
    "start": [100.0, 50.0, 80.0, None],
    "new": [10.0, 0.0, 0.0, None],
    "expansion": [5.0, 0.0, 0.0, None],
    "contraction": [5.0, 0.0, 0.0, None],
    "churn": [20.0, 0.0, 40.0, None],
    "returned": [0.0, 10.0, 0.0, None],
    "moved": [-10.0, 10.0, 0.0, None],
    "end": [80.0, 70.0, 40.0, None],
}


def heights(figure):
    return {bar.get_gid(): bar.get_height() for ax in figure.axes for bar in ax.patches}


def test_the_bridge_of_the_newest_period_and_of_a_group():
    bridge = RevenueBridge(ROWS)
    figure = bridge.plot(unit="€", group="Ann", period="2024Q1")
    steps = heights(figure)
    assert steps == {
        **{"at the start": 100.0, "new": 10.0, "came back": 0.0, "pay more": 5.0, "pay less": -5.0},
        **{"lost customers": -20.0, "changed groups": -10.0, "at the end": 80.0},
    }
    assert "2024Q1: revenue of Ann went from €100 to €80 (20 % less); €20 left with customers" in figure.alt_text
    whole = heights(bridge.plot(period="2024Q1", theme="dark"))
    assert (whole["at the start"], whole["at the end"]) == (150.0, 150.0)
    assert "changed groups" not in whole, "what one group loses the other has"
    assert heights(bridge.plot())["at the end"] == 40.0
    with pytest.raises(UsageError, match=r"group is 'Cid'.*There are Ann, Bob.*no-such-group"):
        bridge.plot(group="Cid")
    with pytest.raises(UsageError, match=r"Take one of 2024Q1, 2024Q2.*no-period"):
        bridge.plot(period="2023Q1")
    with pytest.raises(UsageError, match="no-such-group"):
        RevenueBridge({k: v for k, v in ROWS.items() if k != "owner"}).plot(group="Ann")
    assert RevenueBridge(ROWS).iloc[3:].plot().alt_text.startswith("There is no revenue to follow")


def test_money_is_shown_with_its_cents_where_there_are_any():
    bridge = RevenueBridge(ROWS)
    assert "100.00" not in repr(bridge)
    assert "0.50" in repr(bridge.assign(churn=0.5))
    assert bridge.cents["moved"].tolist()[:3] == [-1000, 1000, 0]
    bridge.decimals = 0
    assert bridge.iloc[:2].cents["start"].tolist() == [100, 50], "digits are kept by parts"
