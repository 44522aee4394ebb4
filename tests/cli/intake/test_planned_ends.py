"""Ends of contracts after which customers go on are plans; where few do, the user is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import profile_of, read

from churnpredict.cli.intake.planned_ends import with_planned_ends
from churnpredict.cli.intake.readings import Activity

DAY = 86_400_000_000
END = 19_500 * DAY  # of the log


def contracts(folder: Path):  # type: ignore[no-untyped-def]
    rows = [f"c{i},2022-01-01,2022-12-{i % 28 + 1:02d}" for i in range(60)]
    return read(
        profile_of(folder, "contracts", "who,start_date,until_date", rows),
        "intervals",
        customer="who",
        start="start_date",
        end="until_date",
    )


def active(share: float) -> Activity:
    """So many of the sixty do something a hundred days after the last contract ended; the others long before."""
    late = {f"c{i}": (19_450 if i < 60 * share else 19_100) * DAY for i in range(60)}
    return Activity(dict.fromkeys(late, 5), late, END)


@pytest.mark.parametrize(("share", "planned", "asked"), [(0.5, True, False), (0.1, True, True), (0.0, False, False)])
def test_an_end_that_customers_outlive_is_a_plan(share: float, planned: bool, asked: bool, tmp_path: Path) -> None:
    questions: list[str] = []

    def plan(text: str, answers: tuple[str, str]) -> bool:
        questions.append(text)
        return True

    (found,) = with_planned_ends([contracts(tmp_path)], active(share), plan)
    assert ("planned_end" in found.roles) is planned
    assert bool(questions) is asked
    if planned:
        assert found.roles["planned_end"] == "until_date"
        assert found.column("end").kind == "empty", "nobody leaves by it"


def test_the_answer_of_the_user_counts(tmp_path: Path) -> None:
    (found,) = with_planned_ends([contracts(tmp_path)], active(0.1), lambda *_: False)
    assert "planned_end" not in found.roles
    assert any("did something after" in note for note in found.notes)


def test_without_logs_nothing_is_changed(tmp_path: Path) -> None:
    given = contracts(tmp_path)
    assert with_planned_ends([given], None, lambda *_: True) == [given]


def test_contracts_that_are_renewed_as_new_rows_end_as_planned(tmp_path: Path) -> None:
    rows = [f"c{c},{y}-01-01,,{y}-12-31" for c in range(30) for y in (2021, 2022, 2023)]
    rows += [f"d{c},2021-01-01,2021-06-01,2021-12-31" for c in range(5)]
    profile = profile_of(tmp_path, "contracts", "who,start_date,cancelled_on,term_ends", rows)
    reading = read(profile, "intervals", customer="who", start="start_date", end="cancelled_on", planned_end="term_ends")
    (found,) = with_planned_ends([reading], None, lambda *_: True)
    assert found.column("end").known.all(), "a term without a date of cancelling ends as agreed"
    ends = found.column("end").times.astype("datetime64[us]").astype("datetime64[D]").astype(str)
    assert set(ends[-5:]) == {"2021-06-01"}
