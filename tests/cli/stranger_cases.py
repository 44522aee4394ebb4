"""Files as strangers export them: sides of a ledger, cents, currencies in cells, dates in parts, nobody's ids, histories with ends.

Each registers itself among the cases of :mod:`tests.cli.door_cases`.
"""
# ruff: noqa: E501 - a row of a file is one line

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from tests.cli.door_cases import END, D, P, case, comma, lines


@case(charges__customer="account_no", charges__value="signed_amount", charges__money=True, churn__of="charges")
def sides_of_a_ledger_and_two_clocks(folder: Path) -> None:
    """A side of the ledger signs the amount; a time of day is no customer; a day of a term is not when it happened."""
    rows = [
        f'{r.who},{r.at + pd.Timedelta(days=14):%d/%m/%Y},{r.at:%d/%m/%Y},{r.at:%H:%M},{"H" if i % 12 == 0 else "S"},"{r.eur:,.2f}"'
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "charges.csv", ["account_no,due_date,issued,time,S/H,amount_gross", *rows])


@case(payments__value="amount", payments__unit="ms", churn__of="users_left", users__attributes=["country"])
def cents_and_zeros_for_no_day(folder: Path) -> None:
    rows = [f"u{r.who},{int(r.at.timestamp() * 1000)},{round(r.eur * 100)}" for r in D.itertuples()]
    lines(folder, "payments.csv", ["user,created,amount_cents", *rows])
    people = [
        f"u{r.who},{r.first:%Y%m%d},{f'{r.last:%Y%m%d}' if r.gone else '00000000'},{'AT' if r.who % 2 else 'BE'},{1 + r.who % 12:02d}/{26 + r.who % 3}"
        for r in P.itertuples()
    ]
    lines(folder, "users.csv", ["user,signup_date,deactivated_on,country,card_expiry", *people])


@case(verkaeufe__value=None, verkaeufe__currency=None, verkaeufe__money=None, churn__of="verkaeufe")
def currencies_within_cells(folder: Path) -> None:
    rows = [f"{r.who};{r.at:%d.%m.%Y};{comma(r.eur)} {'EUR' if r.who % 2 else 'CHF'}" for r in D.itertuples()]
    lines(folder, "verkaeufe.csv", ["Kundennummer;Verkaufsdatum;Betrag", *rows])


@case(trips__time="date", trips__customer="loyalty_card", trips__value="fare")
def dates_in_parts_and_guests(folder: Path) -> None:
    rows = [f"{0 if i % 3 == 0 else r.who},{r.at.year},{r.at.month},{r.at.day},{r.eur}" for i, r in enumerate(D.itertuples())]
    lines(folder, "trips.csv", ["loyalty_card,year,month,day,fare", *rows])


@case(stays__value="amount", stays__time="arrival", stays__money=True)
def nights_and_a_rate(folder: Path) -> None:
    rows = [
        f"{5000 + i},G{r.who},{r.at:%Y-%m-%d},{1 + i % 5},${r.eur / 10:.2f},{'king' if i % 2 else 'twin'}"
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "stays.csv", ["conf_no,guest_id,arrival,nights,rate,room", *rows])


@case(verkauf__value="amount", verkauf__money=True, verkauf__customer="KundenNr")
def prices_from_days_in_german(folder: Path) -> None:
    lines(
        folder,
        "verkauf.csv",
        ["KundenNr;Datum;Artikel;Menge", *(f"{r.who};{r.at:%d.%m.%Y};A{i % 7};{1 + i % 4}" for i, r in enumerate(D.itertuples()))],
    )
    days = ("01.01.2022", "01.06.2024", "15.11.2024")
    lines(
        folder,
        "preisliste.csv",
        ["Artikel;gültig ab;Preis", *(f"A{a};{day};{comma(5 + a + k)}" for a in range(7) for k, day in enumerate(days))],
    )


@case(
    subscription_states__kind="states",
    subscription_states__time="effective_from",
    subscription_states__values=["phase", "mrr"],
    churn__rule="cancellation",
    churn__of="subscription_states_left",
)
def states_with_both_ends(folder: Path) -> None:
    rows = []
    for r in P.itertuples():
        middle, last = r.first + pd.Timedelta(days=9), r.last + pd.Timedelta(days=12)
        rows += [
            f"{r.who},{r.first:%Y-%m-%d},{middle:%Y-%m-%d},trialing,0",
            f"{r.who},{middle:%Y-%m-%d},{f'{last:%Y-%m-%d}' if r.gone else ''},active,49",
        ]
        rows += [f"{r.who},{last:%Y-%m-%d},,churned,0"] if r.gone else []
    lines(folder, "subscription_states.csv", ["customer_ref,effective_from,effective_to,phase,mrr", *rows])
    lines(folder, "usage.csv", ["customer_ref,event_time", *(f"{r.who},{r.at:%Y-%m-%dT%H:%M:%S}" for r in D.itertuples())])


@case(
    policies__end="ended", policies__planned_end="expiry", churn__rule="subscription_end", claims__kind="events", claims__driver="support"
)
def policies_renewed_as_new_rows(folder: Path) -> None:
    rows, number = [], 0
    for r in P.itertuples():
        begin = r.first.normalize()
        while begin < END and begin <= r.last:
            end = begin + pd.DateOffset(months=4)
            early = r.gone and r.last < end and r.who % 2
            rows.append(f"P{number},H{r.who},{begin:%Y-%m-%d},{end:%Y-%m-%d},{f'{r.last:%Y-%m-%d}' if early else ''},{300 + r.who % 50}")
            begin, number = end, number + 1
    lines(folder, "policies.csv", ["policy_id,policyholder,inception,expiry,cancelled,premium_annual", *rows])
    claims = [
        f"{r.who},H{r.who},{r.first:%Y-%m-%d},{r.first + pd.Timedelta(days=3):%Y-%m-%d},{r.eur}"
        for r in D.rename(columns={"at": "first"}).drop_duplicates("who").iloc[::3].itertuples()
    ]
    lines(folder, "claims.csv", ["claim_id,policyholder,loss_date,reported_date,paid_amount", *claims])


