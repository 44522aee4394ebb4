"""Messages of the business, and what customers did with them: sends, opens and clicks that are in files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_joins import is_zoned, moment_of, query_over, quoted
from churnpredict.cli.intake.table_profiles import TableProfile, profile_query
from churnpredict.events.source import Query

__all__ = ["with_messages"]

_SENDS = {
    *("send", "sends", "sent", "mailing", "mailings", "deliveries", "delivered", "versand", "aussendungen", "envois", "envios", "invii"),
    *("wysylki", "verzonden", "verzendingen", "рассылки", "отправки", "gonderimler", "pushes", "notifications"),
}
_SHARED = 0.5  # of those who replied were sent something
_DRIVER = ("driver", "communication", "driver of the table's features")


def with_messages(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings, with one log of messages where sends, and opens or clicks, are files of their own.

    What the business sent is not something that customers did: its silence is nobody's leaving. Opens and clicks stay logs as well.
    """
    logs = [r for r in readings if r.kind == "events" and "kinds" not in r.roles and "value" not in r.roles and not r.outcome]
    sent = next((r for r in logs if _SENDS & set(tokens(r.profile.called or r.name))), None)
    if sent is None:
        return list(readings)
    known = set(map(str, sent.customer.codes[1]))
    replies = [r for r in logs if r is not sent and has_word(r.profile.called or r.name, "reply") and _is_among(r, known)]
    whole = _merged(sent, replies, {r.name for r in readings})
    if whole is None:
        return [replace(r, keys=[*r.keys, _DRIVER]) if r is sent and r.key("driver") is None else r for r in readings]
    return [replace(r, kind="", why=f"its rows are in {whole.name}") if r is sent else r for r in readings] + [whole]


def _is_among(reading: Reading, known: set[str]) -> bool:
    mine = set(map(str, reading.customer.codes[1]))
    return len(mine & known) >= _SHARED * len(mine)


def _merged(sent: Reading, replies: Sequence[Reading], taken: set[str]) -> Reading | None:
    parts: list[str] = []
    tables: dict[str, TableProfile] = {}
    kinds = []
    zoned = {is_zoned(r.column("time")) for r in (sent, *replies)}
    for reading in (sent, *replies):
        time = moment_of(quoted(reading.roles["time"]), reading.column("time"), zoned=True)
        if time is None or len(zoned) > 1 or isinstance(reading.profile.source, Query):
            return None
        kinds.append(tokens(reading.name)[-1] if reading is not sent else "sent")
        tables[reading.profile.name] = reading.profile
        columns = f"{quoted(reading.roles['customer'])} AS recipient, {time} AS moment, '{kinds[-1]}' AS message_kind"
        parts.append(f"SELECT {columns} FROM {quoted(reading.profile.name)}")
    if len(set(kinds)) < max(len(parts), 2):
        return None
    name = next(n for n in ("messages", "messages_sent", "messages_of_all") if n not in taken)
    profile = profile_query(query_over(" UNION ALL ".join(parts), list(tables.values())), name)
    roles = {"customer": "recipient", "time": "moment", "kinds": "message_kind"}
    return Reading(profile, "events", name, roles, {"replies": kinds[1:]}, [*profile.columns["moment"].how, _DRIVER])
