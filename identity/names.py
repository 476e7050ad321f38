"""Names and addresses brought into one form, so that a card and a roll can be compared by character.

The rules are explained for an election office in docs/identity-matching.md. They take away differences of
writing (width, spaces, variant kanji, 一丁目2番3号 for 1-2-3) and nothing that tells two people apart; what
they do not know stays different, and a person at the office decides. What comes out is for comparing only.

■ stands for one character that nobody could write: so do the 〓 of a roll and characters from Unicode's
private areas, where offices keep their own (外字).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SUBSTITUTE: Final = "■"
OVERSEAS: Final = "国外"  # every address of somebody who lives abroad becomes this

_FORMER_NAME: Final = re.compile(r"\[[^\[\]]*\]")
_ABROAD: Final = re.compile(r"国外|在外")
_PREFECTURE: Final = re.compile(
    r"北海道|東京都|京都府|大阪府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|福井|山梨|長野"
    r"|岐阜|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎"
    r"|鹿児島|沖縄)県"
)

_HYPHENS: Final = re.compile("[\N{HYPHEN}‑‒–—―−─━]")  # NFKC made the wide one a narrow one before
_KANJI: Final = r"\u3400-\u9fff\U00020000-\U0003ffff々〆"
_INSIDE_A_NAME: Final = rf"(?<=[\u3041-\u309f{_KANJI}])[%s](?=[{_KANJI}])"
_NUMERALS: Final = "〇一二三四五六七八九"
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_NUMERIC: Final = f"{_NUMERALS}十百千"
_WELL_FORMED: Final = re.compile(
    "".join(f"(?:([{_NUMERALS[2:]}]?){unit})?" for unit in "千百十") + f"([{_NUMERALS[1:]}]?)"
)
_COUNTED: Final = "丁目|番地|番(?![町丁街館])|号|条|線|-"  # 一番町 is a town and 一番館 a building
_KANJI_NUMBER: Final = re.compile(
    rf"(?<![{_NUMERIC}])[{_NUMERIC}]+(?={_COUNTED})"
    rf"|(?:(?<=[0-9{_NUMERIC}]-)|(?<=番地の))[{_NUMERIC}]+(?![の{_KANJI}])"
)
_ENDS_A_NUMBER: Final = re.compile("(?<=[0-9])(?:丁目|番地[のノ之]?|番(?![町丁街館])|号室?)")


def normalise_name(text: str) -> str:
    """Return a name as it is compared: 「髙橋　花子」 and 「高橋花子」 are the same."""
    return _settled(text, _fold_name)


def normalise_address(text: str) -> str:
    """Return an address as it is compared: 「一丁目２番３号」 and 「1-2-3」 are the same.

    Whoever lives abroad has one and the same address, `OVERSEAS`: a card and a roll of voters abroad
    describe it in ways that cannot be compared.
    """
    address = _settled(text, _fold_address)
    return OVERSEAS if _ABROAD.match(address) else address


def split_prefecture(address: str) -> tuple[str, str]:
    """Split a normalised address into its prefecture, empty if it names none, and the rest."""
    found = _PREFECTURE.match(address)
    return (found[0], address[found.end() :]) if found else ("", address)


def _settled(text: str, fold: Callable[[str], str]) -> str:
    """Fold until nothing changes: what one rule leaves may be another's. Every rule shortens or uses up."""
    while (folded := fold(text)) != text:
        text = folded
    return text


def _fold_name(text: str) -> str:
    return _FORMER_NAME.sub("", "".join(_fold_characters(text).split()))


def _fold_characters(text: str) -> str:
    """Unify what is the same character to a reader: width, case, variant forms, invisible marks."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_FOLDED)


class _Folded(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        plain = _plain(chr(code))
        self[code] = variants().get(code, plain)
        return self[code]


_FOLDED: Final = _Folded()


def _plain(character: str) -> str:
    if character == "〓" or unicodedata.category(character) == "Co":
        return SUBSTITUTE
    if character.isspace():
        return " "
    return "" if _is_invisible(character) else character


def _is_invisible(character: str) -> bool:
    """Variation selectors choose a glyph of the same character; the others choose nothing."""
    return (
        unicodedata.category(character) in {"Cc", "Cf"}
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


@cache
def variants() -> dict[int, str]:
    """Return the table of variant kanji, for `str.translate`."""
    text = files("identity").joinpath("name_variants.txt").read_text(encoding="utf-8")
    pairs = [pair for line in text.splitlines() if not line.startswith("#") for pair in line.split()]
    return {ord(pair[0]): pair[1] for pair in pairs}


def _fold_address(text: str) -> str:
    text = _fold_characters(text).strip()
    # A space between two digits separates a house from a room: without it, 3 201 and 32 01 were the same.
    text = re.sub(r"(?<=[0-9]) +(?=[0-9])", "-", text).replace(" ", "")
    text = _HYPHENS.sub("-", text)
    text = re.sub(f"(?<=[0-9{_NUMERIC}])ー(?=[0-9{_NUMERIC}])", "-", text)
    text = _fold_numbers(_fold_place_names(text))
    text = re.sub("-{2,}", "-", text)
    return re.sub(f"(?<![0-9a-z{SUBSTITUTE}])-|-(?![0-9a-z{SUBSTITUTE}])", "", text)


def _fold_place_names(text: str) -> str:
    """Unify kana inside place names, 霞ヶ関 and 霞が関, and drop 大字 and 字."""
    for kana, written in (("ヶがガ", "ケ"), ("ッ", "ツ"), ("ノ", "の")):
        text = re.sub(_INSIDE_A_NAME % kana, written, text)
    return re.sub("[大小]字|(?<!文)字", "", text)  # not of 十文字, a town


def _fold_numbers(text: str) -> str:
    """Turn 一丁目2番地の3 into 1-2-3; a hyphen that nothing follows goes later."""
    text = _KANJI_NUMBER.sub(_arabic, text)
    text = _ENDS_A_NUMBER.sub("-", text)
    return re.sub("(?<=[0-9])[のノ之](?=[0-9])", "-", text)


def _arabic(found: re.Match[str]) -> str:
    """Write a kanji number in digits, apart from digits that stand before it."""
    number = _value(found[0])
    if number is None:
        return found[0]
    follows_digit = found.string[: found.start()][-1:] in set("0123456789")
    return f"-{number}" if follows_digit else number


def _value(number: str) -> str | None:
    """Return 二十三 and 二三 as 23; None for what is no number, such as 十千."""
    if not any(unit in number for unit in _UNITS):
        return "".join(str(_NUMERALS.index(numeral)) for numeral in number)
    found = _WELL_FORMED.fullmatch(number)
    if not found:
        return None
    thousands, hundreds, tens, ones = found.groups()
    total = _NUMERALS.index(ones) if ones else 0
    for count, unit in ((thousands, "千"), (hundreds, "百"), (tens, "十")):
        if count is not None:
            total += (_NUMERALS.index(count) if count else 1) * _UNITS[unit]
    return str(total)
