"""Made-up people for examples and tests: nobody real, the same ones for the same seed, everywhere.

Drawn with SHA-256 rather than a random generator, so that they stay the same in every version of Python, and
the first hundred of a thousand are the same hundred. No two share a given name and birth date, or an address.
Every character exists in Shift_JIS (CP932), because rolls still come in it.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from election.person import DateOfBirth, Person, Sex

if TYPE_CHECKING:
    from collections.abc import Sequence


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FAMILY: Final = _words(
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水 "
    "山崎 森 池田 橋本 阿部 石川 山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 "
    "斉藤 福田 太田 西村 藤井 金子 岡本 藤原 三浦 中野 中川 原田 松田 竹内 小野 田村 中山 和田 石田 森田 "
    "髙橋 渡邊 渡邉 齋藤 齊藤 山﨑 濱田 廣瀬 澤田 國分 飯田 塚本 沼尻 大塚 飯村 木村 久保田 酒井 菊池 染谷"
)
_FEMALE: Final = _words(
    "陽子 由美 恵子 和子 幸子 久美子 裕子 明美 直美 美穂 愛 彩 麻衣 舞 結衣 美咲 陽菜 葵 さくら 凛 千尋 真央 "
    "節子 文子 京子 洋子 智子 典子 香織 優子 沙織 早紀 遥 七海 莉子 花子 みどり 絵里 薫 光"
)
_MALE: Final = _words(
    "誠 大輔 健一 浩 隆 学 剛 修 進 茂 清 実 勇 博 正 昭 豊 健太 翔太 拓也 直樹 達也 和也 大樹 翔 蓮 颯太 "
    "陽翔 悠真 湊 一郎 二郎 三郎 太郎 哲也 秀樹 英明 裕之 薫 光"
)
_DISTRICTS: Final = _words(
    "吾妻 竹園 春日 松代 並木 梅園 二の宮 東新井 千現 天久保 花畑 桜 手代木 大角豆 小野川 谷田部 北条 "
    "研究学園 学園の森 みどりの みどりの南 高見原 島名 上横場 小野崎 要 栗原 筑波 小田 大曽根"
)
_BUILDINGS: Final = ("", "", "", "コーポ", "ハイツ", "グリーンハイム", "メゾン")
_CHOME: Final = "一二三四五"
_FIRST_BIRTH: Final = date(1928, 1, 1)
_LAST_BIRTH: Final = date(2008, 3, 31)
WIDE_SPACE: Final = "　"  # between family and given name, as registers and cards write it
_WIDE: Final = str.maketrans("0123456789-", "０１２３４５６７８９－")


def made_up_people(count: int, seed: int = 0) -> list[tuple[str, Person]]:
    """Return `count` voter ids, each with a person who lives in Tsukuba."""
    taken: set[tuple[str, str]] = set()
    return [(f"tsukuba-{number:05d}", _somebody_new(seed, number, taken)) for number in range(1, count + 1)]


def _somebody_new(seed: int, number: int, taken: set[tuple[str, str]]) -> Person:
    attempt = 0
    while True:
        person = _somebody(_Draw(f"{seed}/{number}/{attempt}"))
        given = person.name.partition(WIDE_SPACE)[2]  # family names may be variants of one another
        marks = {(given, str(person.date_of_birth)), ("", person.address)}
        if taken.isdisjoint(marks):
            taken |= marks
            return person
        attempt += 1


class _Draw:
    """Choices that follow from a text."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._drawn = 0

    def below(self, bound: int) -> int:
        self._drawn += 1
        digest = hashlib.sha256(f"tohyo made-up people/{self._seed}/{self._drawn}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % bound

    def one_of(self, options: Sequence[str]) -> str:
        return options[self.below(len(options))]


def _somebody(draw: _Draw) -> Person:
    sex = Sex.FEMALE if draw.below(2) else Sex.MALE
    given = draw.one_of(_FEMALE if sex is Sex.FEMALE else _MALE)
    birth = _FIRST_BIRTH + timedelta(days=draw.below((_LAST_BIRTH - _FIRST_BIRTH).days + 1))
    return Person(
        f"{draw.one_of(_FAMILY)}{WIDE_SPACE}{given}",
        DateOfBirth(birth.year, birth.month, birth.day),
        sex,
        _address(draw),
    )


def _address(draw: _Draw) -> str:
    """Return an address as cards show it: wide digits, the district's part in Chinese numerals."""
    district, chome = draw.one_of(_DISTRICTS), draw.one_of(_CHOME)
    plot = f"{draw.below(28) + 1}番地{draw.below(30) + 1}"
    building = draw.one_of(_BUILDINGS)
    room = (
        f"{WIDE_SPACE}{building}{district}{100 * (draw.below(5) + 1) + draw.below(9) + 1}号"
        if building
        else ""
    )
    return f"茨城県つくば市{district}{chome}丁目{plot}{room}".translate(_WIDE)
