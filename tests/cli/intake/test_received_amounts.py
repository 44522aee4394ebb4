"""Failed payments and cancelled orders bring nothing; refunds and parts stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")


def total(folder: Path, head: str, words: tuple[str, ...]) -> float:
    """Write orders of 1, 10 and 100, each with its word, and return the sum of what is read as the value."""
    days = [(who, n, n % 3) for who in range(60) for n in range(1 + who % 11)]
    rows = [f"{i},c{who},2023-{1 + n:02d}-{1 + who % 28:02d},{10**k}.00,{words[k]}" for i, (who, n, k) in enumerate(days)]
    (folder / "orders.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    profiles, refused = read_profiles(found_files(folder))
    draft = draft_config(profiles, folder, refused=refused)
    (stream,) = parse_config(draft.text, folder / "churn.toml").event_tables().streams.values()
    assert len(stream) == len(days)  # that it failed is worth knowing
    each = [sum(k == j for *_, k in days) for j in range(3)]
    read = stream.columns["value"]
    kept = [int((read == 10**j).sum()) for j in range(3)]
    assert all(n in (0, m) for n, m in zip(kept, each, strict=True))
    return sum(10**j for j in range(3) if kept[j])


@pytest.mark.parametrize(
    ("column", "words", "sum_of_kept"),
    [
        ("status", ("wc-completed", "wc-failed", "wc-cancelled"), 1),
        ("status", ("completed", "refunded", "partially_cancelled"), 111),
        ("Zahlungsstatus", ("bezahlt", "fehlgeschlagen", "storniert"), 1),
        ("estado", ("pagado", "rechazado", "anulado"), 1),
        ("payment_type", ("card", "wire", "declined"), 11),
        ("channel", ("shop", "web", "phone"), 111),
    ],
)
def test_what_was_never_received_is_no_amount(column: str, words: tuple[str, ...], sum_of_kept: int, tmp_path: Path) -> None:
    assert total(tmp_path, f"order_id,customer_id,order_date,amount,{column}", words) == sum_of_kept
