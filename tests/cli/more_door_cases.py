"""More files as businesses export them: states and plans that are no ends, prices apart from quantities, keys of two parts, exports of tools.

Each registers itself among the cases of :mod:`tests.cli.door_cases`.
"""
# ruff: noqa: E501 - a row of a file is one line

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tests.cli.door_cases import END, D, P, case, comma, lines


def visits(folder: Path) -> None:
    lines(folder, "visits.csv", ["member,visited_at", *(f"M-{r.who},{r.at}" for r in D.itertuples())])


# --- what ends, and what was only to end ---


@case(contracts__planned_end="end_date", contracts__end="ended", churn__rule="inactivity", churn__of="visits")
def members_who_stay_after_the_end(folder: Path) -> None:
    rows = [
        f"K{i},M-{r.who},{r.first:%Y-%m-%d},{r.first + pd.DateOffset(months=5):%Y-%m-%d},{20 + i % 3}" for i, r in enumerate(P.itertuples())
    ]
    lines(folder, "contracts.csv", ["contract_no,member,start_date,end_date,monthly_fee", *rows])
    visits(folder)


@case(contracts__end="end_date", contracts__planned_end=None, churn__rule="subscription_end")
def members_who_stop_at_the_end(folder: Path) -> None:
    rows = [f"K{i},M-{r.who},{r.first:%Y-%m-%d},{r.last:%Y-%m-%d}" for i, r in enumerate(P.itertuples())]
    lines(folder, "contracts.csv", ["contract_no,member,start_date,end_date", *rows])
    visits(folder)


@case(policies__kind="intervals", policies__start="inception_date", policies__planned_end="expiry_date", churn__of="premiums")
def insurance_policies(folder: Path) -> None:
    rows = [f"P{i},{r.who},{r.first:%Y-%m-%d},{r.first + pd.DateOffset(years=1):%Y-%m-%d}" for i, r in enumerate(P.itertuples())]
    lines(folder, "policies.csv", ["policy_no,insured_id,inception_date,expiry_date", *rows])
    lines(folder, "premiums.csv", ["insured_id,paid_on,premium", *(f"{r.who},{r.at:%Y-%m-%d},{r.eur}" for r in D.itertuples())])


@case(
    stage_changes__kind="states",
    stage_changes__values=["new_stage"],
    churn__rule="cancellation",
    churn__of="stage_changes_left",
    churn__back=None,
)
def history_of_stages(folder: Path) -> None:
    rows = []
    for r in P.itertuples():
        rows += [f"{r.who},{r.first},,trial", f"{r.who},{r.first + pd.Timedelta(days=14)},trial,active"]
        rows += [f"{r.who},{r.last + pd.Timedelta(days=15)},active,cancelled"] if r.gone else []
    lines(folder, "stage_changes.csv", ["customer_id,changed_at,old_stage,new_stage", *rows])
    lines(folder, "logins.csv", ["customer_id,logged_in_at", *(f"{r.who},{r.at}" for r in D.itertuples())])


@case(churn__rule="cancellation", churn__of="zustandshistorie_left", churn__back="zustandshistorie_back")
def german_history_with_returns(folder: Path) -> None:
    rows = []
    for i, r in enumerate(P.itertuples()):
        rows.append(f"{r.who};{r.first:%d.%m.%Y};Aktiv")
        rows += [f"{r.who};{r.last + pd.Timedelta(days=1):%d.%m.%Y};Gekündigt"] if r.gone else []
        rows += [f"{r.who};{r.last + pd.Timedelta(days=30):%d.%m.%Y};Aktiv"] if r.gone and i % 6 == 0 else []
    lines(folder, "Zustandshistorie.csv", ["Kundennr;Änderungsdatum;Zustand", *rows], "cp1252")
    lines(folder, "besuche.csv", ["Kundennr;Besuchsdatum", *(f"{r.who};{r.at:%d.%m.%Y}" for r in D.itertuples())])


