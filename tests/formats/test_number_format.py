from datetime import date, datetime, time, timedelta

import pytest

from rag.formats.number_format import shown

AT = datetime(2024, 3, 5, 14, 7, 9, 500_000)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (41200, "General", "41200"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1E+20"),
        (True, "General", "TRUE"),
        (None, "0", ""),
        ("word", "@", "word"),
        (5.0, "@", "5"),
        (41200, "#,##0", "41,200"),
        (1.005, "0.00", "1.01"),
        (-0.001, "0.00", "0.00"),
        (-1234.5, "#,##0.00_);(#,##0.00)", "(1,234.50)"),
        (-5, "0.0", "-5.0"),
        (0, '0;-0;"none"', "none"),
        (0, r'_(* #,##0_);_(* \(#,##0\);_(* "-"_);_(@_)', "-"),
        (0.256, "0.0%", "25.6%"),
        (1_234_567, '#,##0.0,,"M"', "1.2M"),
        (1500, "#,##0,", "2"),
        (7, "000", "007"),
        (5551234, r"000\-0000", "555-1234"),
        (3.5, "0.0#", "3.5"),
        (12.5, r"#,##0.00\ [$€-407]", "12.50 €"),
        (3, '"$"#,##0_);[Red]("$"#,##0)', "$3"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (2.5, "# ?/?", "2.5"),
        (150, '[>100]"many";0', "150"),
        (8, ";;;", "8"),
        (3, '"a;b "0', "a;b 3"),
    ],
)
def test_number_is_written_by_its_format(value: object, code: str, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (AT, "mm-dd-yy", "2024-03-05"),
        (AT, "m/d/yy h:mm", "2024-03-05 14:07"),
        (AT, r"d\ mmmm\ yyyy", "5 March 2024"),
        (AT, "[$-F800]dddd, d mmm yy", "Tuesday, 5 Mar 24"),
        (AT, "h:mm AM/PM", "2:07 PM"),
        (datetime(2024, 3, 5), "h A/P", "12 A"),
        (AT, "mm:ss.0", "07:09.5"),
        (AT, "mmmmm", "M"),
        (date(2024, 3, 5), "dd.mm.yyyy", "05.03.2024"),
        (date(2024, 3, 5), "General", "2024-03-05"),
        (time(9, 30, 1), "[s]", "34201"),
        (timedelta(hours=30, minutes=5), "[h]:mm:ss", "30:05:00"),
        (timedelta(minutes=5), "0.0", "0:05:00"),
    ],
)
def test_date_is_written_by_its_format(value: object, code: str, text: str) -> None:
    assert shown(value, code) == text


def test_huge_number_and_format_are_written() -> None:
    assert shown(1e300, "#,##0.0") == f"{10**300:,}.0".replace(f"{10**300:,}", "1" + ",000" * 100)
    assert shown(7, "0" * 256) == "7"
