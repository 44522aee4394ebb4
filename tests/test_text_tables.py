"""Tables and paragraphs fit the terminal, whatever they hold, and lose nothing."""

from __future__ import annotations

import pytest

from churnpredict.markup import show
from churnpredict.text_tables import Bar, Figure, paragraph, text_table, width_of_terminal

PROSE = "Clearer bundle, early notice before every rise of a price, and an offer to those who pay most"
ROWS = [(f"customer-{i}", Bar(i / 9, f"{i} %"), Figure(f"{i}.5\n{i}.1 to {i}.9"), 1000 * i, PROSE, f"short {i}") for i in range(9)]
HEAD = ("who", "risk", "figure", "count", "what to do", "note")


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_a_table_fits_and_every_word_of_it_is_there(width: int) -> None:
    lines = text_table(ROWS, HEAD, indent="  ", width=width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for word in [*PROSE.split(), "customer-8", "8,000", "4.1", "risk", "note"]:
        assert word in words
    assert not any(line != line.rstrip() for line in lines)


def test_intervals_stand_on_a_second_line_below_their_figure() -> None:
    lines = text_table([("model", Figure(".732\n.701 to .760"))], ("", "AUC"), width=80)
    assert [line.split() for line in lines] == [["AUC"], ["model", ".732"], [".701", "to", ".760"]]
    assert {len(line) for line in lines} == {len(lines[-1])}, "figures stand to the right"


def test_the_terminal_says_how_wide_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert width_of_terminal() == 140
    monkeypatch.setenv("COLUMNS", "1")
    assert width_of_terminal() == 40
    monkeypatch.setenv("COLUMNS", "100000")
    assert width_of_terminal() == 200


def test_nothing_gives_nothing() -> None:
    assert text_table([]) == []
    assert text_table([], ("only", "names")) == ["only  names"]
    assert paragraph("") == [""]


def test_long_words_are_never_broken() -> None:
    name = "support__tickets_priority_open_count_of_the_last_ninety_days"
    assert name in " ".join(text_table([(name, PROSE)], width=50)).split()
    assert name in " ".join(paragraph(f"look at {name} first", width=40)).split()


def test_html_cuts_long_tables_and_says_of_how_many() -> None:
    page = show("many", [(i, Bar(2.0, "<")) for i in range(12)], ("n", "share"), most=10)
    assert page.count("<tr>") == 11
    assert "10 of 12" in page
    assert "width:100%" in page, "a bar never leaves its cell"
    assert "&lt;" in page
    assert "width:0%" in show("", [(Bar(float("nan"), "-"),)])


def test_a_number_stays_with_its_per_cent_sign() -> None:
    for width in range(12, 60):
        lines = paragraph("missing 9.6 % before and 0 % now, of 12 % of all customers", width=width)
        assert not any(line.lstrip().startswith("%") for line in lines)
        assert "\u00a0" not in "".join(lines)


def test_an_interval_is_not_broken_within_its_brackets() -> None:
    told = "better than the best baseline (log loss −.0186 [−.0415, −.0021]), and right [as a reader would say, mostly] on average"
    for width in range(40, 100):
        for lines in (paragraph(told, width=width), text_table([("a", told)], width=width)):
            assert any("[−.0415, −.0021]" in line for line in lines)
            assert max(map(len, lines)) <= width
            assert "\u00a0" not in "".join(lines)


def test_further_lines_of_a_name_stand_to_the_right_of_its_first() -> None:
    rows = [("renewal within thirty days and an open ticket", Figure("35 %")), ("usage down by half", Figure("19 %"))]
    assert text_table(rows, ("alert", "left after it"), width=50) == [
        "alert                                left after it",
        "renewal within thirty days and an             35 %",
        "  open ticket",
        "usage down by half                            19 %",
    ]


def test_rows_with_nothing_in_a_further_block_are_left_out_there() -> None:
    rows = [("orders.csv", "log", ""), ("prices.csv", "log", "discount: no role was found for this column"), ("usage.csv", "log", "")]
    lines = text_table([(a, b * 8, c) for a, b, c in rows], ("file", "read as", "not used, and why"), width=40)
    first, second = "\n".join(lines).split("\n\n")
    assert all(name in first for name, *_ in rows)
    assert "prices.csv" in second
    assert "orders.csv" not in second


def test_what_a_row_is_of_stands_in_every_block() -> None:
    rows = [("2024Q1", region, *(Figure(f"{1000 * k:,}") for k in range(8))) for region in ("east", "west")]
    blocks = "\n".join(text_table(rows, ("period", "region", *"abcdefgh"), width=40, keys=2)).split("\n\n")
    assert len(blocks) > 1
    for block in blocks:
        assert [line.split()[:2] for line in block.splitlines()] == [["period", "region"], ["2024Q1", "east"], ["2024Q1", "west"]]
    cells = [word for block in blocks for line in block.splitlines()[1:] for word in line.split()[2:]]
    assert sorted(cells) == sorted(f"{1000 * k:,}" for k in range(8) for _ in range(2))
