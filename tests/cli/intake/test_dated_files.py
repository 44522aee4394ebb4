"""One file for each month, whose name alone says which: the month becomes a column, and the files one panel."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.cli.door_cases import END, lines
from tests.cli.key_cases import D2, P2

from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles
from churnpredict.errors import ConfigError

MONTHS = D2.assign(month=D2["at"].dt.to_period("M")).groupby(["who", "month"])["eur"].agg(["sum", "size"]).reset_index()
LAST = MONTHS.groupby("who")["month"].transform("max")
PANEL = MONTHS.assign(state=["churned" if gone else "active" for gone in (MONTHS["month"] == LAST) & (END.to_period("M") - 2 > LAST)])


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("written", ["%Y-%m", "%Y%m", "%Y_%m_%d"])
def test_the_names_of_files_are_months(written: str, tmp_path: Path) -> None:
    for month, part in PANEL.groupby("month"):
        rows = [f"{r[1]},{r[3]:.2f},{r[4]},{r[5]}" for r in part.itertuples()]
        lines(tmp_path, f"customers_{month.strftime(written)}.csv", ["customer_id,spend,logins,status", *rows])
    profiles, refused = read_profiles(found_files(tmp_path))
    text = draft_config(profiles, tmp_path, refused=refused).text
    found = tomllib.loads(text)
    assert (found["churn"]["rule"], found["churn"]["of"]) == ("cancellation", "customers_left")
    panel = found["tables"]["customers"]
    assert (panel["value"], panel["known_after"], panel["time"]) == ("spend", "month", "file_month")
    assert found["tables"]["customers_more"]["values"] == ["logins"]
    tables = parse_config(text, tmp_path / "churn.toml").event_tables()
    assert len(tables.streams["customers"]) == len(PANEL)
    assert tables.streams["customers"].columns["value"].sum() == pytest.approx(PANEL["sum"].round(2).sum())
    assert len(tables.streams["customers_left"]) == (PANEL["state"] == "churned").sum()


def test_files_that_differ_are_not_merged(tmp_path: Path) -> None:
    """Other columns, or too few files, or names without a month: nothing is made of them."""
    for name, head in (("a_2024-01", "customer_id,x"), ("a_2024-02", "customer_id,y"), ("b_1", "customer_id,z"), ("b_2", "customer_id,z")):
        lines(tmp_path, f"{name}.csv", [head, *(f"{who},1" for who in P2["who"].head(30))])
    profiles, _ = read_profiles(found_files(tmp_path))
    with pytest.raises(ConfigError):
        draft_config(profiles, tmp_path)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_months_named_in_another_language_are_times(tmp_path: Path) -> None:
    names = ["Oca", "Şub", "Mar", "Nis", "May", "Haz", "Tem", "Ağu", "Eyl", "Eki", "Kas", "Ara"]
    rows = [f"{r[1]};{names[r[2].month - 1]} {r[2].year};{r[4]};{'E' if r[5] == 'churned' else 'H'}" for r in PANEL.itertuples()]
    lines(tmp_path, "abone.csv", ["Abone No;Dönem;Arama Adedi;İptal", *rows], "cp1254")
    profiles, _ = read_profiles(found_files(tmp_path))
    text = draft_config(profiles, tmp_path).text
    found = tomllib.loads(text)["tables"]
    assert (found["abone"]["format"], found["abone"]["known_after"]) == ("%b %Y", "month")
    stream = parse_config(text, tmp_path / "churn.toml").event_tables().streams["abone"]
    assert {t + 1 for t in stream.times.tolist()} == {
        (m + 1).start_time.value // 1000 for m in PANEL["month"]
    }  # known when a month is over


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_the_same_fee_for_everybody_is_money_and_a_gate_is_not(tmp_path: Path) -> None:
    lines(
        tmp_path, "recibos.csv", ["id_socio;fecha_cargo;importe", *(f"{r.who};{r.at:%d/%m/%Y};30,00 €" for r in D2.iloc[::4].itertuples())]
    )
    visits = [f"{r.who};{int(r.at.timestamp() * 1000)};{1 + i % 7}" for i, r in enumerate(D2.itertuples())]
    lines(tmp_path, "accesos.csv", ["id_socio;ts;torno", *visits])
    found = tomllib.loads(draft_config(read_profiles(found_files(tmp_path))[0], tmp_path).text)["tables"]
    assert (found["recibos"]["value"], found["recibos"]["money"]) == ("importe", True)
    assert "value" not in found["accesos"]


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_whole_amounts_beside_counted_times_may_be_cents(tmp_path: Path) -> None:
    rows = [f"doc-{i},cus_{r.who},{r.at.timestamp():.0f},{round(100 * r.eur)},usd" for i, r in enumerate(D2.itertuples())]
    lines(tmp_path, "invoices.csv", ["id,customer,created,total,currency", *rows])
    assert '# "total" has whole numbers only: where they are cents' in draft_config(read_profiles(found_files(tmp_path))[0], tmp_path).text


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_totals_of_months_by_product_are_known_at_their_end(tmp_path: Path) -> None:
    rows = [f"A{r[1]},{r[2].strftime('%b-%y')},{product},{r[3]:.2f}" for r in PANEL.itertuples() for product in ("Base", "Addon")]
    lines(tmp_path, "revenue.csv", ["Account ID,Month,Product Line,Net Revenue", *rows])
    found = tomllib.loads(draft_config(read_profiles(found_files(tmp_path))[0], tmp_path).text)["tables"]["revenue"]
    assert (found["known_after"], found["item"], found["value"]) == ("month", "Product Line", "Net Revenue")
