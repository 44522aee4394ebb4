"""Files whose customers are hard to find: by e-mail, by telephone, by the organization behind the users, beside postcodes and types.

Each registers itself among the cases of :mod:`tests.cli.door_cases`; the tables hold half of its customers.
"""
# ruff: noqa: E501 - a row of a file is one line

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tests.cli.door_cases import END, D, P, case, comma, lines

D2, P2 = D[D["who"] % 2 == 0], P[P["who"] % 2 == 0]


def day(moment: pd.Timestamp, gone: bool = True, form: str = "%Y-%m-%d") -> str:
    return f"{moment:{form}}" if gone else ""


@case(
    subscribers__kind="customers",
    subscribers__customer="EMAIL",
    opens__customer="Email",
    opens__item="Campaign",
    churn__of="subscribers_left",
)
def newsletter_by_mail(folder: Path) -> None:
    """Nothing but the address names the subscriber; a campaign is what was sent to many."""
    people = [
        f"u{r.who}@x.example,{'unsubscribed' if r.gone else 'subscribed'},{day(r.first)},{day(r.last, r.gone)},{['en', 'de', 'fr'][r.Index % 3]}"
        for r in P2.itertuples()
    ]
    lines(folder, "subscribers.csv", ["EMAIL,STATUS,CONFIRM_TIME,UNSUB_TIME,LANGUAGE", *people])
    rows = [f"u{r.who}@x.example,C{r.at.month},{r.at}" for r in D2.itertuples()]
    lines(folder, "opens.csv", ["Email,Campaign,Opened At", *rows])
    lines(
        folder, "clicks.csv", ["Email,Campaign,URL,Clicked At", *(row.replace(",20", f",/p{i % 9},20") for i, row in enumerate(rows[::3]))]
    )


@case(organizations__kind="customers", tickets__customer="organization_id", tickets__driver="support", churn__of="organizations_left")
def tickets_of_users_of_organizations(folder: Path) -> None:
    """Users ask, organizations leave."""
    people = [f"{r.who},Org {r.who},{day(r.first)},{['basic', 'pro'][r.Index % 2]},{day(r.last, r.gone)}" for r in P2.itertuples()]
    lines(folder, "organizations.csv", ["id,name,created_at,plan,churned_at", *people])
    users = [f"{800_000 + 2 * r.Index + j},{r.who},{day(r.first)}" for r in P2.itertuples() for j in (0, 1)]
    lines(folder, "users.csv", ["id,organization_id,created_at", *users])
    number = dict(zip(P2["who"], P2.index, strict=True))
    rows = [
        f"{i},{800_000 + 2 * number[r.who] + i % 2},{r.at},{r.at + pd.Timedelta(hours=30)},{['low', 'high'][i % 2]}"
        for i, r in enumerate(D2.itertuples())
    ]
    lines(folder, "tickets.csv", ["ticket_id,requester_id,created_at,solved_at,priority", *rows])


@case(lineas__customer="telefono", lineas__known_after="month", churn__rule="cancellation", churn__of="lineas_left")
def panel_by_telephone(folder: Path) -> None:
    months = D2.assign(mes=D2["at"].dt.to_period("M")).groupby(["who", "mes"])["eur"].sum().reset_index()
    last = months.groupby("who")["mes"].transform("max")
    gone = (months["mes"] == last) & (last < END.to_period("M") - 2)
    rows = [
        f"{600_000_000 + r.who};{r.mes};{comma(r.eur, '')};{'S' if left else 'N'}"
        for r, left in zip(months.itertuples(), gone, strict=True)
    ]
    lines(folder, "lineas.csv", ["telefono;mes;minutos;baja", *rows], "cp1252")


@case(
    contrats__customer="N° abonné",
    contrats__end="Date de fin",
    contrats__attributes=None,
    acces__customer="N° abonné",
    acces__value=None,
    churn__of="contrats",
)
def numbers_beside_postcodes(folder: Path) -> None:
    """Neither a postcode nor the gate is a customer or an amount; the number of the subscriber is not an amount."""
    rows = [f"{r.who};{75_000 + r.who % 30};{day(r.first, form='%d/%m/%Y')};{day(r.last, r.gone, '%d/%m/%Y')}" for r in P2.itertuples()]
    lines(folder, "contrats.csv", ["N° abonné;Code postal;Date de début;Date de fin", *rows], "cp1252")
    lines(
        folder,
        "acces.csv",
        ["N° abonné;Horodatage;Porte", *(f"{r.who};{r.at:%d/%m/%Y %H:%M};{r.Index % 4}" for r in D2.itertuples())],
        "cp1252",
    )


@case(zahlungen__customer="Kundennummer", kunden__kind="customers", churn__of="vertraege")
def contracts_between_customers_and_payments(folder: Path) -> None:
    """Payments name the contract only: what repeats in a table of customers, such as their type, is not the customer."""
    people = [
        f"{r.who};{12_000 + r.who % 70};{['privat', 'gewerbe'][r.Index % 2]};{day(r.first, form='%d.%m.%Y')}" for r in P2.itertuples()
    ]
    lines(folder, "kunden.csv", ["Kundennummer;PLZ;Kundentyp;Anlagedatum", *people])
    rows = [
        f"V{r.who};{r.who};{['Basis', 'Fix'][r.Index % 2]};{day(r.first, form='%d.%m.%Y')};{day(r.last, r.gone, '%d.%m.%Y')}"
        for r in P2.itertuples()
    ]
    lines(folder, "vertraege.csv", ["Vertragsnummer;Kundennummer;Tarif;Vertragsbeginn;Vertragsende", *rows])
    paid = [f"V{r.who};{r.at:%d.%m.%Y};{comma(r.eur)} €" for r in D2.itertuples()]
    lines(folder, "zahlungen.csv", ["Vertragsnummer;Buchungsdatum;Betrag", *paid])


@case(policies__kind="intervals", policies__start="period_from", policies__end="period_to", policies__values=None)
def renewals_with_a_status_written_later(folder: Path) -> None:
    """Rows without a gap between them, whose last has an end as well, are contracts, not states: their status says what became of them."""
    rows, number = [], 0
    for r in P2.itertuples():
        begin = r.first.normalize()
        while True:
            following = begin + pd.DateOffset(months=4)
            goes_on = following <= r.last or not r.gone
            status = "in force" if following > END else "renewed" if goes_on else "expired"
            rows.append(f"P{number},{r.who},{begin:%Y-%m-%d},{following - pd.Timedelta(days=1):%Y-%m-%d},{status}")
            number += 1
            if following > END or not goes_on:
                break
            begin = following
    lines(folder, "policies.csv", ["policy_no,client_no,period_from,period_to,status", *rows])
    lines(folder, "calls.csv", ["client_no,called_at", *(f"{r.who},{r.at}" for r in D2.itertuples())])
