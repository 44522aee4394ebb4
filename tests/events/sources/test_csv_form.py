"""CSV as it is written: quotes that come late, line breaks in fields, marks, encodings, headers that are none, folders that are columns."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnpredict import Customers, Events, EventTables
from churnpredict.errors import ChurnError, ChurnWarning
from churnpredict.events.source import open_source
from churnpredict.events.sources.csv_form import form_of
from churnpredict.runs import scan_tables

ROWS = b"id,day,eur,note\n1,2024-01-01,1.5,a\n2,2024-01-02,2.5,b\n"


def rows_of(path, *columns):
    return open_source(str(path), "orders").read(columns, columns).to_pylist()


def write(folder, content, name="rows.csv"):
    (folder / name).write_bytes(content)
    return folder / name


def refused(path, **roles):
    with pytest.raises(ChurnError) as caught:
        EventTables(orders=Events(path, **{"customer": "id", "time": "day"} | roles))
    return caught.value


def test_a_line_break_within_quotes_is_part_of_a_field_wherever_it_stands(tmp_path):
    late = b"id,note\n" + b"1,a\n" * 30_000 + b'2,"x\ny, ""z"""\n'
    assert rows_of(write(tmp_path, late), "id", "note")[-1] == {"id": "2", "note": 'x\ny, "z"'}
    path = write(tmp_path, b'id,day,"a\nnote"\n1,2024-01-01,"b\r\nc"\n')
    assert len(EventTables(orders=Events(path, customer="id", time="day"))) == 1
    assert open_source(str(path), "orders").columns() == ["id", "day", "a\nnote"]


@pytest.mark.parametrize("delimiter", ",;\t|")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_ends_and_marks(tmp_path, delimiter, end, mark):
    text = end.join(["", f'id{delimiter}"a{delimiter}b"', f'7{delimiter}"x{delimiter}y"', ""])
    assert rows_of(write(tmp_path, mark + text.encode()), "id", f"a{delimiter}b") == [{"id": "7", f"a{delimiter}b": f"x{delimiter}y"}]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (ROWS.decode().encode("utf-16"), "encoding", "UTF-16"),
        (ROWS.decode().encode("utf-16-le"), "encoding", "UTF-16"),
        (ROWS.decode().encode("utf-32"), "encoding", "UTF-32"),
        (ROWS.replace(b"note", b"note\xfc"), "encoding", "Windows-1252"),
        (ROWS + b"1,2024-01-01,1,a\n" * 40_000 + b"2,2024-01-01,1,gr\xfc\xdfe\n", "encoding", "Windows-1252"),
        (b"PK\x03\x04" + ROWS, "encoding", "zip"),
        (ROWS.replace(b"a\n", b"a\r\n"), "line-ends", "CRLF and LF"),
        (ROWS + b'3,2024-01-01,1,"a\nb"\r\n4,2024-01-01,1,a\n', "line-ends", "CRLF and LF"),
        (ROWS + b'3,2024-01-01,1,"never closed\n', "ragged-rows", "not closed"),
        (ROWS + b'3,2024-01-01,1,"a"b"\n', "ragged-rows", "not closed"),
    ],
)
def test_a_file_is_called_what_it_is(tmp_path, content, code, said):
    error = refused(write(tmp_path, content), kind="note")
    assert (error.code, said in str(error)) == (code, True), error
    with pytest.raises(ChurnError) as caught:
        scan_tables(orders=Events(tmp_path / "rows.csv", customer="id", time="day", kind="note"))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "content",
    [
        b"Zaphod4711,2024-01-01,3.5\nArthur0042,2024-01-02,4\n",
        b"Zaphod4711,2024-01-01,3.5\n",
        b"Zaphod,Berlin,yes\nArthur,Bonn,no\n",
        b"Zaphod-Maria,Berlin,yes\nArthur,Bonn,no\n",
        b"4711\n4712\n",
        b"zaphod@example.org;3\narthur@example.org;4\n",
        b"Zaphod,Berlin\n",
    ],
)
def test_a_file_without_a_header_never_shows_an_id(tmp_path, content):
    error = refused(write(tmp_path, content))
    assert error.code in ("missing-column", "no-header")
    for secret in ("4711", "aphod", "0042", "rthur", "example"):
        assert secret not in str(error)


def test_a_header_is_shown_where_it_surely_is_one(tmp_path):
    error = refused(write(tmp_path, ROWS), time="date")
    assert '"id", "day", "eur", "note"' in str(error)


def test_names_keep_their_capitals_and_spaces_go(tmp_path):
    path = write(tmp_path, b"id, User ,user,user\n1,a,b,c\n")
    assert open_source(str(path), "orders").columns() == ["id", "User", "user", "user"]
    assert rows_of(path, "User") == [{"User": "a"}]
    path = write(tmp_path, b"id,note,note,note_1\n1,a,b,c\n")
    assert rows_of(path, "note_1") == [{"note_1": "c"}]


def test_backslashes_before_quotes(tmp_path):
    path = write(tmp_path, b'id,note\n1,"a \\"b\\" c"\n2,"d"\n')
    assert rows_of(path, "note") == [{"note": 'a "b" c'}, {"note": "d"}]


