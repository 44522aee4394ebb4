"""The playbook: a play for every driver, changed by what is given, refused by name where it cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnpredict.errors import ConfigError
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.retention.playbook import HOPELESS, Play, read_playbook


def test_every_driver_has_a_play() -> None:
    plays = read_playbook(None, offer_cost=10, acceptance=0.3, drivers=["own"])
    assert plays.keys() == {*(d.key for d in DRIVERS.values()), "own"}
    for key, play in plays.items():
        assert play.offer_cost == 10
        assert play.acceptance == (0 if key in HOPELESS else 0.3)
        assert bool(play.remedy) == (key != "own")


def test_a_file_and_a_mapping_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "playbook.toml"
    path.write_text('[price]\nremedy = "Annual plan"\noffer_cost = 25\n')
    given = {"price": {"remedy": "Annual plan", "offer_cost": 25}}
    for source in (given, path, str(path)):
        assert read_playbook(source, offer_cost=10, acceptance=0.3)["price"] == Play("Annual plan", 25.0, 0.3)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"prise": {}}, "unknown-driver"),
        ({"price": {"cost": 3}}, "unknown-key"),
        ({"price": {"offer_cost": -1}}, "bad-playbook"),
        ({"price": {"acceptance": 1.5}}, "bad-playbook"),
        ({"price": {"remedy": 3}}, "bad-playbook"),
        ({"price": "Annual plan"}, "bad-playbook"),
        ("nowhere.toml", "unreadable-playbook"),
    ],
    ids=str,
)
def test_a_playbook_that_cannot_be_meant_is_refused(wrong: object, code: str) -> None:
    with pytest.raises(ConfigError, match=code):
        read_playbook(wrong, offer_cost=10, acceptance=0.3)  # type: ignore[arg-type]
