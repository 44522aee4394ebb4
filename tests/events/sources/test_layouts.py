"""A row of totals never becomes a customer; an empty file and an open quote are called what they are."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.diagnostics import rfm
from churnpredict.errors import DataError
from churnpredict.events.sources.layouts import find_layout

HEAD = "who,at,eur\n"
ROWS = [f"k{i},2024-01-{1 + i % 28:02d},{i + 1}.50\n" for i in range(60)]


def tables(source):
    return cp.EventTables(log=cp.Events(source, customer="who", time="at", value="eur"))


@pytest.mark.parametrize("name", ["Total", "TOTAL:", "Grand total", "Gesamtsumme", "Итого", " subtotal "])
@pytest.mark.parametrize("how", [str, cp.File])
def test_a_total_with_a_date_is_no_customer(tmp_path, name, how):
    path = tmp_path / "log.csv"
    path.write_text(HEAD + "".join(ROWS) + f"{name},2024-01-31,1830.00\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"total-row|rows-below"):
        tables(how(str(path)))
    with pytest.raises(DataError, match=r"1 of 61 rows.*total-row"):
        tables(
            pd.DataFrame(
                [(*r.strip().split(",")[:2], float(r.split(",")[2])) for r in [*ROWS, f"{name},2024-01-31,1830"]],
                columns=["who", "at", "eur"],
            )
        )


def test_companies_with_total_in_their_name_are_customers():
    log = pd.DataFrame({"who": ["Total Wine", "TotalEnergies", "Summers", "Suma Ltd"], "at": "2024-01-01", "eur": 5.0})
    assert len(tables(log)) == 4


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
@pytest.mark.parametrize("how", [str, cp.File])
def test_an_empty_file_is_called_empty(tmp_path, content, how):
    path = tmp_path / "log.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="is empty") as caught:
        tables(how(str(path)))
    assert "missing-column" not in str(caught.value)


def test_an_open_quote_is_no_row_below_the_table(tmp_path):
    text = HEAD + "".join(ROWS[:55]) + 'k55,2024-01-09,"7\n' + "".join(ROWS[56:])
    assert find_layout(text, text).footer_rows == 0
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    for how in (str, cp.File):
        with pytest.raises(DataError, match="a quote that is not closed"):
            tables(how(str(path)))


@pytest.mark.parametrize(
    ("given", "call"),
    [
        ("observed_until", lambda log: cp.EventTables(log=log, observed_until=20240201)),
        ("observed_until", lambda log: cp.EventTables(log=log, observed_until=["2024-02-01", "2024-03-01"])),
        ("at", lambda log: cp.take_snapshots(cp.EventTables(log=log), cp.Inactivity("10d"), at=20240115)),
        ("since", lambda log: cp.take_snapshots(cp.EventTables(log=log), cp.Inactivity("10d"), every="5d", since=20240101)),
        ("end", lambda log: cp.churn_rate(cp.EventTables(log=log), cp.Inactivity("10d"), end=20240201)),
        ("at", lambda log: rfm(cp.EventTables(log=log), at=["2024-01-10", "2024-01-20"])),
    ],
)
def test_a_number_for_a_moment_is_refused_by_the_name_of_the_argument(given, call):
    log = cp.Events(pd.DataFrame({"who": list("abcde"), "at": "2024-01-01"}), customer="who", time="at")
    with pytest.raises(DataError, match=rf"^{given} is .*bad-time"):
        call(log)


def test_settings_of_an_export_stand_above_the_names():
    """A first line that is wider than the table, with numbers, as accounting software writes it; a wide line of names stays one."""
    rows = "".join(f'{10 + i},50;"S";{10_000 + i % 9};{1 + i % 28:02d}0{1 + i % 9};"R{i}"\n' for i in range(60))
    names = "Umsatz;Soll/Haben;Konto;Belegdatum;Beleg\n"
    found = find_layout(f'"EXTF";700;21;"Buchungen";12;20250615;;"RE"\n{names}{rows}', rows)
    assert (found.skip_rows, found.header, found.width) == (1, True, 5)
    assert find_layout(f"Umsatz;Soll/Haben;Konto;Belegdatum;Beleg;Kost1;Kost2\n{rows}", rows).skip_rows == 0
