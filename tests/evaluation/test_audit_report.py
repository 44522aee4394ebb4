"""The report of an audit: findings by severity, in words, as a frame, and as an error on request."""

from __future__ import annotations

import pytest

from churnpredict.errors import ChurnError, LeakageError
from churnpredict.evaluation.audit_report import Audit, Finding

ERROR = Finding("error", "names-outcome", 'column "churned"', "the name refers to the outcome itself", 0.95, "Drop it.")
WARNING = Finding("warning", "date-as-feature", 'column "day"', "a date keeps growing", 0.9, "Give days before the cutoff instead.")
NOTE = Finding("note", "predicts-well", 'column "x"', "it may be chance", 0.5, "Look at it.")


def test_findings_are_counted_by_severity() -> None:
    audit = Audit((ERROR, WARNING)) + Audit((NOTE,))
    assert len(audit) == 3
    assert (audit.alarms, audit.errors, audit.ok) == ((ERROR, WARNING), (ERROR,), False)
    assert Audit((NOTE,)).ok
    assert audit.findings["code"].tolist() == [f.code for f in (ERROR, WARNING, NOTE)]
    assert "1 error, 1 warning, 1 note" in repr(audit)
    assert "nothing found" in repr(Audit(()))
    assert "&quot;churned&quot;" in audit._repr_html_() or "churned" in audit._repr_html_()


def test_an_audit_raises_on_what_is_asked_for() -> None:
    audit = Audit((WARNING, NOTE))
    assert audit.raise_on() is audit.raise_on(None) is audit
    with pytest.raises(LeakageError, match=r"a date keeps growing.*leakage"):
        audit.raise_on("warning")
    with pytest.raises(LeakageError, match="Drop it"):
        Audit((ERROR,)).raise_on()
    with pytest.raises(ChurnError, match="bad-severity"):
        audit.raise_on("grave")
