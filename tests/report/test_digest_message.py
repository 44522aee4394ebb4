"""Messages: every language, e-mail clients, and texts of the data shown as text."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from tests.report.test_digest import NOW, OWNERS, THEN, plan_of

from churnpredict.languages.catalogue import LANGUAGES
from churnpredict.report.digest import digests
from churnpredict.retention.contacts import read_contacts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_and_every_client(language: str, rng: np.random.Generator) -> None:
    found = digests(plan_of(rng, NOW), before=plan_of(rng, THEN), contacts=read_contacts({"customer_id": [], "at": []}), language=language)
    for digest in found:
        page = digest.to_html()
        assert not re.search(r"<(script|style|link|img|iframe|form|svg)|https?:|url\(|class=", page), "inline styles, no script, no request"
        assert "{" not in re.sub(r"<[^>]*>", "", page)
        assert f'lang="{language}"' in page
        assert max(map(len, digest.to_text().splitlines())) <= 76
    assert {d.owner for d in found} <= set(OWNERS)


def test_texts_of_the_data_are_shown_as_text() -> None:
    rows = {"customer_id": ['<script>alert("x")</script>'], "cutoff": NOW, "risk": 0.5, "arm": "contact", "owner": "<i>"}
    [found] = digests(pd.DataFrame(rows))
    page = found.to_html()
    assert "<script" not in page
    assert "<i>" not in page
