"""Exports of services and trades: deals, refunds, cents, tariffs, ledgers, orders, subscriptions, events, and contracts in nine languages.

Each registers itself among the cases of :mod:`tests.cli.door_cases`; the tables hold half of its customers.
"""
# ruff: noqa: E501 - a row of a file is one line

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
from tests.cli.door_cases import END, case, comma, lines
from tests.cli.door_cases import D as EVERYTHING
from tests.cli.door_cases import P as EVERYBODY

D = EVERYTHING[EVERYTHING["who"] % 2 == 1].reset_index(drop=True)
P = EVERYBODY[EVERYBODY["who"] % 2 == 1].reset_index(drop=True)
MONTH = pd.Timedelta(days=30)


def day(moment: pd.Timestamp, gone: bool = True, form: str = "%Y-%m-%d") -> str:
    return moment.strftime(form) if gone else ""


def terms(months: int = 3) -> list[tuple[int, pd.Timestamp, pd.Timestamp, bool]]:
    """Contracts of a few months in a row until a customer leaves: who, begin, end, and whether it was the last."""
    found = []
    for r in P.itertuples():
        begin = r.first.normalize()
        while begin < END:
            end = begin + pd.DateOffset(months=months)
            found.append((r.who, begin, end, bool(r.gone and r.last < end)))
            if found[-1][3]:
                break
            begin = end
    return found


# --- deals, bookings, refunds, cents, tariffs ---


@case(
    hubspot_crm_exports_all_deals__time="Close Date",
    hubspot_crm_exports_all_deals__value="amount_won",
    hubspot_crm_exports_all_companies__owner="Company owner",
    churn__rule="cancellation",
    churn__of="hubspot_crm_exports_all_deals_left",
)
def hubspot_renewal_deals(folder: Path) -> None:
    rows = []
    for i, (who, begin, end, lost) in enumerate(terms()):
        stage = "closedlost" if lost and end < END else "closedwon" if end < END else "contractsent"
        rows.append(
            f"{9_000_000 + i},Renewal {i},Renewals,{stage},{end:%Y-%m-%d %H:%M},{begin:%Y-%m-%d %H:%M},{1200 + who % 7 * 100},Ana Lee,{who}"
        )
    lines(
        folder,
        "hubspot-crm-exports-all-deals.csv",
        ["Record ID,Deal Name,Pipeline,Deal Stage,Close Date,Create Date,Amount,Deal owner,Associated Company IDs", *rows],
    )
    people = [
        f"{r.who},Firm {r.who},{r.first:%Y-%m-%d %H:%M},{'Ana Lee' if r.who % 3 else 'Bo Dahl'},{'RETAIL' if r.who % 4 else 'MEDIA'}"
        for r in P.itertuples()
    ]
    lines(folder, "hubspot-crm-exports-all-companies.csv", ["Record ID,Company name,Create Date,Company owner,Industry", *people])


@case(opportunity__time="CloseDate", opportunity__value="amount_won", opportunity__kinds="deal_result", churn__of="opportunity_left")
def salesforce_opportunities(folder: Path) -> None:
    rows = []
    for i, (who, begin, end, lost) in enumerate(terms()):
        stage = "Closed Lost" if lost and end < END else "Closed Won" if end < END else "Negotiation/Review"
        rows.append(
            f"006{i:05d},001{who},{stage},{end:%Y-%m-%d},{1200 + who % 7 * 100}.0,Renewal,{str(stage == 'Closed Won').lower()},{str(end < END).lower()},005{who % 5},{begin:%Y-%m-%dT%H:%M:%S.000Z}"
        )
    lines(folder, "Opportunity.csv", ["Id,AccountId,StageName,CloseDate,Amount,Type,IsWon,IsClosed,OwnerId,CreatedDate", *rows])
    lines(
        folder,
        "Task.csv",
        [
            "Id,AccountId,ActivityDate,Type",
            *(f"00T{i},001{r.who},{r.at:%Y-%m-%d},{'Call' if i % 3 else 'Email'}" for i, r in enumerate(D.itertuples())),
        ],
    )


