"""Files as businesses export them: ids in several spellings, bookings, transactions of insurers, files that overlap, pivot tables.

Each registers itself among the cases of :mod:`tests.cli.door_cases`; the tables hold half of its customers.
"""
# ruff: noqa: E501 - a row of a file is one line

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tests.cli.door_cases import END, case, comma, lines
from tests.cli.door_cases import D as EVERYTHING
from tests.cli.door_cases import P as EVERYBODY

D = EVERYTHING[EVERYTHING["who"] % 2 == 0].reset_index(drop=True)
P = EVERYBODY[EVERYBODY["who"] % 2 == 0].reset_index(drop=True)


@case(checkins__customer="Card No", members__since="Join Date", churn__rule="cancellation", churn__of="members_left")
def cards_with_zeros_before_them(folder: Path) -> None:
    people = [f"{10 + r.who},{r.first:%m/%d/%Y},{f'{r.last:%m/%d/%Y}' if r.gone else ''}" for r in P.itertuples()]
    lines(folder, "members.csv", ["Member No,Join Date,Cancel Date", *people])
    lines(folder, "checkins.csv", ["Card No,Date,Time", *(f"{10 + r.who:06d},{r.at:%m/%d/%Y},{r.at:%I:%M %p}" for r in D.itertuples())])


@case(purchases__customer="customer_id", purchases__value="price", customers__since="signup_date")
def whole_ids_of_a_data_frame(folder: Path) -> None:
    lines(
        folder,
        "purchases.csv",
        [",customer_id,purchase_date,price", *(f"{i},{1000 + r.who}.0,{r.at:%Y-%m-%d},{r.eur}" for i, r in enumerate(D.itertuples()))],
    )
    lines(folder, "customers.csv", ["customer_id,signup_date", *(f"{1000 + r.who},{r.first:%Y-%m-%d}" for r in P.itertuples())])


@case(orders__customer="customer_ref", orders__value="amount")
def one_customer_in_three_spellings(folder: Path) -> None:
    ways = ("CUST-{:07d}", "cust-{:07d}", "CUST-{:07d} ", "CUST-{:07d}")
    rows = [f"{ways[i % 4].format(r.who)},{r.at:%Y-%m-%d},{r.eur}" for i, r in enumerate(D.itertuples())]
    lines(folder, "orders.csv", ["customer_ref,order_date,amount", *rows])


@case(reservations__kind="events", reservations__time="booked_on", reservations__value="amount_received", churn__rule="inactivity")
def bookings_of_which_some_are_cancelled(folder: Path) -> None:
    """A booking that is cancelled is no contract that ends, and brings nothing; stays may lie after the export."""
    rows = []
    for i, r in enumerate(D.itertuples()):
        stay, cancelled = r.at + pd.Timedelta(days=i % 50 + 3), i % 8 == 0
        status = "Cancelled" if cancelled else "Checked-Out" if stay < END else "Confirmed"
        off = f"{r.at + pd.Timedelta(days=1):%Y-%m-%d}" if cancelled else ""
        rows.append(f"B{i},G{r.who},{r.at:%Y-%m-%d %H:%M},{stay:%Y-%m-%d},{stay + pd.Timedelta(days=2):%Y-%m-%d},{r.eur},{status},{off}")
    lines(folder, "reservations.csv", ["booking_id,guest_id,booked_on,check_in,check_out,total_amount,status,cancelled_on", *rows])


@case(
    policy_transactions__kind="events",
    policy_transactions__value="Premium",
    churn__rule="cancellation",
    churn__of="policy_transactions_left",
)
def transactions_on_policies(folder: Path) -> None:
    """Each row has the term of its policy: the end of the term is not when anybody left."""
    rows = []
    for r in P.itertuples():
        begin, n = r.first.normalize(), 0
        while begin < END and not (r.gone and r.last < begin):
            end = begin + pd.Timedelta(days=182)
            for kind, on, premium in (("Renewal" if n else "New Business", begin, 300), ("Endorsement", begin + pd.Timedelta(days=40), 12)):
                rows.append(f"P{r.who},{r.who},{kind},{on:%d-%b-%Y},{begin:%d-%b-%Y},{end:%d-%b-%Y},{premium}.50")
            if r.gone and r.last < end:
                rows.append(
                    f"P{r.who},{r.who},Cancellation,{max(r.last, begin + pd.Timedelta(days=50)):%d-%b-%Y},{begin:%d-%b-%Y},{end:%d-%b-%Y},-80.25"
                )
                break
            begin, n = end, n + 1
    lines(folder, "policy_transactions.csv", ["Policy No,Insured ID,Transaction Type,Effective Date,Term Start,Term End,Premium", *rows])