@case(events__unit="ms", events__kinds="event_type", churn__rule="cancellation", churn__of="events_left")
def events_of_an_app(folder: Path) -> None:
    rows = [(r.at, f"u{r.who},{'page_view' if i % 3 else 'purchase'},{r.eur if i % 3 == 0 else ''}") for i, r in enumerate(D.itertuples())]
    rows += [(r.last + pd.Timedelta(days=3), f"u{r.who},subscription_cancelled,") for r in P.itertuples() if r.gone]
    text = [f"{int(at.timestamp() * 1000)},{rest}" for at, rest in sorted(rows)]
    lines(folder, "events.csv", ["event_ts,user_id,event_type,revenue", *text])


@case(churn__rule="inactivity", churn__of="orders")
def newsletters_that_are_cancelled(folder: Path) -> None:
    D.rename(columns={"who": "user_id", "at": "order_date", "eur": "amount"}).to_csv(folder / "orders.csv", index=False)
    rows = [(r.first + pd.Timedelta(days=7 * k), f"{r.who},sent") for r in P.itertuples() for k in range(3)]
    rows += [(r.first + pd.Timedelta(days=22), f"{r.who},unsubscribed") for r in P.itertuples() if r.who % 3 == 0]
    lines(folder, "messages.csv", ["sent_at,user_id,event", *(f"{at},{rest}" for at, rest in sorted(rows))])


@case(orders__kinds="state", churn__rule="inactivity")
def orders_that_are_cancelled(folder: Path) -> None:
    rows = [f"{r.who},{r.at},{r.eur},{'cancelled' if i % 8 == 0 else 'shipped'}" for i, r in enumerate(D.itertuples())]
    lines(folder, "orders.csv", ["customer_id,order_date,amount,state", *rows])


@case(weekly_usage__known_after="week", churn__rule="cancellation", churn__of="weekly_usage_left")
def weekly_panel_of_yes_and_no(folder: Path) -> None:
    w = D.assign(week=D["at"].dt.to_period("W-SUN").dt.start_time).groupby(["who", "week"]).agg(n=("eur", "size"), s=("eur", "sum"))
    w = w.reset_index().round({"s": 2})
    last = w.groupby("who")["week"].transform("max")
    w["gave_up"] = np.where((w["week"] == last) & (last < END - pd.Timedelta(days=60)), "yes", "no")
    w = w.rename(columns={"who": "player_id", "week": "week_start", "n": "sessions", "s": "minutes", "gave_up": "is_churned"})
    w.to_csv(folder / "weekly_usage.csv", index=False)


# --- money that no column states ---


@case(order_lines__value="amount", order_lines__order="order_no", order_lines__item="sku", order_lines__money=True)
def lines_with_prices_of_units(folder: Path) -> None:
    rows = [
        f"{1000 + i},{r.who},{r.at:%Y-%m-%d},SKU{(i + k) % 40},{1 + (i + k) % 5},{r.eur / 10:.2f},{(i % 4) * 5}%"
        for i, r in enumerate(D.itertuples())
        for k in (0, 1)
    ]
    lines(folder, "order_lines.csv", ["order_no,customer_no,order_date,sku,quantity,unit_price,discount", *rows])


@case(positionen__value="amount", positionen__money=True)
def german_lines_with_prices_of_units(folder: Path) -> None:
    rows = [f"{r.who};{r.at:%d.%m.%Y};{1 + i % 4};{comma(r.eur)} €" for i, r in enumerate(D.itertuples())]
    lines(folder, "positionen.csv", ["Kundennummer;Kaufdatum;Menge;Einzelpreis", *rows])


@case(order_lines__value="amount", order_lines__order="order_id", order_lines__customer="client_id", clients__kind="customers")
def prices_in_a_list(folder: Path) -> None:
    people = [f"{r.who},{r.first:%Y-%m-%d},{'A' if r.who % 2 else 'B'}" for r in P.itertuples()]
    lines(folder, "clients.csv", ["client_id,created,area", *people])
    lines(
        folder,
        "orders.csv",
        ["order_id,client_id,order_date", *(f"{9000 + i},{r.who},{r.at:%Y-%m-%d}" for i, r in enumerate(D.itertuples()))],
    )
    rows = [f"{3 * i + k},{9000 + i},{(i + k) % 20},{1 + k}" for i in range(len(D)) for k in (0, 1)]
    lines(folder, "order_lines.csv", ["line_id,order_id,product_id,qty", *rows])
    lines(folder, "products.csv", ["product_id,product_name,list_price", *(f"{p},thing {p},{5 + p * 1.5:.2f}" for p in range(20))])


