"""Signed amounts, where files write amounts without a sign: sides of a ledger, debit and credit columns, rows of refunds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.cli.intake.column_words import tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.readings import MOST_KINDS, Reading, best_value, is_status
from churnpredict.cli.intake.table_joins import extended, number_in, number_of, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.errors import SourceError
from churnpredict.events.values.amounts import NumberFormat, read_amounts

__all__ = ["with_activity_of_customers", "with_sides"]

_HALF_A_CENT = 0.005
_NAMES = ("signed_amount", "signed_value")
# The two sides of a ledger as values of a column, in small letters.
_PAIRS = [
    {"d", "c"},
    {"dr", "cr"},
    {"s", "h"},
    {"debit", "credit"},
    {"soll", "haben"},
    {"debe", "haber"},
    {"dare", "avere"},
    {"debit", "crédit"},
    {"débit", "crédit"},
    {"débito", "crédito"},
    {"debito", "credito"},
    {"wn", "ma"},
    {"borç", "alacak"},
    {"дебет", "кредит"},
    {"debet", "credit"},
    {"in", "out"},
    {"+", "-"},
]
# The same as names of two columns, out and in, in the order of the tokens of a name.
_OUT, _IN = (
    set(words.split())
    for words in (
        "debit debits soll debe cargo cargos dare addebito addebiti debito debet winien дебет borc withdrawal withdrawals paid_out"
        " money_out cash_out out outgoing outflow belastung belastungen lastschrift ausgang ausgabe ausgaben sortie sorties depense"
        " depenses uscite salida salidas saida saidas wyplata wyplaty obciazenie obciazenia расход списание cikan af",
        "credit credits haben haber abono abonos avere accredito accrediti credito kredit кредит alacak deposit deposits paid_in money_in"
        " cash_in in incoming inflow gutschrift gutschriften eingang einnahme einnahmen entree entrees recette recettes entrate"
        " entrada entradas wplata wplaty uznanie uznania приход зачисление giren bij",
    )
)
# Words for rows that pay something back. A row of a payment that was "refunded" later is not one of them.
_BACK = r"refunds?|chargebacks?|reversals?|creditmemos?|creditnotes?|(credit|cr) (note|memo)s?|ruckerstattung(en)?|rueckerstattung(en)?"
_BACK += r"|erstattung(en)?|ruckzahlung(en)?|rueckzahlung(en)?|rucklastschrift(en)?|ruecklastschrift(en)?|rechnungskorrektur(en)?"
_BACK += r"|stornorechnung(en)?|remboursements?|reembolsos?|devolucion(es)?|devolucao|devolucoes|estornos?|nota de credito|nota di credito"
_BACK += r"|rimborso|rimborsi|zwrot|zwroty|возврат|возвраты|iade|iadeler|terugbetaling(en)?|creditnotas?|creditfactu(u)?r(en)?"
_BACK += "|返金|返品|退款|환불|مرتجع|استرداد"
# Words that mean it only beside one for a sale: a return is also a journey, and a credit a payment.
_BESIDE = r"returns?|credits?|gutschrift(en)?|avoirs?|retours?|retouren?|resi|reso|storno|stornos"
_SALE = r"sales?|sold|invoices?|charges?|purchases?|orders?|bills?|rechnung(en)?|faktura|verkauf|verkaufe|kauf|vente|ventes|achat|achats"
_SALE += r"|factures?|commandes?|vendita|vendite|fattura|fatture|verkoop|factuur|bestellung(en)?"
# Codes of documents in accounting software: of sales, and of what is paid back. All codes of a column are among those of one line.
_DOCUMENTS = (
    ({"si"}, {"sc"}),
    ({"ta", "or"}, {"re", "g2", "cr"}),
    ({"f1", "f2", "fx", "l2"}, {"g2", "re", "s1"}),
    ({"accrec"}, {"accreccredit"}),
    ({"inv", "sinv"}, {"cn", "crn", "cm", "crm", "scrn"}),
    ({"re", "ar"}, {"gs", "gu"}),
    ({"fa", "fac"}, {"av", "avo", "nc"}),
)
# What customers take out of an account of theirs, and what lapses without them.
_TAKEN = r"withdrawals?|withdraw|payouts?|cash ?outs?|redemptions?|redeem(ed)?|burn(ed)?|auszahlung(en)?|einlosung(en)?|einloesung(en)?"
_TAKEN += r"|retraits?|retiros?|canjes?|resgates?|saques?|prelievo|prelievi|wyplata|wyplaty|opname|opnames|cekme|снятие|вывод|списание"
_LAPSED = (
    r"expiry|expired|expires?|expiration|lapsed?|verfall|verfallen|caducidad|caducado|expiracion|expiracao|expiration|scadenza|scaduto"
)
_LAPSED += r"|wygasniecie|wygasle|verlopen|сгорание|истек"
_OF_POINTS = r"(?:(?:points?|miles?|credits?|punkte|meilen|puntos|millas|bonus) )?"
_FORMS = (NumberFormat(), NumberFormat(",", "."), NumberFormat(",", " "), NumberFormat(".", ","))


def with_sides(profile: TableProfile) -> TableProfile:
    """Return the table with signed amounts, where it writes them without a sign.

    A second column of amounts, a column that names the side, or letters behind each amount say which side of a ledger a row is on: the
    rarer side is negative. Rows whose kind is a refund, a credit note or a chargeback are negative.
    """
    name = next((n for n in _NAMES if n not in {c.lower() for c in profile.columns}), "")
    if not name or profile.says("refund"):
        return profile
    for sign in (_of_two_columns, _of_letters, _of_sides, _of_refunds):
        found = sign(profile, name)
        if found is not None:
            return found
    return profile


def _made(profile: TableProfile, made: str, name: str, values: np.ndarray, note: str) -> TableProfile | None:
    """Return the table with the new column, where a query reads it as these values."""
    try:
        found = profile_query(extended(profile, f"given.*, {made} AS {name}", "", {}), profile.name, profile)
    except SourceError:  # a database that lacks a function of the query
        return None
    if found.rows != profile.rows or name not in found.columns or found.columns[name].kind != "number":
        return None
    numbers = found.columns[name].numbers  # compared as sets: a query over several files may give its rows in another order
    if not np.array_equal(np.sort(numbers), np.sort(values), equal_nan=True):
        return None
    return replace(found, notes=(*profile.notes, note))


def _of_two_columns(profile: TableProfile, name: str) -> TableProfile | None:
    """Debit and credit as two columns of amounts, of which each row has one."""
    numbers = [c for c in profile.of_kind("number") if not is_id(c.name)]
    pair = next(((a, b) for a in numbers for b in numbers if _are_sides(a.name, b.name)), None)
    if pair is None:
        return None
    out, into = (np.nan_to_num(c.numbers) for c in pair)
    said = f'"{pair[0].name}" and "{pair[1].name}" are two sides of an account'
    if ((out != 0) & (into != 0)).any():
        note = f"{said}, and some rows have both: make one column of amounts of them in a query, with money = true"
        return replace(profile, notes=(*profile.notes, note))
    if not out.any() or not into.any():
        return None
    if np.count_nonzero(out) == np.count_nonzero(into) and abs(np.abs(out).sum() - np.abs(into).sum()) < _HALF_A_CENT:
        return replace(
            profile, notes=(*profile.notes, f"{said} with the same sum: each booking is there twice, so choose one account in a query")
        )
    signs = (-1, 1) if np.count_nonzero(out) <= np.count_nonzero(into) else (1, -1)
    if (out <= 0).all() and (into >= 0).all():
        signs = (1, 1)  # signed already
    elif (out < 0).any() or (into < 0).any():
        return None
    filled = pair[0].filled | pair[1].filled
    values = np.where(filled, signs[0] * out + signs[1] * into, np.nan)
    first, second = (number_in(profile, quoted(c.name)) for c in pair)
    terms = [f"{'-' if s < 0 else ''}coalesce({n}, 0)" for s, n in zip(signs, (first, second), strict=True)]
    made = f"CASE WHEN coalesce({first}, {second}) IS NOT NULL THEN {terms[0]} + {terms[1]} + 0 END"
    less = [f", {c.name} as negative" for c, s in zip(pair, signs, strict=True) if s < 0]
    return _made(profile, made, name, values + 0.0, f"{said}: {name} has both{''.join(less)}")


def _are_sides(out: str, into: str) -> bool:
    """Return whether two names are the same but for the words of the two sides."""

    def without(name: str, words: set[str]) -> set[tuple[str, ...]]:
        parts = tokens(name)
        spans = [(i, j) for i in range(len(parts)) for j in (i + 1, i + 2) if j <= len(parts)]
        return {(*parts[:i], *parts[j:]) for i, j in spans if "_".join(parts[i:j]) in words}

    return bool(without(out, _OUT) & without(into, _IN))


def _of_letters(profile: TableProfile, name: str) -> TableProfile | None:
    """Letters of the side behind each amount, such as "1,234.50 CR"."""
    for column in profile.of_kind("text"):
        if not column.says("best_value", "value", "price") or column.says("not_value"):
            continue
        parts = [re.fullmatch(r"\s*(.*\d[).]?)\s*([A-Za-z]{1,2})\.?\s*", str(v)) for v in column.codes[1]]
        if not parts or not all(parts):
            continue
        sides = [p[2] for p in parts if p]
        if {s.lower() for s in sides} not in _PAIRS or len(set(sides)) != 2:
            continue
        texts = pa.array([p[1] for p in parts if p], pa.string())
        read = [(form, found) for form in _FORMS if not pc.any((found := read_amounts(texts, form)).unread).as_py()]
        if not read:
            continue
        form, amounts = read[0][0], np.array([float(t) for t in read[0][1].texts.to_pylist()])
        if (amounts < 0).any():
            continue
        codes = column.codes[0]
        less = _rarer([sides[c] for c in codes if c >= 0])
        signed = np.where([s == less for s in sides], -amounts, amounts)
        values = np.where(codes >= 0, signed[codes], np.nan)
        text = quoted(column.name)
        made = f"CASE WHEN regexp_matches(CAST({text} AS VARCHAR), '[^A-Za-z]{less}\\.?\\s*$') THEN -1 ELSE 1 END"
        made += f" * {number_of(text, form.decimal, form.thousands)}"
        return _made(profile, made, name, values, f'{name} is "{column.name}", negative where it ends with {less}')
    return None


def _rarer(sides: Sequence[str]) -> str:
    return min(sorted(set(sides)), key=sides.count)


def _of_sides(profile: TableProfile, name: str) -> TableProfile | None:
    """Return a column that names the side of the ledger."""
    value = _value(profile)
    if value is None or not (np.nan_to_num(value.numbers) >= 0).all():
        return None
    for column in profile.of_kind("text"):
        sides = [str(v) for v in column.codes[1]]
        if {s.strip().lower() for s in sides} in _PAIRS:
            return _negative_where(profile, name, value, column, [_rarer([sides[c] for c in column.codes[0] if c >= 0])])
    return None


def _of_refunds(profile: TableProfile, name: str) -> TableProfile | None:
    """Return a column that says what kind of transaction a row is, with refunds among them whose amounts have no sign."""
    value = _value(profile)
    if value is None:
        return None
    for column in profile.of_kind("text"):
        if not 2 <= column.distinct <= MOST_KINDS or is_status(column) or column.says("reason", "before", "item") or column.names_person:
            continue
        kinds = {str(v): " ".join(tokens(str(v))) for v in column.codes[1]}
        sale = any(re.search(rf"\b({_SALE})\b", words) for words in kinds.values())
        back = [v for v, words in kinds.items() if re.search(rf"\b({_BACK})\b", words) or (sale and re.fullmatch(_BESIDE, words))]
        back += [v for v, words in kinds.items() if v not in back and re.fullmatch(f"{_OF_POINTS}({_TAKEN}|{_LAPSED})", words)]
        back = back or _paid_back([str(v) for v in column.codes[1]])
        rows = np.isin(column.codes[0], [i for i, v in enumerate(column.codes[1]) if str(v) in back])
        given = np.nan_to_num(value.numbers[rows])
        if back and len(back) < column.distinct and given.any() and (given >= 0).all() and rows.mean() < 0.5:
            return _negative_where(profile, name, value, column, back)
    return None


def _paid_back(values: Sequence[str]) -> list[str]:
    """Return the values that are codes of credit notes or returns, where all of them are codes of documents of one system."""
    codes = {v: v.strip().lower() for v in values}
    for sold, back in _DOCUMENTS:
        if set(codes.values()) <= sold | back and set(codes.values()) & sold:
            return [v for v, code in codes.items() if code in back]
    return []


def _value(profile: TableProfile) -> Column | None:
    return best_value([c for c in profile.of_kind("number") if not is_id(c.name)])


def _negative_where(profile: TableProfile, name: str, value: Column, column: Column, less: Sequence[str]) -> TableProfile | None:
    meant = np.isin(column.codes[0], [i for i, v in enumerate(column.codes[1]) if str(v) in less])
    listed = ", ".join("'" + v.replace("'", "''") + "'" for v in less)
    sign = f"CASE WHEN CAST({quoted(column.name)} AS VARCHAR) IN ({listed}) THEN -1 ELSE 1 END"
    values = np.where(meant, -value.numbers, value.numbers)
    note = f'{name} is "{value.name}", negative where "{column.name}" is {", ".join(less)}'
    return _made(profile, f"{sign} * {number_in(profile, quoted(value.name))}", name, values, note)


def with_activity_of_customers(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings; where points or credits lapse by themselves, only the other kinds of rows are activity of the customer.

    What customers take out is activity of theirs, though its amounts are negative.
    """
    return [_with_activity(r) for r in readings]


def _with_activity(reading: Reading) -> Reading:
    kinds = reading.profile.columns.get(reading.roles.get("kinds", ""))
    if kinds is None or reading.kind != "events" or reading.leaving or reading.key("activity") is not None:
        return reading
    spoken = {str(v): " ".join(tokens(str(v))) for v in kinds.codes[1]}
    lapsed = [v for v, words in spoken.items() if re.fullmatch(f"{_OF_POINTS}({_LAPSED})", words)]
    taken = [v for v, words in spoken.items() if re.fullmatch(f"{_OF_POINTS}({_TAKEN})", words)]
    if not lapsed and not (taken and reading.roles.get("value") in _NAMES):
        return reading
    back = [v for v, words in spoken.items() if re.search(rf"\b({_BACK})\b", words)]
    acts = sorted(v for v in spoken if v not in (*lapsed, *back))
    why = f"{', '.join(lapsed)} happens by itself" if lapsed else "what customers take out is activity of theirs"
    return replace(reading, keys=[*reading.keys, ("activity", acts, why)])
