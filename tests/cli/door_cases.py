"""Files as businesses export them, each with what must come of it: the kinds of tables that strangers bring, in many languages and layouts.

All data are made up. A case is a function that writes files into a folder; ``WANTED`` says what the drafted churn.toml must hold.
Longer than most modules because it is a table of files.
"""
# ruff: noqa: E501 - a row of a file is one line

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

END = pd.Timestamp("2025-03-01")
CASES: dict[str, Callable[[Path], None]] = {}
WANTED: dict[str, dict[str, Any]] = {}


def case(**wanted: Any) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Register a case: ``table__key=value`` of [tables.table], ``churn__key=value`` of [churn], ``error=code``."""

    def register(write: Callable[[Path], None]) -> Callable[[Path], None]:
        CASES[write.__name__], WANTED[write.__name__] = write, wanted
        return write

    return register


def bought(seed: int = 5, n: int = 140, days: int = 560) -> pd.DataFrame:
    """Purchases of customers with rhythms of their own, who stop at moments of their own: who, at, eur."""
    rng = np.random.default_rng(seed)
    parts = []
    for customer in range(n):
        gap, stays = rng.uniform(5, 22), rng.exponential(320) + 5
        start = rng.uniform(0, 240)
        at = start + np.cumsum(rng.exponential(gap, 140) + 0.4)
        at = at[(at < days) & (at < start + stays)]
        parts.append(pd.DataFrame({"who": 20_011 + 13 * customer, "at": at, "eur": np.round(rng.gamma(2, 700, len(at)) + 1, 2)}))
    frame = pd.concat(parts, ignore_index=True).sort_values("at", kind="stable", ignore_index=True)
    frame["at"] = (END - pd.Timedelta(days=days) + pd.to_timedelta(frame["at"] * 86_400, unit="s")).dt.floor("s")
    return frame


def people(frame: pd.DataFrame) -> pd.DataFrame:
    """First and last purchase of each customer, and whether it has stopped."""
    seen = frame.groupby("who")["at"].agg(["min", "max"]).reset_index().rename(columns={"min": "first", "max": "last"})
    return seen.assign(gone=seen["last"] < END - pd.Timedelta(days=45))


def lines(folder: Path, name: str, rows: list[str], encoding: str = "utf-8") -> None:
    (folder / name).write_bytes(("\n".join(rows) + "\n").encode(encoding))


def comma(value: float, thousands: str = ".") -> str:
    return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", thousands)


D = bought()
P = people(D)


# --- how numbers, letters and dates are written ---


@case(
    umsaetze__customer="Kunden-Nr.",
    umsaetze__time="Rechnungsdatum",
    umsaetze__value="Bruttobetrag",
    umsaetze__decimal=",",
    umsaetze__encoding="cp1252",
)
def sap_export_german(folder: Path) -> None:
    rows = [f"{r.who};{r.at:%d.%m.%Y};{comma(r.eur)};Müller & Söhne" for r in D.itertuples()]
    lines(folder, "Umsaetze.csv", ["Kunden-Nr.;Rechnungsdatum;Bruttobetrag;Verkäufer", *rows], "cp1252")


@case(ventes__customer="N° client", ventes__time="Date de commande", ventes__value="Montant TTC", ventes__decimal=",")
def french_sales(folder: Path) -> None:
    rows = [f"{r.who};{r.at:%d/%m/%Y};{comma(r.eur, ' ')} €" for r in D.itertuples()]
    lines(folder, "ventes.csv", ["N° client;Date de commande;Montant TTC", *rows])


@case(zamowienia__customer="Klient", zamowienia__time="Data zamówienia", zamowienia__value="Kwota")
def polish_orders(folder: Path) -> None:
    rows = [f'K{r.who};{r.at:%Y-%m-%d};"{comma(r.eur, " ")} zł"' for r in D.itertuples()]
    lines(folder, "zamowienia.csv", ["Klient;Data zamówienia;Kwota", *rows], "cp1250")


@case(orders__customer="Клиент", orders__time="Дата", orders__value="Сумма")
def russian_orders(folder: Path) -> None:
    rows = [f"{r.who};{r.at:%d.%m.%Y};{comma(r.eur, ' ')}" for r in D.itertuples()]
    lines(folder, "orders.csv", ["Клиент;Дата;Сумма", *rows], "cp1251")


@case(export__customer="Email", export__time="Created at", export__value="Total", export__money=True)
def shopify_orders(folder: Path) -> None:
    rows = [
        f"#{1000 + i},c{r.who}@example.com,{'paid' if i % 9 else 'refunded'},{r.at:%Y-%m-%d %H:%M:%S} +0100,USD,{r.eur * 0.9:.2f},{r.eur * 0.1:.2f},{r.eur:.2f}"
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "export.csv", ["Name,Email,Financial Status,Created at,Currency,Subtotal,Taxes,Total", *rows])


@case(satislar__customer="müşteri_no", satislar__time="sipariş_tarihi", satislar__value="tutar")
def turkish_orders(folder: Path) -> None:
    rows = [f"{r.who};{r.at:%d.%m.%Y};{comma(r.eur)} TL" for r in D.itertuples()]
    lines(folder, "satislar.csv", ["müşteri_no;sipariş_tarihi;tutar", *rows])


@case(
    payments__customer="Customer ID",
    payments__time="Created (UTC)",
    payments__value="amount_received",
    payments__kinds="Status",
    payments__id="id",
)
def stripe_payments(folder: Path) -> None:
    rows = [
        f"ch_{i:07d},{r.at:%Y-%m-%d %H:%M},{r.eur:.2f},eur,cus_{r.who},{'Failed' if i % 17 == 0 else 'Paid'}"
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "payments.csv", ["id,Created (UTC),Amount,Currency,Customer ID,Status", *rows])


@case(orders__customer="Member", orders__value="Net Sales", orders__footer_rows=1)
def totals_below(folder: Path) -> None:
    rows = [f'M{r.who},{r.at:%m/%d/%Y},"${r.eur:,.2f}"' for r in D.itertuples()]
    lines(folder, "orders.csv", ["Member,Visit Date,Net Sales", *rows, f'Grand Total,,"${D.eur.sum():,.2f}"'])


@case(report__customer="Account", report__time="Posted", report__value="Amount", report__skip_rows=3)
def titles_above(folder: Path) -> None:
    rows = [
        f"A-{r.who},{r.at:%d %b %Y},{'(' if i % 21 == 0 else ''}{r.eur:.2f}{')' if i % 21 == 0 else ''}"
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "report.csv", ["Ledger of all accounts", "Period: 2023-2025", "", "Account,Posted,Amount", *rows])


@case(log__customer="customer", log__time="date", log__value="amount")
def headless(folder: Path) -> None:
    lines(folder, "log.csv", [f"{r.at:%Y-%m-%d %H:%M:%S},{r.eur:.2f},K{r.who}" for r in D.itertuples()])


@case(error="float-id")
def ids_through_a_spreadsheet(folder: Path) -> None:
    rows = [f"{float(10**14 * (100 + r.who % 89)):.5E},{r.at:%Y-%m-%d},{r.eur}" for r in D.itertuples()]
    lines(folder, "orders.csv", ["Customer Number,Date,Amount", *rows])


@case(buchungen__time="Buchungstag", buchungen__format="%y%m%d", buchungen__customer="Kontonummer")
def six_digits_bank(folder: Path) -> None:
    lines(folder, "buchungen.csv", ["Kontonummer;Buchungstag;Betrag", *(f"{r.who};{r.at:%y%m%d};{comma(r.eur)}" for r in D.itertuples())])


# --- other containers ---


@case(visits__customer="member_id", visits__time="checked_in_at")
def gym_workbook(folder: Path) -> None:
    D.rename(columns={"who": "member_id", "at": "checked_in_at"})[["member_id", "checked_in_at"]].to_excel(
        folder / "visits.xlsx", index=False
    )


@case(tracks__customer="user_id", tracks__time="timestamp", tracks__unit="s", tracks__kinds="event")
def nested_json_lines(folder: Path) -> None:
    kinds = ["play", "skip", "like"]
    rows = [
        json.dumps({"user_id": f"u{r.who}", "timestamp": int(r.at.timestamp()), "event": kinds[i % 3]})
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "tracks.jsonl", rows)


@case(orders__customer="client_id", orders__value="total")
def sqlite_shop(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
        D.assign(at=D["at"].astype(str)).rename(columns={"who": "client_id", "at": "ordered_at", "eur": "total"}).to_sql(
            "orders", shop, index=False
        )
    shop.close()


@case(orders__source="orders_*.csv", orders__value="amount")
def files_of_years(folder: Path) -> None:
    for year, part in D.rename(columns={"who": "customer_id", "at": "order_date", "eur": "amount"}).groupby(D["at"].dt.year):
        part.to_csv(folder / f"orders_{year}.csv", index=False)


# --- logs ---


@case(transactions__order="Invoice", transactions__value="Revenue", transactions__item="StockCode", transactions__customer="CustomerID")
def invoice_lines(folder: Path) -> None:
    two = pd.concat([D.assign(line=0), D.assign(line=1)]).sort_values(["at", "who"], kind="stable", ignore_index=True)
    rows = [
        f"{536000 + i // 2},{22000 + (i * 7) % 31},part {i % 31},{i % 5 + 1},{r.at:%m/%d/%Y %H:%M},{r.eur / 2:.2f},{r.eur / 20:.2f},{r.who}"
        for i, r in enumerate(two.itertuples())
    ]
    lines(folder, "transactions.csv", ["Invoice,StockCode,Description,Quantity,InvoiceDate,Revenue,Profit,CustomerID", *rows])


@case(calls__customer="msisdn", calls__time="call_start", calls__value="duration_sec", calls__known_at="call_end")
def telecom_cdr(folder: Path) -> None:
    rows = [
        f"49{r.who},{r.at},{r.at + pd.Timedelta(seconds=40 + i % 300)},{40 + i % 300},{'voice' if i % 3 else 'sms'}"
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "calls.csv", ["msisdn,call_start,call_end,duration_sec,type", *rows])


@case(clics__observed_until="2025-03-01", clics__observed_from="2023-08-26")
def typos_in_the_log(folder: Path) -> None:
    rows = [f"{r.who},{r.at:%Y-%m-%d}" for r in D.itertuples()]
    lines(folder, "clics.csv", ["usuario,fecha", *rows, f"{D.who[0]},2035-01-01", f"{D.who[1]},1900-05-05", f"{D.who[2]},1999-12-31"])


@case(watched__observed_until="2024-06-01", churn__rule="inactivity")
def a_log_that_was_stopped(folder: Path) -> None:
    part = D[D["at"] < "2024-06-01"]
    part.rename(columns={"who": "learner", "at": "watched_on"})[["learner", "watched_on"]].to_csv(folder / "watched.csv", index=False)
    D.iloc[::15].rename(columns={"who": "learner", "at": "paid_on", "eur": "fee"}).to_csv(folder / "fees.csv", index=False)


# --- ways by joins ---


@case(positionen__value="Preis", positionen__customer="Kundennr", bestellungen__customer="Kundennr")
def german_shop_by_join(folder: Path) -> None:
    orders = D.assign(Bestellnr=[f"B{i}" for i in range(len(D))])
    orders.rename(columns={"who": "Kundennr", "at": "Bestelldatum"})[["Bestellnr", "Kundennr", "Bestelldatum"]].to_csv(
        folder / "bestellungen.csv", index=False
    )
    orders.rename(columns={"eur": "Preis"})[["Bestellnr", "Preis"]].to_csv(folder / "positionen.csv", index=False)


@case(feature_usage__customer="account_id", churn__rule="subscription_end", subscriptions__end="end_date")
def saas_usage_by_subscription(folder: Path) -> None:
    subs = P.assign(subscription_id=[f"S-{i}" for i in range(len(P))])
    lines(
        folder,
        "subscriptions.csv",
        ["subscription_id,account_id,plan_tier,start_date,end_date,mrr_amount,churn_flag"]
        + [
            f"{r.subscription_id},A-{r.who},{'pro' if r.who % 2 else 'basic'},{r.first:%Y-%m-%d},{f'{r.last:%Y-%m-%d}' if r.gone else ''},{20 + r.who % 3},{r.gone}"
            for r in subs.itertuples()
        ],
    )
    used = D.merge(subs[["who", "subscription_id"]], on="who").rename(columns={"at": "usage_date"})
    used.assign(usage_id=range(len(used)), usage_count=3)[["usage_id", "subscription_id", "usage_date", "usage_count"]].to_csv(
        folder / "feature_usage.csv", index=False
    )


# --- contracts ---


@case(vertrage__start="Vertragsbeginn", vertrage__end="Kündigung zum", churn__rule="subscription_end", churn__of="vertrage")
def german_contracts(folder: Path) -> None:
    rows = [
        f"{r.who};{r.first:%d.%m.%Y};{f'{r.last:%d.%m.%Y}' if r.gone else ''};{'gekündigt' if r.gone else 'aktiv'};{9 + r.who % 3},90"
        for r in P.itertuples()
    ]
    lines(folder, "verträge.csv", ["Kunde;Vertragsbeginn;Kündigung zum;Status;Monatspreis", *rows])


@case(abbonamenti__start="data_inizio", abbonamenti__end="data_fine", churn__rule="subscription_end", incassi__value="importo")
def italian_subscriptions(folder: Path) -> None:
    rows = [
        f"{i},{r.who},{r.first:%Y-%m-%d},{f'{r.last:%Y-%m-%d}' if r.gone else ''},{'cessato' if r.gone else 'attivo'}"
        for i, r in enumerate(P.itertuples(), 1)
    ]
    lines(folder, "abbonamenti.csv", ["id,cliente_id,data_inizio,data_fine,stato", *rows])
    D.rename(columns={"who": "cliente_id", "at": "data_pagamento", "eur": "importo"}).to_csv(folder / "incassi.csv", index=False)


@case(subscriptions__start="Start Date (UTC)", subscriptions__end="Ended At (UTC)", churn__rule="subscription_end")
def stripe_subscriptions(folder: Path) -> None:
    rows = [
        f"sub_{i},cus_{r.who},{'gold' if r.who % 2 else 'basic'},{'canceled' if r.gone else 'active'},{r.first},{END + pd.Timedelta(days=int(r.who) % 30)},"
        f"{r.last if r.gone else ''},{r.last + pd.Timedelta(days=2) if r.gone else ''}"
        for i, r in enumerate(P.itertuples())
    ]
    lines(
        folder,
        "subscriptions.csv",
        ["id,Customer ID,Plan,Status,Start Date (UTC),Current Period End (UTC),Canceled At (UTC),Ended At (UTC)", *rows],
    )


@case(tickets__driver="support", tickets__start="opened_at", tickets__end="solved_at", churn__rule="inactivity", churn__of="orders")
def shop_with_tickets(folder: Path) -> None:
    D.rename(columns={"who": "user_id", "at": "order_date", "eur": "amount"}).to_csv(folder / "orders.csv", index=False)
    t = D.iloc[::6]
    rows = [
        f"T{i},{r.who},{r.at},{r.at + pd.Timedelta(days=1 + i % 9) if i % 12 else ''},{'billing' if i % 2 else 'delivery'}"
        for i, r in enumerate(t.itertuples())
    ]
    lines(folder, "tickets.csv", ["ticket_id,user_id,opened_at,solved_at,topic", *rows])


# --- dates of leaving ---


@case(
    socios__since="fecha_alta",
    churn__rule="cancellation",
    socios_left__time="fecha_baja",
    churn__of="socios_left",
    socios_left__kinds="motivo_baja",
)
def spanish_members(folder: Path) -> None:
    why = ["precio", "traslado", "impago"]
    rows = [
        f"{r.who},{r.first:%d/%m/%Y},{f'{r.last + pd.Timedelta(days=2):%d/%m/%Y}' if r.gone else ''},{why[r.who % 3] if r.gone else ''},{'norte' if r.who % 2 else 'sur'}"
        for r in P.itertuples()
    ]
    lines(folder, "socios.csv", ["socio,fecha_alta,fecha_baja,motivo_baja,sede", *rows])
    lines(folder, "visitas.csv", ["socio,fecha_visita", *(f"{r.who},{r.at:%d/%m/%Y}" for r in D.itertuples())])


@case(klanten__since="lid_sinds", churn__rule="cancellation", klanten_left__time="opgezegd_op")
def dutch_customers(folder: Path) -> None:
    rows = [
        f"{r.who};{r.first:%d-%m-%Y};{f'{r.last:%d-%m-%Y}' if r.gone else ''};{'Utrecht' if r.who % 2 else 'Breda'}" for r in P.itertuples()
    ]
    lines(folder, "klanten.csv", ["klant;lid_sinds;opgezegd_op;plaats", *rows])
    lines(folder, "bezoeken.csv", ["klant;datum", *(f"{r.who};{r.at:%d-%m-%Y}" for r in D.itertuples())])


@case(
    cancellations__kinds="reason",
    churn__rule="cancellation",
    churn__of="cancellations",
    churn__involuntary=["card expired - payment failed", "insufficient funds"],
)
def cancellations_with_reasons(folder: Path) -> None:
    D.rename(columns={"who": "account", "at": "login_at"})[["account", "login_at"]].to_csv(folder / "logins.csv", index=False)
    why = ["too expensive", "insufficient funds", "missing features", "card expired - payment failed"]
    gone = P[P["gone"]]
    rows = [f"{r.who},{r.last + pd.Timedelta(days=1)},{why[i % 4]}" for i, r in enumerate(gone.itertuples())]
    lines(folder, "cancellations.csv", ["account,cancelled_at,reason", *rows])


# --- totals of periods ---


def monthly(frame: pd.DataFrame) -> pd.DataFrame:
    totals = (
        frame.assign(month=frame["at"].dt.to_period("M")).groupby(["who", "month"]).agg(n=("eur", "size"), sum=("eur", "sum")).reset_index()
    )
    last = totals.groupby("who")["month"].transform("max")
    return totals.assign(left=((totals["month"] == last) & (last < pd.Period("2025-01"))).astype(int))


@case(panel__known_after="month", churn__rule="cancellation", panel_left__time="monat", panel__value="umsatz")
def german_panel(folder: Path) -> None:
    m = monthly(D)
    rows = [f"{r.who};{r.month.start_time:%d.%m.%Y};{r.n};{comma(r.sum)};{'ja' if r.left else 'nein'}" for r in m.itertuples()]
    lines(folder, "panel.csv", ["kunde;monat;bestellungen;umsatz;gekündigt", *rows])


@case(usage_monthly__known_after="month", churn__rule="cancellation")
def panel_with_active_flag(folder: Path) -> None:
    m = monthly(D)
    rows = [f"A{r.who},{r.month},{r.n},{r.sum:.2f},{1 - r.left}" for r in m.itertuples()]
    lines(folder, "usage_monthly.csv", ["account_id,period,sessions,revenue,is_active", *rows])


@case(verbruik__known_after="month", churn__rule="subscription_end")
def totals_at_month_ends(folder: Path) -> None:
    """Noise: what a month was used says nothing of who leaves."""
    noise = np.random.default_rng(1)
    months = pd.period_range("2023-09", "2025-02", freq="M")
    usage, subs = ["klantnr,maand,uren"], ["klantnr,begindatum,einddatum"]
    for c in range(300):
        first, stop = noise.integers(0, 5), noise.integers(8, 20)
        span = months[first:stop]
        open_end = stop >= len(months)
        for m in span:
            part = noise.uniform(0.1, 0.9) if m == span[-1] and not open_end else 1
            usage.append(f"V{c:04d},{m.end_time:%Y-%m-%d},{noise.gamma(4, 5) * part:.1f}")
        subs.append(
            f"V{c:04d},{span[0].start_time:%Y-%m-%d},{'' if open_end else format(span[-1].start_time + pd.Timedelta(days=int(noise.integers(3, 25))), '%Y-%m-%d')}"
        )
    lines(folder, "verbruik.csv", usage)
    lines(folder, "abonnementen.csv", subs)


def wide(frame: pd.DataFrame, names: Callable[[pd.Period], str]) -> pd.DataFrame:
    table = monthly(frame).pivot_table(index="who", columns="month", values="sum", aggfunc="sum").fillna(0).round(2)
    return table.rename(columns={m: names(m) for m in table.columns})


@case(revenue__known_after="month", revenue__customer="client", churn__rule="inactivity")
def months_across_iso(folder: Path) -> None:
    wide(D, str).rename_axis("client").reset_index().to_csv(folder / "revenue.csv", index=False)


@case(umsatz__known_after="month", umsatz__customer="Kunde")
def months_across_german(folder: Path) -> None:
    german = ["Jan", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sept", "Okt", "Nov", "Dez"]
    table = wide(D, lambda m: f"{german[m.month - 1]} {m.year}").rename_axis("Kunde").reset_index()
    table.insert(1, "Ort", np.where(table["Kunde"] % 2, "Bonn", "Ulm"))
    table.to_csv(folder / "umsatz.csv", index=False, sep=";", decimal=",")


# --- states ---


@case(plan_changes__kind="states", plan_changes__values=["plan", "monthly_price"], churn__rule="inactivity")
def prices_over_time(folder: Path) -> None:
    D.rename(columns={"who": "user_id", "at": "login_time"})[["user_id", "login_time"]].to_csv(folder / "logins.csv", index=False)
    rows = [f"{r.who},{r.first:%Y-%m-%d},basic,10.0" for r in P.itertuples()]
    rows += [f"{r.who},{r.first + pd.Timedelta(days=100):%Y-%m-%d},pro,19.5" for r in P.itertuples() if r.who % 3 == 0]
    lines(folder, "plan_changes.csv", ["user_id,effective_from,plan,monthly_price", *rows])


# --- customers with columns that tell ---


@case(customers__attributes=["country"], customers__owner="account_manager", churn__rule="inactivity")
def customers_with_totals(folder: Path) -> None:
    """Totals up to the export, a last login and a status: none describes the customer at a past cutoff."""
    n = D.groupby("who").size()
    D.rename(columns={"who": "customer_id", "at": "ordered_at", "eur": "amount"}).to_csv(folder / "orders.csv", index=False)
    rows = [
        f"{r.who},{r.first:%Y-%m-%d},{'DE' if r.who % 2 else 'FR'},{n[r.who]},{n[r.who] * 31.5:.2f},{r.last:%Y-%m-%d},{'inactive' if r.gone else 'active'},{'kim' if r.who % 3 else 'lee'}"
        for r in P.itertuples()
    ]
    lines(folder, "customers.csv", ["customer_id,signup_date,country,orders_count,total_spent,last_login,status,account_manager", *rows])


# --- counted times, slips, sheets, keys without a name ---


def epoch(moment: pd.Timestamp, each: int = 1) -> int:
    return int(moment.timestamp()) * each


@case(sessions__time="session_start_ms", sessions__unit="ms", sessions__value="session_len_s")
def epochs_with_a_name_of_their_own(folder: Path) -> None:
    rows = [f"u{r.who},{epoch(r.at, 1000)},{30 + i % 400},{'ios' if r.who % 2 else 'web'}" for i, r in enumerate(D.itertuples())]
    lines(folder, "sessions.csv", ["uid,session_start_ms,session_len_s,platform", *rows])


@case(ledger__time="Invoice Date", ledger__unit="excel", ledger__value="Net Amount")
def days_of_a_spreadsheet(folder: Path) -> None:
    rows = [f"{r.who},{(r.at.normalize() - pd.Timestamp('1899-12-30')).days},{r.eur}" for r in D.itertuples()]
    lines(folder, "ledger.csv", ["Client ID,Invoice Date,Net Amount", *rows])


@case(
    charges__time="created",
    charges__unit="s",
    charges__kinds="status",
    subscriptions__start="start_date",
    subscriptions__end="ended_at",
    churn__rule="subscription_end",
)
def stripe_by_its_interface(folder: Path) -> None:
    rows = [
        f"sub_{i},cus_{r.who},{'canceled' if r.gone else 'active'},{epoch(r.first)},{epoch(r.first)},{epoch(r.last)},"
        f"{epoch(r.last) + 2_592_000},{str(bool(r.gone)).lower()},{epoch(r.last) if r.gone else ''},{epoch(r.last) + 86_400 if r.gone else ''}"
        for i, r in enumerate(P.itertuples())
    ]
    head = "id,customer,status,created,start_date,current_period_start,current_period_end,cancel_at_period_end,canceled_at,ended_at"
    lines(folder, "subscriptions.csv", [head, *rows])
    paid = [
        f"ch_{i},cus_{r.who},{round(r.eur * 100)},{'failed' if i % 23 == 0 else 'succeeded'},{epoch(r.at)}"
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "charges.csv", ["id,customer,amount,status,created", *paid])


@case(bestellingen__time="besteldatum", bestellingen__format="%d-%m-%Y", bestellingen__value="bedrag")
def a_slip_beyond_2200(folder: Path) -> None:
    rows = [f"{r.who};{r.at:%d-%m-%Y};{comma(r.eur)}" for r in D.itertuples()]
    lines(folder, "bestellingen.csv", ["klantnummer;besteldatum;bedrag", *rows, f"{D.who[5]};03-02-2204;10,00"])


@case(abonnees__since="ingangsdatum", abonnees_left__time="opzegdatum", abonnees_left__format="%d-%m-%Y", churn__rule="cancellation")
def open_ends_in_9999(folder: Path) -> None:
    rows = [f"{r.who};{r.first:%d-%m-%Y};{f'{r.last:%d-%m-%Y}' if r.gone else '31-12-9999'}" for r in P.itertuples()]
    lines(folder, "abonnees.csv", ["abonneenr;ingangsdatum;opzegdatum", *rows])


@case(umsatze__sheet="Umsätze", umsatze__value="Umsatz", umsatze__skip_rows=2, kunden__sheet="Kunden", kunden__since="Kunde seit")
def workbook_of_two_sheets(folder: Path) -> None:
    with pd.ExcelWriter(folder / "bericht.xlsx") as book:
        sold = D.rename(columns={"who": "Kundennummer", "at": "Kaufdatum", "eur": "Umsatz"})
        sold.to_excel(book, sheet_name="Umsätze", index=False, startrow=2)
        book.sheets["Umsätze"].cell(1, 1, "Umsatzbericht")
        people_ = P.rename(columns={"who": "Kundennummer", "first": "Kunde seit"})[["Kundennummer", "Kunde seit"]]
        people_.to_excel(book, sheet_name="Kunden", index=False)


@case(orders__member="shop/orders.csv", orders__value="amount", users__member="shop/users.csv", users__kind="customers")
def archive_of_two_files(folder: Path) -> None:
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        sold = D.rename(columns={"who": "user_id", "at": "order_date", "eur": "amount"})
        archive.writestr("shop/orders.csv", sold.to_csv(index=False))
        archive.writestr(
            "shop/users.csv", P.rename(columns={"who": "user_id", "first": "signup_date"})[["user_id", "signup_date"]].to_csv()
        )


@case(cdr__customer="caller", cdr__order=None, cdr__value="charge", churn__rule="cancellation", subscribers_left__time="churn_date")
def calls_whose_key_has_another_name(folder: Path) -> None:
    rows = [f"4860{r.who},{r.first:%Y-%m-%d},{f'{r.last:%Y-%m-%d}' if r.gone else ''},{'SML'[r.who % 3]}" for r in P.itertuples()]
    lines(folder, "subscribers.csv", ["msisdn,activation_date,churn_date,plan", *rows])
    calls = [f"4860{r.who},48501{i % 977:03d}00,{r.at},{10 + i % 500},{i % 40 / 10}" for i, r in enumerate(D.itertuples())]
    lines(folder, "cdr.csv", ["caller,callee,start_time,duration,charge", *calls])


@case(panel__known_after="month", churn__rule="cancellation", churn__of="panel_left")
def panel_of_true_and_false(folder: Path) -> None:
    rows = [f"{r.who},{r.month.end_time:%m/%d/%Y},{r.n},{r.sum:.2f},{'TRUE' if r.left else 'FALSE'}" for r in monthly(D).itertuples()]
    lines(folder, "panel.csv", ["customer,month_end,logins,mrr,churned", *rows])


@case(contrats__planned_end="date_fin_prevue", contrats__end="date_resiliation", churn__rule="subscription_end")
def french_contracts_with_a_planned_end(folder: Path) -> None:
    rows = [
        f"V{i};{r.who};{r.first:%d/%m/%Y};{r.first + pd.DateOffset(months=24):%d/%m/%Y};{f'{r.last:%d/%m/%Y}' if r.gone else ''}"
        for i, r in enumerate(P.itertuples())
    ]
    lines(folder, "contrats.csv", ["n_contrat;n_client;date_debut;date_fin_prevue;date_resiliation", *rows])


@case(invoice_lines__order="inv_no", invoice_lines__id=None, invoice_lines__value="line_sum", invoice_lines__customer="client_ref")
def numbered_lines_of_invoices(folder: Path) -> None:
    rows = [f"{2 * i + k},INV{i:06d},S{i % 31},{r.eur / 2:.3f}" for i, r in enumerate(D.itertuples()) for k in (0, 1)]
    lines(folder, "invoice_lines.csv", ["line_id,inv_no,sku,line_sum", *rows])
    lines(
        folder,
        "invoices.csv",
        ["inv_no,client_ref,inv_date", *(f"INV{i:06d},C{r.who},{r.at:%Y-%m-%d}" for i, r in enumerate(D.itertuples()))],
    )


@case(error="flat-table")
def german_flat_table(folder: Path) -> None:
    rows = [f"{7000 + i};{20 + i % 50};{'ja' if i % 5 == 0 else 'nein'};{'Preis' if i % 5 == 0 else ''}" for i in range(300)]
    lines(folder, "kunden.csv", ["Kunde;Alter;gekündigt;Kündigungsgrund", *rows])