@case(charges__value=None, charges__currency=None, charges__money=None)
def amounts_in_three_currencies(folder: Path) -> None:
    rows = [f"{r.who},{r.at:%Y-%m-%d},{r.eur},{['EUR', 'USD', 'GBP'][i % 3]}" for i, r in enumerate(D.itertuples())]
    lines(folder, "charges.csv", ["account_id,charged_at,amount,currency", *rows])


# --- keys ---


@case(receipts__customer="card_no", receipt_lines__customer="card_no", receipt_lines__order="order_key", receipt_lines__value="amount")
def receipts_numbered_in_each_store(folder: Path) -> None:
    stores = [int(r.who) % 3 for r in D.itertuples()]
    numbers = pd.Series(stores).groupby(stores).cumcount() + 1
    keys = [f"S{s},{n}" for s, n in zip(stores, numbers, strict=True)]
    lines(
        folder,
        "receipts.csv",
        ["store,receipt_no,card_no,date", *(f"{k},C{r.who},{r.at:%Y-%m-%d %H:%M}" for k, r in zip(keys, D.itertuples(), strict=True))],
    )
    rows = [f"{k},A{i % 30},{r.eur / 2:.2f}" for i, (k, r) in enumerate(zip(keys, D.itertuples(), strict=True)) for _ in (0, 1)]
    lines(folder, "receipt_lines.csv", ["store,receipt_no,article,amount", *rows])


@case(orders__customer="customer_id", orders__value="amount", churn__of="orders")
def keys_written_in_two_ways(folder: Path) -> None:
    people = [f"C-{r.who:07d},{r.first:%Y-%m-%d},{'a' if r.who % 2 else 'b'}" for r in P.itertuples()]
    lines(folder, "customers.csv", ["customer_id,signup_date,segment", *people])
    lines(folder, "orders.csv", ["customer_id,order_date,amount", *(f"c{r.who},{r.at:%Y-%m-%d},{r.eur}" for r in D.itertuples())])


# --- exports of tools ---


@case(contacts__kind="customers", contacts__customer="Record ID", activities__customer="Associated Contact ID")
def crm_with_record_ids(folder: Path) -> None:
    people = [f"{r.who},{r.first:%Y-%m-%d %H:%M},{'Web' if r.who % 2 else 'Fair'}" for r in P.itertuples()]
    lines(folder, "contacts.csv", ["Record ID,Create Date,Original Source", *people])
    rows = [f"{500000 + i},{r.who},{r.at:%Y-%m-%d %H:%M},{['Email', 'Call', 'Meeting'][i % 3]}" for i, r in enumerate(D.itertuples())]
    lines(folder, "activities.csv", ["Activity ID,Associated Contact ID,Activity Date,Activity Type", *rows])


@case(orders_export__order="Name", orders_export__value="Total", orders_export__customer="Email")
def shop_export_with_totals_on_first_lines(folder: Path) -> None:
    rows = []
    for i, r in enumerate(D.itertuples()):
        at = f"{r.at:%Y-%m-%d %H:%M:%S} +0000"
        rows += [f"#{2000 + i},c{r.who}@example.com,paid,{at},{r.eur:.2f},Mug", f"#{2000 + i},c{r.who}@example.com,,{at},,Plate"]
    lines(folder, "orders_export.csv", ["Name,Email,Financial Status,Created at,Total,Lineitem name", *rows])


@case(sales__source="sales-*-*.csv", sales__value="betrag", sales__decimal=",", sales__thousands=".")
def files_of_months(folder: Path) -> None:
    for month, part in D.groupby(D["at"].dt.to_period("M")):
        rows = [f"{r.who};{r.at:%d.%m.%Y};{comma(r.eur)}" for r in part.itertuples()]
        lines(folder, f"sales-{month}.csv", ["kundennummer;kaufdatum;betrag", *rows])


@case(visits__unit="excel", visits__value="Amount")
def serials_of_a_spreadsheet(folder: Path) -> None:
    day = (D["at"] - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
    lines(folder, "visits.csv", ["Customer,Visit Date,Amount", *(f"{w},{d:.5f},{e}" for w, d, e in zip(D.who, day, D.eur, strict=True))])