@case(charges__customer="customer", charges__value="amount", refunds__customer="customer", churn__of="charges")
def refunds_by_charge(folder: Path) -> None:
    lines(
        folder,
        "charges.csv",
        [
            "id,customer,amount,created",
            *(f"ch_{i:05d},cus_{r.who},{r.eur:.2f},{r.at:%Y-%m-%d %H:%M}" for i, r in enumerate(D.itertuples())),
        ],
    )
    back = [
        f"re_{i:05d},ch_{i:05d},{r.eur:.2f},{r.at + MONTH / 5:%Y-%m-%d %H:%M},{'duplicate' if i % 2 else 'requested_by_customer'}"
        for i, r in enumerate(D.itertuples())
        if i % 9 == 0
    ]
    lines(folder, "refunds.csv", ["id,charge,amount,created,reason", *back])


@case(invoices__customer="customer", invoices__value="amount", invoices__money=True, churn__of="invoices")
def amounts_in_minor_units(folder: Path) -> None:
    rows = [f"in_{i:06d},cus_{r.who},{int(r.at.timestamp())},{round(r.eur * 100)},usd,paid" for i, r in enumerate(D.itertuples())]
    lines(folder, "invoices.csv", ["id,customer,created,amount_paid,currency,status", *rows])


@case(transactions__customer="customer_id", transactions__value="amount", churn__of="transactions")
def amounts_in_pence(folder: Path) -> None:
    rows = [f"{i},{r.who},{r.at:%Y-%m-%dT%H:%M:%SZ},{round(r.eur * 100)},EUR" for i, r in enumerate(D.itertuples())]
    lines(folder, "transactions.csv", ["id,customer_id,created_at,amount_pence,currency", *rows])


