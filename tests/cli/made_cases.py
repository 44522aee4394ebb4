"""Files with what was written later: a status and its date, a planned end that moves on at each renewal, balances at the ends of months.

Each registers itself among the cases of :mod:`tests.cli.door_cases`; the tables hold half of its customers.
"""
# ruff: noqa: E501 - a row of a file is one line

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tests.cli.door_cases import END, case, comma, lines
from tests.cli.key_cases import D2, P2, day


@case(
    abonenty__attributes=["Скорость"],
    churn__rule="cancellation",
    churn__of="abonenty_left",
    churn__involuntary=["неоплата"],
    abonenty_left__kinds="Причина",
    abonenty_left__time="left_on",
)
def status_of_the_day_of_export(folder: Path) -> None:
    """The date of the last change is that of leaving for those whose status says so; tariff and balance were overwritten then."""
    rows = [
        f"{r.who};{day(r.first, form='%d.%m.%Y')};{'Архивный' if r.gone else ['Старт', 'Дом'][r.Index % 2]};{[50, 100, 300][r.Index % 3]};{'Расторгнут' if r.gone else 'Активен'};"
        f"{['переезд', 'неоплата'][r.Index % 4 == 0] if r.gone else ''};{day(r.last if r.gone else r.first, form='%d.%m.%Y')};{comma(0 if r.gone else 100 + r.Index, '')}"
        for r in P2.itertuples()
    ]
    head = "Номер абонента;Дата подключения;Тариф;Скорость;Статус;Причина;Дата изменения статуса;Баланс"
    lines(folder, "abonenty.csv", [head, *rows], "cp1251")
    lines(folder, "trafik.csv", ["Номер абонента;Дата;Трафик ГБ", *(f"{r.who};{r.at:%d.%m.%Y};{comma(r.eur)}" for r in D2.itertuples())])


@case(
    abonnes__planned_end=None,
    abonnes__end="Date de résiliation",
    prelevements__kinds="payment_result",
    prelevements__driver="payment",
    churn__of="abonnes",
)
def planned_end_that_moves_on(folder: Path) -> None:
    """A year after the beginning, or after the last renewal before the leaving: who has gone longer was there longer."""
    rows = []
    for r in P2.itertuples():
        years = 1 + int(((r.last if r.gone else END) - r.first).days // 365)
        rows.append(
            f"{r.who};{day(r.first, form='%d/%m/%Y')};{r.first + pd.DateOffset(years=years):%d/%m/%Y};{day(r.last, r.gone, '%d/%m/%Y')}"
        )
    lines(folder, "abonnes.csv", ["N° abonné;Date de début;Date de fin prévue;Date de résiliation", *rows], "cp1252")
    paid = [f"{r.who};{r.at:%d/%m/%Y};{comma(r.eur)};{'O' if i % 19 == 0 else 'N'}" for i, r in enumerate(D2.itertuples())]
    lines(folder, "prelevements.csv", ["N° abonné;Date de prélèvement;Montant;Rejeté", *paid], "cp1252")


@case(
    saldos__value=None,
    saldos_more__kind="states",
    saldos_more__values=["saldo (R$)", "qtd transações"],
    saldos_more__known_after="month",
    contas__encoding="cp1252",
    churn__of="contas",
)
def balances_of_months(folder: Path) -> None:
    """What an account holds at the end of a month is a state; summing it would mean nothing."""
    lines(
        folder,
        "contas.csv",
        [
            "nº conta;data abertura;data encerramento",
            *(f"{r.who:08d};{day(r.first, form='%d/%m/%Y')};{day(r.last, r.gone, '%d/%m/%Y')}" for r in P2.itertuples()),
        ],
        "latin-1",
    )
    months = D2.assign(m=D2["at"].dt.to_period("M")).groupby(["who", "m"])["eur"].agg(["sum", "size"]).reset_index()
    rows = [f"{r.who:08d};{r.m.end_time:%d/%m/%Y};{comma(r.sum)};{r.size}" for r in months[months["m"] < "2025-03"].itertuples(name="Row")]
    lines(folder, "saldos.csv", ["nº conta;data base;saldo (R$);qtd transações", *rows], "latin-1")


@case(
    events__kinds="event_name",
    users__kind="intervals",
    users__start="created_at",
    subscriptions__kind="intervals",
    churn__of="subscriptions",
)
def users_of_accounts_last_seen(folder: Path) -> None:
    """When somebody was last seen is no beginning; the name of an event is not that of a person."""
    stamps = "%Y-%m-%d %H:%M:%S+00"
    users = [
        f"usr_{r.who}_{j},acc_{r.who},{r.first + pd.Timedelta(days=j):{stamps}},{r.last:{stamps}},{day(r.last + pd.Timedelta(days=2), r.gone, stamps)}"
        for r in P2.itertuples()
        for j in range(3)
    ]
    lines(folder, "users.csv", ["id,account_id,created_at,last_seen_at,deactivated_at", *users])
    rows = [f"s_{r.who},acc_{r.who},{day(r.first)},{day(r.last, r.gone)}" for r in P2.itertuples()]
    lines(folder, "subscriptions.csv", ["id,account_id,started_on,ended_on", *rows])
    events = [f"{i},usr_{r.who}_{i % 3},{r.at:{stamps}},{['login', 'report', 'error'][i % 3]}" for i, r in enumerate(D2.itertuples())]
    lines(folder, "events.csv", ["event_id,user_id,ts,event_name", *events])