def test_files_that_name_their_columns_otherwise_come_together_by_name(tmp_path):
    write(tmp_path, b"id,day\n1,2024-01-01\n", "a.csv")
    write(tmp_path, b"day;extra;id\n2024-01-02;x;2\n", "b.csv")
    found = rows_of(tmp_path, "id", "day", "extra")
    assert sorted((r["id"], r["day"], r["extra"]) for r in found) == [("1", "2024-01-01", None), ("2", "2024-01-02", "x")]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_folders_are_columns_below_the_given_path_only_and_never_instead_of_a_column(tmp_path, ending):
    above = tmp_path / "user=9" / "region=nowhere"
    for region, user in (("north", 1), ("a%20b", 2), ("007", 3)):
        folder = above / "shop" / f"region={region}" / f"user={user}00"
        folder.mkdir(parents=True)
        frame = pd.DataFrame({"user": [f"u{user}"], "day": ["2024-01-01"]})
        frame.to_csv(folder / "x.csv", index=False) if ending == "csv" else pq.write_table(
            pa.Table.from_pandas(frame), folder / "x.parquet"
        )
    for path in (above / "shop", f"{above}/shop/region=*/*/x.{ending}"):
        source = open_source(str(path), "orders")
        assert source.columns() == ["user", "day", "region"]
        found = source.read(["user", "region"], ["user", "region"]).to_pylist()
        assert sorted((r["user"], r["region"]) for r in found) == [("u1", "north"), ("u2", "a b"), ("u3", "007")]
    assert open_source(str(folder / f"x.{ending}"), "orders").columns() == ["user", "day"]
    tables = EventTables(orders=Events(above / "shop", customer="user", time="day", kind="region"))
    assert tables.labels["orders"]["kind"].to_pylist() == ["007", "a b", "north"]
    with scan_tables(orders=Events(above / "shop", customer="user", time="day", kind="region"), partitions=2) as scanned:
        assert scanned.labels["orders"]["kind"].to_pylist() == ["007", "a b", "north"]


KINDS = ["yes", "no", "1.10", "1.1", "1e5", "12E4", "120000", "0x1F", "31", "007", "7", "true", "1_000", "inf", "-", "2024-01-31", "9" * 40]


@pytest.mark.parametrize("role", ["kind", "item", "attribute", "owner", "state"])
def test_labels_are_the_texts_that_stand_there(tmp_path, role):
    lines = "".join(f"{i},2024-01-{1 + i:02},{k}\n" for i, k in enumerate(KINDS))
    path = write(tmp_path, f"id,day,what\n{lines}".encode())
    tables = read_as(role, path, EventTables)
    frame = pd.DataFrame({"id": range(len(KINDS)), "day": [f"2024-01-{1 + i:02}" for i in range(len(KINDS))], "what": KINDS})
    assert next(iter(tables.labels[role_table(role)].values())).to_pylist() == sorted(KINDS)
    assert next(iter(read_as(role, frame, EventTables).labels[role_table(role)].values())).to_pylist() == sorted(KINDS)
    with read_as(role, path, scan_tables) as scanned:
        assert next(iter(scanned.labels[role_table(role)].values())).to_pylist() == sorted(KINDS)


def role_table(role):
    return {"attribute": "people", "owner": "people", "state": "states"}.get(role, "orders")


def read_as(role, source, read):
    from churnpredict import States

    if role in ("kind", "item"):
        return read(orders=Events(source, customer="id", time="day", **{role: "what"}))
    given = {"orders": Events(source, customer="id", time="day")}
    if role == "state":
        return read(**given, states=States(source, customer="id", time="day", values=["what"]))
    return read(**given, people=Customers(source, customer="id", **({"owner": "what"} if role == "owner" else {"attributes": ["what"]})))


def test_an_attribute_of_numbers_is_a_number_by_all_of_its_rows(tmp_path):
    for last, kind in (("12.5", "f"), ("-3", "f"), ("1.5e+10", "f"), ("", "f"), ("007", "i"), ("12E4", "i"), ("x", "i")):
        lines = "".join(f"{i},2024-01-01,{i}\n" for i in range(50)) + f"50,2024-01-01,{last}\n"
        path = write(tmp_path, f"id,day,what\n{lines}".encode())
        given = {"orders": Events(path, customer="id", time="day"), "people": Customers(path, customer="id", attributes=["what"])}
        assert EventTables(**given).profile.versions.columns["what"].dtype.kind == kind
        with scan_tables(**given, partitions=7) as scanned:
            assert {p.profile.versions.columns["what"].dtype.kind for p in scanned} == {kind}


def test_labels_spoilt_by_a_blank_are_warned_of(tmp_path):
    path = write(tmp_path, b"id,day,what\n1,2024-01-01,1.0\n2,2024-01-01,\n3,2024-01-01,2.0\n")
    with pytest.warns(ChurnWarning, match="spoilt-labels"):
        EventTables(orders=Events(path, customer="id", time="day", kind="what"))


def test_ids_of_a_spreadsheet_are_refused_and_those_beyond_2_to_53_stay_apart(tmp_path):
    for spoilt in ("1.23457E+12", "1.23457e+12", "1,23457E+12", "1E+12", "42.0"):
        path = write(tmp_path, f'id,day\n"{spoilt}",2024-01-01\n17,2024-01-02\n'.encode())
        assert refused(path).code == "float-id"
        assert "xport" in str(refused(path))
        with pytest.raises(ChurnError, match="float-id"):
            scan_tables(orders=Events(path, customer="id", time="day"))
    whole = [2**53, 2**53 + 1, 2**63 - 1]
    for ids in (whole, [f"0{i}" for i in whole], [*whole, 2**63], ["12E4", "120000"]):
        path = write(tmp_path, ("id,day\n" + "".join(f"{i},2024-01-01\n" for i in ids)).encode())
        tables = EventTables(orders=Events(path, customer="id", time="day"))
        assert tables.ids.to_pylist() == sorted(ids if ids is whole else map(str, ids))


def test_the_form_of_a_text():
    assert form_of(b"a;b,c\n1;2,5\n3;4,5\n").delimiter == ";"
    assert form_of(b"only\n1\n").names == ("only",)
    assert form_of(b"\n\na,b\n1,2\n").skip == 2
    assert form_of(b"").names == ()