@case(subscriptions__start="started", subscriptions__end="ended", subscriptions__value="price", churn__rule="subscription_end")
def sqlite_with_tariffs(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shop.sqlite")) as database, database:
        pd.DataFrame({"tariff_id": [1, 2, 3], "name": ["S", "M", "L"], "price": [9.5, 19.0, 49.0]}).to_sql("tariffs", database, index=False)
        subs = pd.DataFrame(
            {"sub_id": range(len(P)), "customer_id": P["who"], "tariff_id": 1 + P["who"] % 3, "started": P["first"].dt.strftime("%Y-%m-%d")}
        )
        subs["ended"] = (P["last"] + MONTH / 3).dt.strftime("%Y-%m-%d").where(P["gone"])
        subs.to_sql("subscriptions", database, index=False)
        D.assign(at=D["at"].astype(str)).rename(columns={"who": "customer_id", "at": "logged_at"})[["customer_id", "logged_at"]].to_sql(
            "logins", database, index=False
        )


@case(
    extf_buchungsstapel__customer="Konto",
    extf_buchungsstapel__time="date",
    extf_buchungsstapel__money=True,
    churn__of="extf_buchungsstapel",
)
def datev_bookings(folder: Path) -> None:
    for year, part in D.groupby(D["at"].dt.year):
        head = f'"EXTF";700;21;"Buchungsstapel";13;{year}1231120000000;;"RE";"";"";29098;55003;{year}0101;4;{year}0101;{year}1231;"Debitoren {year}";"";1;0;0;"EUR";;;;;;;;;'
        names = "Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Konto;Gegenkonto (ohne BU-Schlüssel);BU-Schlüssel;Belegdatum;Belegfeld 1;Buchungstext"
        rows = [f'{comma(r.eur, "")};"S";"EUR";;{r.who};8400;;{r.at:%d%m};"RE{i}";"Rechnung"' for i, r in enumerate(part.itertuples())]
        lines(folder, f"EXTF_Buchungsstapel_{year}.csv", [head, names, *rows], "cp1252")


# --- shops ---


@case(orders_export__order="Order Number", orders_export__value="share_of_total", orders_export__money=True)
def woocommerce_totals_on_every_line(folder: Path) -> None:
    rows = []
    for i, r in enumerate(D.itertuples()):
        first, second = round(r.eur * 0.75, 2), round(r.eur - round(r.eur * 0.75, 2), 2)
        rows += [
            f"{5000 + i},wc-completed,{r.at:%Y-%m-%d %H:%M},c{r.who}@example.org,{r.eur:.2f},{n + 1},Item {(i + n) % 9},1,{price:.2f}"
            for n, price in enumerate((first, second))
        ]
    lines(
        folder,
        "orders-export.csv",
        ["Order Number,Order Status,Order Date,Email (Billing),Order Total Amount,Item #,Item Name,Quantity (- Refund),Item Cost", *rows],
    )


@case(orders__customer="Email", orders__time="Created at")
def shopify_lines_of_items(folder: Path) -> None:
    rows = []
    for i, r in enumerate(D.itertuples()):
        when = f"{r.at:%Y-%m-%d %H:%M:%S} +0100"
        rows.append(
            f"#{1001 + i},c{r.who}@example.com,paid,{when},fulfilled,EUR,{r.eur * 0.9:.2f},0.00,{r.eur * 0.1:.2f},{r.eur:.2f},{when},1,Cup,{r.eur * 0.5:.2f},SKU-1"
        )
        rows += [f"#{1001 + i},c{r.who}@example.com,,,,,,,,,{when},1,Tea,{r.eur * 0.4:.2f},SKU-2"] * (i % 2)
    lines(
        folder,
        "orders.csv",
        [
            "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku",
            *rows,
        ],
    )


# --- subscriptions ---


@case(subscriptions__start="started_at", churn__rule="subscription_end")
def chargebee_subscriptions(folder: Path) -> None:
    rows = []
    for r in P.itertuples():
        end = r.last + MONTH / 2
        rows.append(
            f"sub_{r.who},cust_{r.who},{'pro' if r.who % 4 else 'basic'}-monthly,{'cancelled' if r.gone else 'non_renewing' if r.who % 11 == 0 else 'active'},{day(r.first)}T08:00:00Z,{day(END - MONTH / 2)},{day(END + MONTH / 2, not r.gone)},{day(end, r.gone)},{day(end, r.gone)},{4900 if r.who % 4 else 1900},EUR"
        )
    lines(
        folder,
        "subscriptions.csv",
        [
            "subscription_id,customer_id,plan_id,status,started_at,current_term_start,current_term_end,cancelled_at,cancel_schedule_created_at,mrr_cents,currency_code",
            *rows,
        ],
    )
    lines(
        folder,
        "events.csv",
        [
            "customer_id,occurred_at,event_type",
            *(f"cust_{r.who},{r.at:%Y-%m-%dT%H:%M:%SZ},{'login' if i % 3 else 'report_viewed'}" for i, r in enumerate(D.itertuples())),
        ],
    )


@case(subscriptions__start="activated_at", subscriptions__end="expires_at", churn__rule="subscription_end")
def recurly_subscriptions(folder: Path) -> None:
    """Contracts that expire 30 days after the last use, of customers who stop at a constant rate: nothing before tells who stops.

    So an AUC is chance: over 12 cutoffs of six such worlds with 26 to 42 customers at risk it is .29 to .67, on average .50; with 436 to
    645 customers .50 to .57.
    """
    rows = [
        f"{r.who:032x},acct-{r.who},{'expired' if r.gone else 'active'},gold,{day(r.first)}T10:00:00Z,{day(r.last, r.gone)}{'T09:00:00Z' if r.gone else ''},{day(r.last + MONTH, r.gone)}{'T10:00:00Z' if r.gone else ''},{day(END + MONTH / 2)}T10:00:00Z,29.00,1"
        for r in P.itertuples()
    ]
    lines(
        folder,
        "subscriptions.csv",
        ["uuid,account_code,state,plan_code,activated_at,canceled_at,expires_at,current_period_ends_at,unit_amount,quantity", *rows],
    )
    lines(
        folder,
        "usage.csv",
        [
            "account_code,recording_timestamp,amount",
            *(f"acct-{r.who},{r.at:%Y-%m-%dT%H:%M:%SZ},{1 + i % 5}" for i, r in enumerate(D.itertuples())),
        ],
    )


@case(subscriptions__start="created_at", churn__rule="subscription_end", payments__value="net")
def paddle_subscriptions(folder: Path) -> None:
    rows = [
        f"sub_{r.who},ctm_{r.who},{'canceled' if r.gone else 'active'},{day(r.first)}T10:00:00Z,{day(END + MONTH / 3, not r.gone)},{day(r.last + MONTH / 2, r.gone)},monthly"
        for r in P.itertuples()
    ]
    lines(folder, "subscriptions.csv", ["subscription_id,customer_id,status,created_at,next_billed_at,canceled_at,billing_cycle", *rows])
    rows = [
        f"txn_{i},ctm_{r.who},sub_{r.who},{r.at:%Y-%m-%dT%H:%M:%SZ},{r.eur:.2f},{r.eur * 0.05:.2f},{r.eur * 0.95:.2f},USD"
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "payments.csv", ["transaction_id,customer_id,subscription_id,billed_at,gross,fee,net,currency_code", *rows])


@case(subscriber__customer="Subscriber ID", subscriber__time="Event Date", subscriber__value="Customer Price")
def apple_subscribers(folder: Path) -> None:
    rows = [
        f"{r.at:%Y-%m-%d}\tDiary\t99\tDiary Pro\t77\t20\t1 Month\t\t\t\tUSD\t{9.99 if i % 3 else 4.99}\tUSD\t{6.99 if i % 3 else 3.49}\t\tiPhone\tUS\t{r.who}\t{r.who}\t{'Yes' if i % 31 == 0 else ''}\t{r.at:%Y-%m-%d}\t1"
        for i, r in enumerate(D.itertuples())
    ]
    names = "Event Date\tApp Name\tApp Apple ID\tSubscription Name\tSubscription Apple ID\tSubscription Group ID\tStandard Subscription Duration\tIntroductory Price Type\tIntroductory Price Duration\tMarketing Opt-In Duration\tCustomer Currency\tCustomer Price\tProceeds Currency\tDeveloper Proceeds\tPreserved Pricing\tDevice\tCountry\tSubscriber ID\tSubscriber ID Reset\tRefund\tPurchase Date\tUnits"
    lines(folder, "Subscriber.txt", [names, *rows])


# --- events as JSON lines ---


@case(export__customer="properties.distinct_id", export__time="properties.time", export__kinds="event", churn__rule="inactivity")
def mixpanel_events(folder: Path) -> None:
    rows = [
        json.dumps(
            {
                "event": ("login", "song_played", "shared")[i % 3],
                "properties": {
                    "time": int(r.at.timestamp()),
                    "distinct_id": f"u-{r.who}",
                    "$insert_id": f"i{i}",
                    "$os": "iOS",
                    "mp_processing_time_ms": int(r.at.timestamp() * 1000) + 5000,
                },
            }
        )
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "export.jsonl", rows)


@case(segment__customer="userId", segment__kinds="event", churn__rule="inactivity")
def segment_events(folder: Path) -> None:
    rows = []
    for i, r in enumerate(D.itertuples()):
        sent = (r.at + pd.Timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        rows.append(
            json.dumps(
                {
                    "type": "track",
                    "event": ("Order Completed", "Product Viewed")[i % 2],
                    "userId": str(r.who),
                    "anonymousId": f"a{i % 400}",
                    "messageId": f"m{i}",
                    "timestamp": r.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                    "sentAt": sent,
                    "receivedAt": sent,
                    "context": {"library": {"name": "analytics.js"}},
                    "properties": {"revenue": r.eur if i % 2 == 0 else None},
                }
            )
        )
    lines(folder, "segment.jsonl", rows)


@case(events__customer="user_pseudo_id", events__time="event_timestamp", events__unit="us", events__kinds="event_name")
def analytics_events(folder: Path) -> None:
    rows = [
        json.dumps(
            {
                "event_date": f"{r.at:%Y%m%d}",
                "event_timestamp": str(int(r.at.timestamp() * 1_000_000)),
                "event_name": ("page_view", "purchase", "scroll")[i % 3],
                "user_pseudo_id": f"{r.who * 7919}.{1_690_000_000 + r.who}",
                "event_params": [{"key": "page", "value": {"string_value": "/"}}],
                "platform": "WEB",
                "ecommerce": {"purchase_revenue": r.eur if i % 3 == 1 else None},
            }
        )
        for i, r in enumerate(D.itertuples())
    ]
    lines(folder, "events.jsonl", rows)


# --- trades and languages ---


@case(mitglieder__since="Eintritt", churn__rule="cancellation", check_ins__time="Uhrzeit Check-in")
def german_gym(folder: Path) -> None:
    rows = [
        f"M-{r.who};{day(r.first, form='%d.%m.%Y')};{day(r.last, r.gone, '%d.%m.%Y')};{day(r.last + MONTH, r.gone, '%d.%m.%Y')};{'Flex' if r.who % 3 else 'Premium'};{comma(29.9 + r.who % 3 * 10)} €"
        for r in P.itertuples()
    ]
    lines(folder, "Mitglieder.csv", ["Mitgliedsnr.;Eintritt;Kündigung eingegangen;Austritt;Tarif;Monatsbeitrag", *rows], "cp1252")
    lines(
        folder,
        "Check-ins.csv",
        ["Mitgliedsnr.;Uhrzeit Check-in;Studio", *(f"M-{r.who};{r.at:%d.%m.%Y %H:%M};Studio {r.who % 3}" for r in D.itertuples())],
        "cp1252",
    )


@case(
    contrats__start="Date d'effet",
    contrats__planned_end="Date d'échéance",
    contrats__end="ended",
    churn__rule="subscription_end",
    sinistres__driver="support",
)
def french_insurance(folder: Path) -> None:
    rows = [
        f"P{i:05d};S{who};{begin:%d/%m/%Y};{end:%d/%m/%Y};{day(end, lost and end < END, '%d/%m/%Y')};{comma(300 + who % 50, ' ')}"
        for i, (who, begin, end, lost) in enumerate(terms())
    ]
    lines(folder, "contrats.csv", ["N° police;Souscripteur;Date d'effet;Date d'échéance;Date de résiliation;Prime", *rows], "cp1252")
    lines(
        folder,
        "sinistres.csv",
        [
            "N° sinistre;Souscripteur;Date de survenance;Montant réglé",
            *(f"X{i};S{r.who};{r.at:%d/%m/%Y};{comma(r.eur, ' ')}" for i, r in enumerate(D.itertuples()) if i % 3 == 0),
        ],
        "cp1252",
    )


@case(recargas__customer="telefono", recargas__value="importe", churn__rule="cancellation", churn__of="lineas_left")
def spanish_telecom(folder: Path) -> None:
    lines(
        folder,
        "lineas.csv",
        [
            "telefono;fecha_alta;fecha_baja;tarifa",
            *(
                f"6{r.who:08d};{day(r.first, form='%d/%m/%Y')};{day(r.last + MONTH / 4, r.gone, '%d/%m/%Y')};{'Ilimitada' if r.who % 3 else 'Básica'}"
                for r in P.itertuples()
            ),
        ],
    )
    lines(
        folder,
        "recargas.csv",
        ["telefono;fecha_recarga;importe", *(f"6{r.who:08d};{r.at:%d/%m/%Y %H:%M};{comma(r.eur / 100)} €" for r in D.itertuples())],
    )


@case(abbonamenti__start="decorrenza", abbonamenti__planned_end="scadenza", churn__rule="subscription_end")
def italian_newspaper(folder: Path) -> None:
    rows = [
        f"A{i};{who};La Voce;{begin:%d/%m/%Y};{end:%d/%m/%Y};{day(end, lost and end < END, '%d/%m/%Y')};{comma(39.9)}"
        for i, (who, begin, end, lost) in enumerate(terms())
    ]
    lines(folder, "abbonamenti.csv", ["n_abbonamento;cod_abbonato;testata;decorrenza;scadenza;disdetta il;prezzo", *rows])
    lines(folder, "accessi.csv", ["cod_abbonato;data_accesso", *(f"{r.who};{r.at:%d/%m/%Y %H:%M}" for r in D.itertuples())])


@case(alunos__since="data_matricula", churn__rule="cancellation", presencas__time="data_presenca")
def portuguese_gym(folder: Path) -> None:
    lines(
        folder,
        "alunos.csv",
        [
            "matricula;data_matricula;data_cancelamento;plano;mensalidade",
            *(
                f"{r.who};{day(r.first, form='%d/%m/%Y')};{day(r.last + MONTH / 4, r.gone, '%d/%m/%Y')};{'Anual' if r.who % 3 else 'Mensal'};R$ {comma(99.9)}"
                for r in P.itertuples()
            ),
        ],
    )
    lines(folder, "presencas.csv", ["matricula;data_presenca", *(f"{r.who};{r.at:%d/%m/%Y %H:%M}" for r in D.itertuples())])


@case(umowy__start="data_zawarcia", umowy__end="data_rozwiązania", churn__rule="subscription_end", wplaty__value="kwota")
def polish_insurance(folder: Path) -> None:
    lines(
        folder,
        "umowy.csv",
        [
            "nr_umowy;nr_klienta;data_zawarcia;data_rozwiązania;powód_rozwiązania;składka",
            *(
                f"U{r.who};K{r.who};{day(r.first, form='%d.%m.%Y')};{day(r.last + MONTH / 3, r.gone, '%d.%m.%Y')};{('cena', 'przeprowadzka')[r.who % 4 // 2] if r.gone else ''};{comma(120.5, ' ')} zł"
                for r in P.itertuples()
            ),
        ],
        "cp1250",
    )
    lines(
        folder,
        "wpłaty.csv",
        ["nr_umowy;data_wpłaty;kwota", *(f"U{r.who};{r.at:%d.%m.%Y};{comma(r.eur, ' ')} zł" for r in D.itertuples())],
        "cp1250",
    )


@case(abonnementen__start="startdatum", abonnementen__end="einddatum", churn__rule="subscription_end", bezorgklachten__driver="support")
def dutch_newspaper(folder: Path) -> None:
    lines(
        folder,
        "abonnementen.csv",
        [
            "abonneenummer;product;startdatum;einddatum;opzegreden",
            *(
                f"{r.who};{'weekend' if r.who % 3 else 'dagelijks'};{day(r.first, form='%d-%m-%Y')};{day(r.last + MONTH / 3, r.gone, '%d-%m-%Y')};{'te duur' if r.gone else ''}"
                for r in P.itertuples()
            ),
        ],
    )
    lines(
        folder,
        "bezorgklachten.csv",
        [
            "klachtnr;abonneenummer;datum;reden",
            *(f"{i};{r.who};{r.at:%d-%m-%Y};{'te laat' if i % 2 else 'nat'}" for i, r in enumerate(D.itertuples()) if i % 2),
        ],
    )
    lines(
        folder,
        "leesgedrag.csv",
        ["abonneenummer;tijdstip;artikelen", *(f"{r.who};{r.at:%d-%m-%Y %H:%M};{1 + i % 6}" for i, r in enumerate(D.itertuples()))],
    )


@case(churn__rule="cancellation")
def russian_gym(folder: Path) -> None:
    lines(
        folder,
        "клиенты.csv",
        [
            "Код клиента;Дата регистрации;Дата расторжения;Клуб",
            *(
                f"{r.who};{day(r.first, form='%d.%m.%Y')};{day(r.last + MONTH / 4, r.gone, '%d.%m.%Y')};{'Центр' if r.who % 3 else 'Север'}"
                for r in P.itertuples()
            ),
        ],
        "cp1251",
    )
    lines(folder, "посещения.csv", ["Код клиента;Дата посещения", *(f"{r.who};{r.at:%d.%m.%Y %H:%M}" for r in D.itertuples())], "cp1251")
    lines(
        folder,
        "оплаты.csv",
        ["Код клиента;Дата оплаты;Сумма, руб.", *(f"{r.who};{r.at:%d.%m.%Y};{comma(r.eur, ' ')}" for r in D.iloc[::4].itertuples())],
        "cp1251",
    )


@case(faturalar__customer="abone_no", faturalar__value="amount_received", churn__rule="cancellation", aboneler__since="aktivasyon_tarihi")
def turkish_telecom(folder: Path) -> None:
    lines(
        folder,
        "aboneler.csv",
        [
            "abone_no;aktivasyon_tarihi;iptal_tarihi;tarife",
            *(
                f"{5_000_000 + r.who};{day(r.first, form='%d.%m.%Y')};{day(r.last + MONTH / 4, r.gone, '%d.%m.%Y')};{'Sınırsız' if r.who % 3 else 'Ekonomik'}"
                for r in P.itertuples()
            ),
        ],
        "cp1254",
    )
    lines(
        folder,
        "faturalar.csv",
        [
            "fatura_no;abone_no;fatura_tarihi;tutar;ödendi",
            *(
                f"F{i};{5_000_000 + r.who};{r.at:%d.%m.%Y};{comma(r.eur / 10)} TL;{'H' if i % 13 == 0 else 'E'}"
                for i, r in enumerate(D.itertuples())
            ),
        ],
        "cp1254",
    )