@case(account__owner="OwnerId", account__value=None, contract__kind="intervals", churn__rule="subscription_end", case__driver="support")
def crm_with_zoned_times_and_days(folder: Path) -> None:
    """Days beside zoned times; the revenue of the customer is not what it pays; a type "Former Customer" tells the outcome."""
    people = [
        f"001{r.who},{r.first:%Y-%m-%dT%H:%M:%S.000Z},{'Former Customer' if r.gone and r.who % 4 else 'Customer'},{r.who % 90}00000,005{r.who % 7},{'Retail' if r.who % 2 else 'Media'}"
        for r in P.itertuples()
    ]
    lines(folder, "Account.csv", ["Id,CreatedDate,Type,AnnualRevenue,OwnerId,Industry", *people])
    rows, number = [], 0
    for r in P.itertuples():
        begin = r.first.normalize()
        while begin < END and begin <= r.last:
            end = begin + pd.DateOffset(months=3)
            rows.append(f"800{number},001{r.who},{begin:%Y-%m-%d},{end - pd.Timedelta(days=1):%Y-%m-%d}")
            begin, number = end, number + 1
    lines(folder, "Contract.csv", ["Id,AccountId,StartDate,EndDate", *rows])
    tickets = [
        f"500{i},001{r.who},{r.at:%Y-%m-%dT%H:%M:%S.000Z},{r.at + pd.Timedelta(hours=30):%Y-%m-%dT%H:%M:%S.000Z},{'Low' if i % 2 else 'High'}"
        for i, r in enumerate(D.iloc[::5].itertuples())
    ]
    lines(folder, "Case.csv", ["Id,AccountId,CreatedDate,ClosedDate,Priority", *tickets])


@case(transfers__customer="sender_id", transfers__value="amount", transfers__id="id", churn__of="accounts_left")
def dump_of_a_database(folder: Path) -> None:
    """Each table numbers its own rows by "id"; nothing is written as a word of the dump."""
    people = [f"{i + 1}\t{r.first}\t{r.last if r.gone else chr(92) + 'N'}" for i, r in enumerate(P.itertuples())]
    lines(folder, "accounts.tsv", ["id\tcreated_at\tclosed_at", *people])
    number = {r.who: i + 1 for i, r in enumerate(P.itertuples())}
    rows = [f"{i + 1}\t{number[r.who]}\t{i % len(P) + 1}\t{r.eur}\t{r.at}" for i, r in enumerate(D.itertuples())]
    lines(folder, "transfers.tsv", ["id\tsender_id\treceiver_id\tamount\tcreated_at", *rows])


@case(platezhi__value="Сумма", abonenty__kind="customers", churn__of="abonenty_left", obrashcheniya__driver="support")
def files_named_in_russian(folder: Path) -> None:
    """Names of other letters are spelt, and none takes another's place."""
    people = [
        f"{r.who};{r.first:%d.%m.%Y};{f'{r.last:%d.%m.%Y}' if r.gone else ''};{'Омск' if r.who % 2 else 'Пермь'}" for r in P.itertuples()
    ]
    lines(
        folder,
        "абоненты.csv",
        [
            "Лицевой счёт;Дата подключения;Дата отключения;Город",
            *people,
        ],
        "cp1251",
    )
    lines(
        folder,
        "платежи.csv",
        [
            "Лицевой счёт;Дата платежа;Сумма",
            *(f"{r.who};{r.at:%d.%m.%Y};{comma(r.eur, ' ')}" for r in D.itertuples()),
        ],
        "cp1251",
    )
    lines(
        folder,
        "обращения.csv",
        [
            "Лицевой счёт;Дата обращения",
            *(f"{r.who};{r.at:%d.%m.%Y}" for r in D.iloc[::9].itertuples()),
        ],
        "cp1251",
    )


@case(orders__customer="customer.id", orders__value="total.amount", orders__time="order.placed")
def json_with_lists(folder: Path) -> None:
    rows = [
        {
            "order": {"id": f"o{i}", "placed": f"{r.at:%Y-%m-%dT%H:%M:%S}Z"},
            "customer": {"id": r.who},
            "total": {"amount": r.eur},
            "lines": [{"sku": "a"}],
        }
        for i, r in enumerate(D.itertuples())
    ]
    (folder / "orders.json").write_text(json.dumps(rows, default=int))


@case(pivot__value="amount", pivot__known_after="month", pivot__customer="Customer")
def pivot_with_dashes(folder: Path) -> None:
    table = D.assign(m=D["at"].dt.to_period("M")).pivot_table(index="who", columns="m", values="eur", aggfunc="sum", fill_value=0)
    head = "Customer,Region," + ",".join(f"{m:%b %Y}" for m in table.columns) + ",Total"
    rows = [
        f"Client {i},{'N' if i % 2 else 'S'}," + ",".join(f'"{v:,.2f}"' if v else "-" for v in x) + f',"{x.sum():,.2f}"'
        for i, x in zip(table.index, table.to_numpy(), strict=True)
    ]
    lines(folder, "pivot.csv", ["Sales by customer and month" + "," * (len(table.columns) + 2), head, *rows])
