"""One list of drivers: what a table may declare, what is explained, and what every language has words for."""

from churnpredict.driver_keys import DRIVER_KEYS
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.languages.catalogue import LANGUAGES, language_of


def test_every_driver_is_declared_once_and_explained() -> None:
    assert [key for key in DRIVERS if key != "calendar"] == list(DRIVER_KEYS), "the season is a driver that no table may claim"
    for code in LANGUAGES:
        assert set(language_of(code).drivers) >= set(DRIVER_KEYS), code