@case(sales__customer="customer", sales__value="amount", churn__of="sales")
def files_that_overlap_by_a_month(folder: Path) -> None:
    rows = [f"C{r.who},{r.at:%Y-%m-%d %H:%M:%S},{r.eur}" for r in D.itertuples()]
    middle = D["at"].quantile(0.6)
    old, new = (D["at"] < middle), (D["at"] >= middle - pd.Timedelta(days=30))
    for name, kept in (("sales Q1-Q4 2023.csv", old), ("sales H1 2024.csv", new)):
        lines(folder, name, ["customer,date,amount", *(row for row, there in zip(rows, kept, strict=True) if there)])


@case(bsid__customer="KUNNR", bsid__value="WRBTR", bsid__time="BUDAT", kna1__since="ERDAT")
def sap_tables_with_the_sign_behind(folder: Path) -> None:
    """The same key with zeros before it in one table, without them in the other, as a spreadsheet leaves it."""
    rows = [
        f"{1_800_000_000 + i};{100_000 + r.who:010d};{r.at:%Y%m%d};{comma(r.eur)}{'-' if i % 20 == 0 else ''};EUR"
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "BSID.csv", ["BELNR;KUNNR;BUDAT;WRBTR;WAERS", *rows])
    lines(
        folder,
        "KNA1.csv",
        ["KUNNR;LAND1;ERDAT", *(f"{100_000 + r.who};{'AT' if r.who % 4 else 'DE'};{r.first:%Y%m%d}" for r in P.itertuples())],
    )


@case(salden__kind="states", salden__values=["amount"], salden__value=None, churn__of="kunden_left")
def balances_with_months_as_columns(folder: Path) -> None:
    months = D["at"].dt.to_period("M")
    held = D.assign(m=months).pivot_table(index="who", columns="m", values="eur", aggfunc="sum")
    rows = [
        f"{4000 + who};" + ";".join("" if pd.isna(v) else comma(v) for v in x) for who, x in zip(held.index, held.to_numpy(), strict=True)
    ]
    lines(folder, "salden.csv", ["Kontonummer;" + ";".join(f"{m:%m/%Y}" for m in held.columns), *rows], "cp1252")
    people = [f"{4000 + r.who};{r.first:%d.%m.%Y};{f'{r.last:%d.%m.%Y}' if r.gone else ''}" for r in P.itertuples()]
    lines(folder, "kunden.csv", ["Kontonummer;Eröffnungsdatum;Schließungsdatum", *people], "cp1252")


@case(
    events__value="price",
    events_left__kinds="event",
    churn__rule="cancellation",
    churn__involuntary=["Canceled from Billing Retry"],
)
def subscriptions_of_an_app_store(folder: Path) -> None:
    """The store cancels some for want of payment; the number of paid periods is a counter, and no amount."""
    rows = []
    for r in P.itertuples():
        on, n = r.first.normalize(), 0
        while on < (r.last if r.gone else END):
            rows.append(f"{on:%Y-%m-%d},{'Renew' if n else 'Subscribe'},{9_000_000 + r.who},4.99,{n}")
            on, n = on + pd.Timedelta(days=30), n + 1
        if r.gone:
            kind = "Canceled from Billing Retry" if r.who % 5 == 0 else "Cancel"
            rows.append(f"{max(r.last, on - pd.Timedelta(days=29)):%Y-%m-%d},{kind},{9_000_000 + r.who},0.00,{n}")
    lines(folder, "events.csv", ["event_date,event,subscriber_id,price,paid_periods", *rows])
