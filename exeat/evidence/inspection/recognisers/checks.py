"""Check digits and calendars: what tells an identifier from a number that only looks like one."""

from __future__ import annotations

import datetime as dt

_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 "
    "FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
    "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 "
    "SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
)
IBAN_LENGTHS = {word[:2]: int(word[2:]) for word in _LENGTHS.split()}
"""Length of an IBAN by its country (SWIFT IBAN registry)."""
FIRST_YEAR, LAST_YEAR = 1900, 2100


def is_nhs_number(digits: str) -> bool:
    """Return whether ten digits are an NHS or CHI number that can have been given out.

    Modulus 11 of the NHS Data Dictionary; the ranges in use are 400 to 499 and 600 to 799 million (England, Wales),
    320 to 399 (Northern Ireland), 900 to 999 (examples and tests), and dates of birth (Scotland's CHI number).
    """
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit():  # noqa: PLR2004
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    check = -total % 11
    return check == int(digits[9]) and _is_given_out(digits)


def _is_given_out(digits: str) -> bool:
    if digits[0] in "4679" or "320" <= digits[:3] <= "399":
        return True
    return digits[0] in "0123" and is_day(2000, int(digits[2:4]), int(digits[:2]))


def is_iban(text: str) -> bool:
    """Return whether letters and digits without spaces are an IBAN: known country, its length, ISO 7064 mod 97-10."""
    if IBAN_LENGTHS.get(text[:2]) != len(text) or not text.isascii() or not text.isalnum():
        return False
    return int("".join(str(int(one, 36)) for one in text[4:] + text[:4])) % 97 == 1


def is_day(year: int, month: int, day: int) -> bool:
    """Return whether the calendar has such a day between 1900 and 2100."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return False
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
