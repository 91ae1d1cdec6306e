"""Files of positions: every fault by its code, and what is read in spite of its form."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from portfolios.services.new_lots import NewLot
from portfolios.services.position_files import COLUMNS, LARGEST_FILE, MOST_ROWS, FileError, FileRefused, read_table
from portfolios.services.position_rows import read_lots
from tests.portfolios.services.conftest import TODAY

HEADER = ",".join(COLUMNS)
STOCK = {"Symbol": "AAPL", "Quantity": "100", "Entry Price Per Share": "150.25", "Entry Date": "2025-06-30"}
OPTION = {
    "Symbol": "SPYPUT", "Quantity": "-2", "Entry Price Per Share": "29.80", "Entry Date": "2025-06-30", "Investment Class": "OPTIONS",
    "Underlying Symbol": "SPY", "Strike Price": "560", "Expiration Date": "2027-12-17", "Option Type": "PUT",
}  # fmt: skip


def line(row: dict[str, str]) -> str:
    return ",".join(f'"{row[title]}"' if "," in row.get(title, "") else row.get(title, "") for title in COLUMNS)


def stock(**cells: str) -> str:
    return line(STOCK | {name.replace("_", " "): text for name, text in cells.items()})


def option(**cells: str) -> str:
    return line(OPTION | {name.replace("_", " "): text for name, text in cells.items()})


def read(*lines: str, name: str = "positions.csv", end: str = "\n") -> tuple[list[NewLot], list[FileError]]:
    table = read_table(name, end.join(lines).encode())
    lots, errors = read_lots(table.rows)
    return lots, [*table.errors, *errors]


def lot(row: str) -> NewLot:
    (found,), errors = read(HEADER, row)
    assert errors == []
    return found


def faults(*rows: str) -> list[tuple[str, int | None, str | None]]:
    return [(error.code, error.row, error.field) for error in read(HEADER, *rows)[1]]


# -- every code of a row, by one row

PRICE, EXPIRATION = "Entry Price Per Share", "Expiration Date"
CODES = [
    (stock(Symbol=""), "ERR_POS_001", "Symbol"),
    (stock(Symbol="", Investment_Class="PRIVATE"), "ERR_POS_001", "Symbol"),
    (stock(Symbol="A" * 21), "ERR_POS_002", "Symbol"),
    (stock(Symbol="A" * 101), "ERR_POS_002", "Symbol"),
    (stock(Symbol="BRK B"), "ERR_POS_003", "Symbol"),
    (stock(Symbol="=1+1"), "ERR_POS_003", "Symbol"),
    (stock(Symbol="ÄPFEL"), "ERR_POS_003", "Symbol"),
    (stock(Symbol="straße"), "ERR_POS_003", "Symbol"),
    (stock(Quantity=""), "ERR_POS_004", "Quantity"),
    (stock(Quantity="many"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="1,000"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="1_000"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="NaN"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="Infinity"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="1e12"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="1e99999999999999999999"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="１００"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="99999999999"), "ERR_POS_005", "Quantity"),
    (stock(Quantity="0"), "ERR_POS_006", "Quantity"),
    (stock(Quantity="-0.00"), "ERR_POS_006", "Quantity"),
    (stock(Quantity="0.00004"), "ERR_POS_006", "Quantity"),
    (stock(Quantity="1.1234567"), "ERR_POS_007", "Quantity"),
    (stock(Quantity="1e-7"), "ERR_POS_007", "Quantity"),
    (stock(Entry_Price_Per_Share=""), "ERR_POS_008", PRICE),
    (stock(Entry_Price_Per_Share="$150"), "ERR_POS_009", PRICE),
    (stock(Entry_Price_Per_Share="nan"), "ERR_POS_009", PRICE),
    (stock(Entry_Price_Per_Share="100000000"), "ERR_POS_009", PRICE),
    (stock(Entry_Price_Per_Share="0"), "ERR_POS_010", PRICE),
    (stock(Entry_Price_Per_Share="-1"), "ERR_POS_010", PRICE),
    (stock(Entry_Price_Per_Share="1.234"), "ERR_POS_011", PRICE),
    (stock(Entry_Date=""), "ERR_POS_012", "Entry Date"),
    (stock(Entry_Date="06/30/2025"), "ERR_POS_013", "Entry Date"),
    (stock(Entry_Date="2025-02-30"), "ERR_POS_013", "Entry Date"),
    (stock(Entry_Date="20250630"), "ERR_POS_013", "Entry Date"),
    (stock(Entry_Date="2025-06-30T00:00"), "ERR_POS_013", "Entry Date"),
    (stock(Exit_Date="soon"), "ERR_POS_013", "Exit Date"),
    (stock(Entry_Date="2026-02-28"), "ERR_POS_014", "Entry Date"),
    (stock(Exit_Date="2026-02-28"), "ERR_POS_014", "Exit Date"),
    (stock(Entry_Date="1926-02-26"), "ERR_POS_015", "Entry Date"),
    (stock(Entry_Date="0001-01-01"), "ERR_POS_015", "Entry Date"),
    (stock(Investment_Class="SHARES"), "ERR_POS_016", "Investment Class"),
    (stock(Symbol="SPY271217P00560000", Investment_Class="PUBLIC"), "ERR_POS_016", "Investment Class"),
    (stock(Investment_Class="PUBLIC", Investment_Subtype="ART"), "ERR_POS_017", "Investment Subtype"),
    (stock(Investment_Class="PRIVATE", Investment_Subtype="STOCK"), "ERR_POS_017", "Investment Subtype"),
    (option(Investment_Subtype="ETF"), "ERR_POS_017", "Investment Subtype"),
    (option(Investment_Subtype="CALL"), "ERR_POS_017", "Investment Subtype"),
    (stock(Exit_Date="2025-06-29"), "ERR_POS_018", "Exit Date"),
    (option(Underlying_Symbol=""), "ERR_POS_019", "Underlying Symbol"),
    (option(Underlying_Symbol="A" * 11), "ERR_POS_019", "Underlying Symbol"),
    (option(Underlying_Symbol="S&P"), "ERR_POS_019", "Underlying Symbol"),
    (option(Strike_Price=""), "ERR_POS_020", "Strike Price"),
    (option(Strike_Price="high"), "ERR_POS_020", "Strike Price"),
    (option(Strike_Price="-560"), "ERR_POS_020", "Strike Price"),
    (option(Strike_Price="560.0001"), "ERR_POS_020", "Strike Price"),
    (option(Strike_Price="100000"), "ERR_POS_020", "Strike Price"),
    (option(Symbol="SPY271217P00550000"), "ERR_POS_020", "Strike Price"),
    (option(Expiration_Date=""), "ERR_POS_021", EXPIRATION),
    (option(Expiration_Date="12/2027"), "ERR_POS_021", EXPIRATION),
    (option(Expiration_Date="2025-06-20"), "ERR_POS_021", EXPIRATION),
    (option(Expiration_Date="2999-12-17"), "ERR_POS_021", EXPIRATION),
    (option(Expiration_Date="2025-12-19", Exit_Date="2026-01-05"), "ERR_POS_021", EXPIRATION),
    (option(Symbol="SPY271218P00560000"), "ERR_POS_021", EXPIRATION),
    (option(Option_Type=""), "ERR_POS_022", "Option Type"),
    (option(Option_Type="STRADDLE"), "ERR_POS_022", "Option Type"),
    (option(Symbol="SPY271217C00560000"), "ERR_POS_022", "Option Type"),
]


@pytest.mark.parametrize(("row", "code", "title"), CODES)
def test_a_fault_has_its_code_row_and_column(row: str, code: str, title: str) -> None:
    assert faults(stock(Symbol="MSFT"), row) == [(code, 3, title)]


@pytest.mark.parametrize(
    "twin",
    [stock(), stock(Symbol="aapl", Quantity="-5"), stock(Entry_Date="2025-6-30", Quantity="1")],
)
def test_a_symbol_and_day_twice_is_a_fault_of_the_second_row(twin: str) -> None:
    assert faults(stock(), stock(Symbol="MSFT"), twin) == [("ERR_POS_023", 4, "Symbol")]


def test_share_classes_and_contracts_are_told_apart_by_what_they_are() -> None:
    assert faults(stock(Symbol="BRK.B"), stock(Symbol="BRK-B")) == [("ERR_POS_023", 3, "Symbol")]
    assert faults(option(), option(Symbol="OTHER")) == [("ERR_POS_023", 3, "Symbol")]
    assert faults(option(), option(Strike_Price="550"), stock(Symbol="SPY"), option(Option_Type="CALL")) == []
    assert faults(stock(), stock(Entry_Date="2025-07-01")) == []


def test_a_row_and_a_file_may_have_several_faults() -> None:
    wrong = stock(
        Symbol="A B", Quantity="", Entry_Price_Per_Share="-1.234", Entry_Date="x", Investment_Class="?", Exit_Date="y"
    )
    assert [code[-3:] for code, _, _ in faults(wrong)] == ["003", "004", "010", "011", "013", "016", "013"]
    bare = option(Underlying_Symbol="", Strike_Price="", Expiration_Date="", Option_Type="")
    assert [code[-3:] for code, _, _ in faults(bare)] == ["019", "020", "021", "022"]
    assert [(code[-3:], row) for code, row, _ in faults(stock(Symbol=""), stock(), stock(), stock(Quantity="0"))] == [
        ("001", 2), ("023", 4), ("006", 5), ("023", 5),
    ]  # fmt: skip


def test_a_fault_names_the_symbol_and_says_what_to_do() -> None:
    _, (error,) = read(HEADER, stock(Quantity="1,000"))
    assert (error.symbol, error.row) == ("AAPL", 2)
    assert error.message == (
        'The quantity "1,000" is not a number below 1,000,000,000,000. Write 1000 or -12.5, without thousands separators.'
    )
    _, (error,) = read(HEADER, stock(Symbol="X" * 5000))
    assert len(error.message) + len(error.symbol or "") < 200


def test_what_the_book_cannot_add_up_is_a_fault() -> None:
    rows = [stock(Symbol=f"S{n}", Quantity="9999", Entry_Price_Per_Share="20000000") for n in range(6)]
    assert faults(*rows) == [("ERR_POS_005", 7, "Quantity")]


# -- every code of a file


def refusal(content: bytes, name: str = "positions.csv") -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(FileRefused) as refused:
        read_table(name, content)
    assert all(error.message for error in refused.value.errors)
    return [(error.code, error.row, error.field) for error in refused.value.errors]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"#" * (LARGEST_FILE + 1), "ERR_CSV_001"),
        (b"# one\r\n# two\r\n\r\n", "ERR_CSV_003"),
        (b"#", "ERR_CSV_003"),
        (b"", "ERR_CSV_005"),
        (b"\xef\xbb\xbf\r\n \r\n", "ERR_CSV_005"),
        (b"\xff\xfeS\x00y\x00", "ERR_CSV_006"),
        ("Symbol,Straße".encode("latin-1"), "ERR_CSV_006"),
        (f'{HEADER}\n"AAPL,1,1,2025-06-30\n'.encode(), "ERR_CSV_006"),
        (f'{HEADER}\n"AAPL"s,1,1,2025-06-30\n'.encode(), "ERR_CSV_006"),
        (f"{HEADER}\n{'A' * 200_000}\n".encode(), "ERR_CSV_006"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_has_one_fault(content: bytes, code: str) -> None:
    assert refusal(content) == [(code, None, None)]


def test_the_largest_file_is_read() -> None:
    text = f"{HEADER}\n{stock()}\n".encode()
    assert len(read_table("a.csv", text + b"#" * (LARGEST_FILE - len(text))).rows) == 1


def test_the_number_of_rows_is_bounded() -> None:
    rows = [HEADER, *[stock()] * MOST_ROWS]
    assert read_table("a.csv", "\n".join(rows).encode()).total == MOST_ROWS
    assert refusal("\n".join([*rows, stock()]).encode()) == [("ERR_CSV_001", None, None)]


@pytest.mark.parametrize("name", ["positions.xlsx", "csv", "positions.csv.exe", ""])
def test_other_names_than_csv_are_refused(name: str) -> None:
    assert refusal(HEADER.encode(), name) == [("ERR_CSV_002", None, None)]
    assert read_table("POSITIONS.CSV", HEADER.encode()).total == 0


def test_every_missing_column_is_named() -> None:
    assert refusal(b"Symbol,quantity,Entry Date,Price\nAAPL,1,2025-06-30,5\n") == [
        ("ERR_CSV_004", 1, "Quantity"), ("ERR_CSV_004", 1, "Entry Price Per Share"),
    ]  # fmt: skip
    with pytest.raises(FileRefused) as refused:
        read_table("a.csv", HEADER.replace(",", ";").encode())
    assert "by commas" in refused.value.errors[0].message


# -- what is read in spite of its form


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(start: str, end: str) -> None:
    lots, errors = read(f"{start}{HEADER}", stock(), "", stock(Symbol="MSFT"), "", end=end)
    assert ([lot.symbol for lot in lots], errors) == (["AAPL", "MSFT"], [])


def test_comments_and_blank_lines_are_not_counted_rows_of_commas_are() -> None:
    text = "\n".join(["# top", HEADER, '#,"x', "", "   ", "," * 11, stock(), "# between", ",,,", stock(Quantity="0")])
    table = read_table("a.csv", text.encode())
    assert (table.total, [row.number for row in table.rows]) == (4, [3, 5])
    assert [(error.code, error.row) for error in read_lots(table.rows)[1]] == [("ERR_POS_006", 5), ("ERR_POS_023", 5)]


def test_a_hash_inside_a_cell_of_two_lines_is_no_comment() -> None:
    lots, errors = read(
        "Symbol,Note,Quantity,Entry Price Per Share,Entry Date", 'AAPL,"first', '# second",10,5,2025-06-30'
    )
    assert (errors, lots[0].quantity) == ([], 10)


def test_columns_stand_in_any_order_and_others_are_passed_over() -> None:
    lots, errors = read(
        "Broker,Entry Date,Quantity,Symbol,Notes,Entry Price Per Share,Symbol",
        'x,2025-6-3," 1e3 ", aapl ,"long, of course",12.5,MSFT',
    )
    assert errors == []
    assert (lots[0].symbol, lots[0].quantity, lots[0].entry_date) == ("AAPL", 1000, dt.date(2025, 6, 3))


def test_short_rows_and_empty_surplus_cells_are_read() -> None:
    lots, errors = read(HEADER, "AAPL,1,2.50,2025-06-30", "MSFT,1,2.50,2025-06-30,,,,,,,,,,,")
    assert (len(lots), errors) == (2, [])


def test_a_row_with_more_cells_than_titles_is_told_beside_other_faults() -> None:
    assert faults("AAPL,1,000,150.25,2025-06-30,,,,,,,,5", stock(Quantity="0")) == [
        ("ERR_CSV_006", 2, None), ("ERR_POS_006", 3, "Quantity"),
    ]  # fmt: skip


def test_a_header_alone_is_an_empty_book() -> None:
    assert read(HEADER) == ([], [])


# -- what a row means


@pytest.mark.parametrize(
    ("row", "position_type", "investment_class"),
    [
        (stock(), "LONG", "PUBLIC"),
        (stock(Quantity="-100"), "SHORT", "PUBLIC"),
        (stock(Investment_Class="private"), "LONG", "PRIVATE"),
        (stock(Symbol="CASH_USD"), "LONG", "PRIVATE"),
        (option(), "SP", "OPTIONS"),
        (option(Quantity="2"), "LP", "OPTIONS"),
        (option(Option_Type="call"), "SC", "OPTIONS"),
        (option(Option_Type="Call", Quantity="1"), "LC", "OPTIONS"),
        (option(Investment_Class=""), "SP", "OPTIONS"),
        (stock(Symbol="SPY271217C00560000"), "LC", "OPTIONS"),
    ],
)
def test_sign_and_terms_make_the_type(row: str, position_type: str, investment_class: str) -> None:
    found = lot(row)
    assert (found.position_type, found.investment_class) == (position_type, investment_class)


def test_the_terms_of_an_option_are_kept() -> None:
    found = lot(option(Underlying_Symbol="spy", Strike_Price="560.5", Expiration_Date="2027-12-7"))
    assert (found.underlying_symbol, found.strike_price) == ("SPY", Decimal("560.5"))
    assert (found.symbol, found.expiration_date) == ("SPY271207P00560500", dt.date(2027, 12, 7))


def test_a_blank_symbol_of_an_option_is_its_underlying() -> None:
    assert lot(option(Symbol="")).symbol == lot(option(Symbol="", Investment_Class="")).symbol == "SPY271217P00560000"


def test_subtypes_are_kept_in_upper_case_and_asked_only_with_a_class() -> None:
    assert lot(stock(Investment_Class="public", Investment_Subtype="etf")).investment_subtype == "ETF"
    assert lot(stock(Investment_Subtype="ETF")).investment_subtype == "ETF"
    assert lot(stock(Investment_Subtype="whatever\x00")).investment_subtype == ""


@pytest.mark.parametrize(
    ("text", "price"), [("155.5", Decimal("155.5")), ("0", 0), ("", None), ("n/a", None), ("-1", None)]
)
def test_an_exit_closes_the_lot_and_an_unreadable_price_is_passed_over(text: str, price: object) -> None:
    found = lot(stock(Exit_Date="2026-02-27", Exit_Price_Per_Share=text))
    assert (found.exit_date, found.exit_price) == (TODAY, price)


def test_limits_themselves_are_allowed() -> None:
    assert lot(stock(Symbol="A" * 20)).symbol == "A" * 20
    assert lot(stock(Quantity="-1.123456")).quantity == Decimal("-1.123456")
    assert lot(stock(Quantity="1.000000000")).quantity == 1
    assert lot(stock(Entry_Price_Per_Share="0.01")).entry_price == Decimal("0.01")
    assert lot(stock(Entry_Date="1926-02-27")).entry_date == dt.date(1926, 2, 27)
    assert lot(stock(Entry_Date=TODAY.isoformat())).entry_date == TODAY
    assert lot(stock(Exit_Date="2025-06-30")).exit_date == dt.date(2025, 6, 30)
    assert lot(option(Underlying_Symbol="A" * 10)).underlying_symbol == "A" * 10
