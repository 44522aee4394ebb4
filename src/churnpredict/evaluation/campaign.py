"""Campaign: what contacting customers costs and brings, as given or as assumed."""

from __future__ import annotations

from dataclasses import dataclass

from churnpredict.figures import given, percent
from churnpredict.number_checks import check_number, check_share

__all__ = ["ASSUMED", "Campaign"]


@dataclass(frozen=True)
class Campaign:
    """Costs of a contact, and its gain if the customer stays; all amounts in one unit of your choice.

    Attributes
    ----------
    value : float
        Value of a kept customer over the horizon.
    offer_cost : float
        The offer, paid to everybody who takes it.
    contact_cost : float
        Reaching one customer.
    acceptance : float
        Share of customers about to leave whom the offer keeps.

    Raises
    ------
    UsageError
        ``bad-argument``: an amount that is missing, infinite or negative, or a share above 1.

    Examples
    --------
    >>> print(Campaign(value=500, offer_cost=20, contact_cost=2))
    a customer is worth 500, an offer costs 20, a contact 2, 30 % of offers keep a leaver
    """

    value: float
    offer_cost: float
    contact_cost: float
    acceptance: float = 0.3

    def __post_init__(self) -> None:
        for name, said in list(vars(self).items()):
            number = check_share(said, name) if name == "acceptance" else check_number(said, name, least=0)
            object.__setattr__(self, name, number)

    def __str__(self) -> str:
        return (
            f"a customer is worth {given(self.value)}, an offer costs {given(self.offer_cost)}, a contact {given(self.contact_cost)}, "
            f"{percent(self.acceptance)} of offers keep a leaver"
        )

    @property
    def amounts(self) -> dict[str, float]:
        """The three amounts, as the metrics take them."""
        return {"value": self.value, "offer_cost": self.offer_cost, "contact_cost": self.contact_cost}


ASSUMED = Campaign(value=200.0, offer_cost=10.0, contact_cost=1.0)  # of Verbraken, Verbeke and Baesens (2013); shown wherever it is used
