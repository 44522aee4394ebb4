"""Errors say where, what, how many and what to do; they never show a value, and survive a journey between processes."""

import pickle

import pytest

from churnpredict import errors
from churnpredict.errors import ChurnError, ContentError, closest, kind_of, mask, memory_shortage, warn

KINDS = [getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)]
OURS = [kind for kind in KINDS if issubclass(kind, ChurnError)]


@pytest.mark.parametrize("kind", OURS)
def test_each_has_an_exit_code_and_can_be_sent_between_processes(kind):
    made = kind("some-code", "what is wrong", remedy="Do this.", table="orders", column="day", rows=2, total=3, examples=["CUST-0042"])
    again = pickle.loads(pickle.dumps(made))
    assert (type(again), str(again), again.code, again.rows) == (kind, str(made), "some-code", 2)
    assert kind.exit_code in (2, 3, 4, 5) or kind is ChurnError
    assert str(made) == 'table "orders", column "day": what is wrong (2 of 3 rows), like \'AAAA-9999\'. Do this. [some-code]'


def test_no_value_is_shown():
    assert mask("Ünal 7; é") == "Aaaa 9; a"
    assert len(mask("x" * 99)) == 24
    assert kind_of("secret") == "a text"
    assert kind_of({"secret": 1}) == "a dict"


def test_a_near_word_is_proposed():
    assert closest("custmer", ["customer"]) == ' Did you mean "customer"?'
    assert closest("zzz", ["customer"]) == ""


def test_a_lack_of_memory_is_called_one():
    assert memory_shortage(MemoryError()).code == "memory-limit"
    assert memory_shortage(OSError(28, "No space left on device")) is None
    assert memory_shortage(ContentError("x", "out of memory", remedy="y")) is None


def test_a_warning_has_its_code():
    with pytest.warns(errors.ChurnWarning, match=r"\[odd\]") as told:
        warn("odd", "something", remedy="Look.")
    assert told[0].message.code == "odd"
