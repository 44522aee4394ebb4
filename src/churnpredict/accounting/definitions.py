"""Definitions of other subscription analytics: each as its own documentation says, read on the day that docs/how/revenue.md names."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LIKE", "Definition"]


@dataclass(frozen=True)
class Definition:
    """What counts as what in a revenue bridge. None: the documentation does not say, and what would depend on it is refused.

    Attributes
    ----------
    name : str
        Whose it is.
    changes : {"net", "day", "each"}
        What is one change: the end of a period against its start, that of a day, or every change.
    leaves : {"contract", "cancellation"}
        When revenue ends: with the contract, or when the customer cancels, however long the contract runs.
    trials : {"free", "amount"}
        Whether trials pay nothing, or what their amounts say.
    free : {"churn", "contraction"} or None
        What a change from paid to free contracts is.
    after_free : {"returned", "new"}
        What a customer is who paid before, has had a free contract since, and pays again.
    pauses : {"on", "contraction", "churn"} or None
        What a pause is; "on": revenue runs on.
    short : {"counted", "ignored"}
        What becomes of customers who join and leave in one calendar month.
    gross, net, customers : bool
        Whether churn rates of revenue and of customers are documented.
    newcomers : bool
        Whether customers who have joined in a period are added to those at its start, in the churn rate of customers.
    all_losses : bool
        Whether that rate counts customers who joined or came back in the period too.
    returned : bool
        Whether customers who came back lower the net churn rate of revenue.
    """

    name: str = ""
    changes: str = "net"
    leaves: str = "cancellation"
    trials: str = "free"
    free: str | None = "churn"
    after_free: str = "returned"
    pauses: str | None = "contraction"
    short: str = "counted"
    gross: bool = False
    net: bool = False
    customers: bool = False
    newcomers: bool = False
    all_losses: bool = True
    returned: bool = False


LIKE = {
    "chartmogul": Definition(
        "ChartMogul",
        changes="each",
        leaves="contract",
        free="contraction",
        pauses="on",
        gross=True,
        net=True,
        customers=True,
        all_losses=False,
        returned=True,
    ),
    "stripe": Definition("Stripe", changes="each", pauses=None, customers=True, newcomers=True),
    "baremetrics": Definition(
        "Baremetrics",
        changes="day",
        leaves="contract",
        trials="amount",
        after_free="new",
        pauses=None,
        gross=True,
        net=True,
        customers=True,
    ),
    "profitwell": Definition("ProfitWell", changes="each", leaves="contract", free=None, pauses="contraction", short="ignored"),
}
