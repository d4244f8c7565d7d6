from gatehouse.commands.tables import pairs, table


def test_columns_line_up_and_what_is_empty_is_a_dash() -> None:
    rows = [("a", "long enough", ""), ("bcd", "", "two\nlines")]

    assert table(("X", "MIDDLE", "END"), rows) == (
        "X    MIDDLE       END\na    long enough  -\nbcd  -            two lines"
    )


def test_a_table_without_rows_is_its_headers() -> None:
    assert table(("A", "B"), []) == "A  B"


def test_values_line_up_and_what_is_empty_is_left_out() -> None:
    assert pairs("it", [("a", "1"), ("no", ""), ("bcd", "2\n3")]) == "it\n  a    1\n  bcd  2 3"


def test_a_title_can_stand_alone() -> None:
    assert pairs("it", []) == "it"
