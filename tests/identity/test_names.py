"""Names and addresses in one form: ways of writing become equal, everything else stays apart."""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from identity.names import (
    OVERSEAS,
    SUBSTITUTE,
    normalise_address,
    normalise_name,
    split_prefecture,
    variants,
)
from tests.support.people import people

SAME_NAMES = (
    ("髙橋　花子", "高橋花子"),
    ("髙橋　花子", "高橋 花子"),
    ("山﨑　一郎", "山崎一郎"),
    ("濵田", "浜田"),
    ("濱田", "浜田"),
    ("渡邊　邉", "渡辺辺"),
    ("渡邉\U000e0102太郎", "渡辺太郎"),  # a variation selector chooses one of the forms of 邉
    ("葛\U000e0100城", "葛城"),
    ("齋藤", "斎藤"),
    ("齊藤", "斉藤"),
    ("澤田　國廣", "沢田国広"),
    ("𠮷田", "吉田"),
    ("神田", "神\ufe00田"),
    ("ﾔﾏﾀﾞ ﾊﾅｺ", "ヤマダ　ハナコ"),
    ("か\u3099き", "がき"),
    ("Ｙａｍａｄａ　Hanako", "YAMADA HANAKO"),
    ("山田［佐藤］　花子", "山田花子"),  # a former family name, as cards show it
    ("山\u200b田", "山田"),
    ("〓田", "■田"),
    ("\ue000田", "■田"),
)
OTHER_NAMES = (
    ("斎藤", "斉藤"),
    ("齋藤", "齊藤"),
    ("佐々木", "佐佐木"),
    ("小野ヶ谷", "小野が谷"),  # kana are folded in addresses only
    ("峯田", "峰田"),
    ("薗田", "園田"),
    ("太田", "大田"),
    ("ゆき", "ユキ"),
    ("かな", "がな"),
    ("ゆうき", "ゆき"),
    ("中田一郎", "中田二郎"),
    ("", "山"),
)
SAME_ADDRESSES = (
    ("一丁目2番3号", "1-2-3"),
    ("１－２－３", "1-2-3"),
    ("1丁目2番地3", "1-2-3"),
    ("一丁目二番地の三", "1-2-3"),
    ("１ー２ー３", "1-2-3"),
    ("一ー二ー三", "1-2-3"),
    ("1‐2−3", "1-2-3"),
    ("1–2—3", "1-2-3"),
    ("1の2の3", "1-2-3"),
    ("二十三番地", "23"),
    ("百二番地", "102"),
    ("千二百三十四番地", "1234"),
    ("二三番地", "23"),
    ("大字谷田部字台町５番地", "谷田部台町5"),
    ("霞ヶ関一丁目", "霞が関1"),
    ("霞ケ関一丁目", "霞が関1"),
    ("つつじヶ丘3", "つつじが丘３"),
    ("四ッ谷1", "四ツ谷1"),
    ("井ノ頭4", "井の頭4"),
    ("吾妻3丁目12番地5　コーポ吾妻301号", "吾妻3-12-5コーポ吾妻301"),
    ("吾妻3-12-5 201号室", "吾妻3-12-5-201"),
    ("吾妻3-12-5 201", "吾妻三丁目１２番５号　２０１"),
    ("北一条西二丁目3", "北1条西2-3"),
    ("松代-5", "松代5"),
    ("鐵砲町3", "鉄砲町3"),
    ("国外転出 令和六年五月", "国外"),
    ("国外転出（予定）", "在外選挙人"),
    ("國外　アメリカ合衆国", "国外"),
)
OTHER_ADDRESSES = (
    ("1-2-3", "12-3"),
    ("1-23", "12-3"),
    ("3 201", "32 01"),
    ("3 201", "3201"),
    ("1-2-3", "1-2-3-4"),
    ("1-2-3", "1-2-30"),
    ("松代3-1", "松代3-1-101"),
    ("コーポ松代301", "コーポ松代302"),
    ("コーポ松代301", "コポ松代301"),
    ("一番町5", "番町1-5"),
    ("十文字町5", "十文町5"),
    ("一番館", "1番館"),
    ("二の宮コーポ", "2の宮コーポ"),
    ("二十番地", "12番地"),
    ("東京都府中市1", "広島県府中市1"),
    ("つくば市国外1", "国外"),
    ("", "松代"),
)


@pytest.mark.parametrize(("one", "other"), SAME_NAMES)
def test_a_name_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert normalise_name(one) == normalise_name(other) != ""


@pytest.mark.parametrize(("one", "other"), OTHER_NAMES)
def test_another_name_stays_another(one: str, other: str) -> None:
    assert normalise_name(one) != normalise_name(other)


@pytest.mark.parametrize(("one", "other"), SAME_ADDRESSES)
def test_an_address_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert normalise_address(one) == normalise_address(other) != ""


@pytest.mark.parametrize(("one", "other"), OTHER_ADDRESSES)
def test_another_address_stays_another(one: str, other: str) -> None:
    assert normalise_address(one) != normalise_address(other)


@pytest.mark.parametrize(
    ("address", "normalised"),
    [
        ("茨城県つくば市吾妻三丁目１２番地５　コーポ吾妻３０１号", "茨城県つくば市吾妻3-12-5コーポ吾妻301"),
        ("北海道札幌市北区北一条西二丁目３番４号２０１", "北海道札幌市北区北1条西2-3-4-201"),
        ("東京都千代田区一番町5番地", "東京都千代田区一番町5"),
        ("秋田県横手市十文字町字西1", "秋田県横手市十文字町西1"),
        ("京都府京都市中京区三条通烏丸東入", "京都府京都市中京区3条通烏丸東入"),
        ("福島県■町大字〓3", "福島県■町■3"),
        ("吾妻3番地 二の宮ハイツ5", "吾妻3二の宮ハイツ5"),
        ("吾妻2二丁目", "吾妻2-2"),
        ("十千番", "十千番"),
    ],
)
def test_an_address_becomes_this(address: str, normalised: str) -> None:
    assert normalise_address(address) == normalised


def test_whoever_lives_abroad_has_one_address() -> None:
    assert normalise_address("国外転出　２０２４年５月２７日") == OVERSEAS
    assert normalise_address("在外") == OVERSEAS


def test_made_up_people_stay_apart() -> None:
    everybody = [person for _, person in people(400)]
    assert len({normalise_address(person.address) for person in everybody}) == len(everybody)
    assert len({(normalise_name(each.name), str(each.date_of_birth)) for each in everybody}) == len(everybody)


@pytest.mark.parametrize(
    ("address", "prefecture", "rest"),
    [
        ("茨城県つくば市1", "茨城県", "つくば市1"),
        ("京都府京都市1", "京都府", "京都市1"),
        ("東京都府中市1", "東京都", "府中市1"),
        ("北海道札幌市1", "北海道", "札幌市1"),
        ("京都市1", "", "京都市1"),
        ("山口市1", "", "山口市1"),
        ("山県市1", "", "山県市1"),
        ("対馬市上県町1", "", "対馬市上県町1"),
        (OVERSEAS, "", OVERSEAS),
    ],
)
def test_a_prefecture_is_split_off_only_where_one_is_named(address: str, prefecture: str, rest: str) -> None:
    assert split_prefecture(address) == (prefecture, rest)


def test_all_forty_seven_prefectures_are_known() -> None:
    from identity import names  # noqa: PLC0415

    assert len(re.findall(r"北海道|東京都|京都府|大阪府|[^|(?:)]+(?=[|)])", names._PREFECTURE.pattern)) == 47


# Properties. The alphabet is what rules react to, so that they meet one another.
TRICKY = "〇一二三九十百千01239-－ー‐— 　丁目番地号室の之ノケヶがガッツ大小字文町館条■〓[]髙国外ab"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TRICKY_TEXT = st.text(TRICKY, max_size=14)


@settings(max_examples=400)
@given(ANY_TEXT | TRICKY_TEXT)
@example("2十百番")
@example("大大字字")
@example("[[a]b]")
@example("か\u200b\u3099")
def test_normalising_twice_changes_nothing(text: str) -> None:
    for normalise in (normalise_name, normalise_address):
        once = normalise(text)
        assert normalise(once) == once


@settings(max_examples=400)
@given(ANY_TEXT | TRICKY_TEXT)
def test_width_and_outer_spaces_never_matter(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    for normalise in (normalise_name, normalise_address):
        assert normalise(f"　{wide} ") == normalise(text)


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=4))
def test_house_numbers_in_kanji_and_in_digits_are_the_same(numbers: list[int]) -> None:
    in_kanji = "番地".join(map(_kanji, numbers)) + "号"
    assert normalise_address(f"松代{in_kanji}") == "松代" + "-".join(map(str, numbers))


def _kanji(number: int) -> str:
    """Write a number as people do; independent of how the product reads it."""
    written = ""
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        count, number = divmod(number, unit)
        if count and (sign == "" or count > 1):
            written += "一二三四五六七八九"[count - 1]
        written += sign if count else ""
    return written


@given(
    st.lists(st.integers(1, 99), min_size=1, max_size=5), st.lists(st.integers(1, 99), min_size=1, max_size=5)
)
def test_addresses_with_different_numbers_are_never_the_same(one: list[int], other: list[int]) -> None:
    for separator in ("-", "番地", " ", "の"):
        normalised = [
            normalise_address("松代" + separator.join(map(str, numbers))) for numbers in (one, other)
        ]
        assert (normalised[0] == normalised[1]) == (one == other)


# The table.


def test_the_table_folds_one_character_into_one_and_nothing_in_two_steps() -> None:
    table = variants()
    assert len(table) > 400
    standards = set(table.values())
    assert all(len(standard) == 1 for standard in standards)
    assert standards.isdisjoint(map(chr, table))


def test_the_table_leaves_to_unicode_what_unicode_knows() -> None:
    both = {*map(chr, variants()), *variants().values()}
    assert {character for character in both if unicodedata.normalize("NFKC", character) != character} == set()


def test_the_table_lists_no_character_twice_and_only_kanji() -> None:
    lines = files("identity").joinpath("name_variants.txt").read_text(encoding="utf-8").splitlines()
    pairs = [pair for line in lines if not line.startswith("#") for pair in line.split()]
    assert len(pairs) == len(variants())
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in pairs)
    assert all(unicodedata.name(c).startswith("CJK ") for pair in pairs for c in pair)


def test_the_table_keeps_apart_what_its_page_says_is_apart() -> None:
    for one, other in ("斎斉", "峰峯", "園薗", "秋穐", "枡桝", "崎碕", "柏栢", "野埜"):
        assert normalise_name(one) != normalise_name(other)


def test_a_substitute_survives() -> None:
    assert normalise_name(f"山{SUBSTITUTE}") == f"山{SUBSTITUTE}"
    assert normalise_address(f"松{SUBSTITUTE}1-{SUBSTITUTE}") == f"松{SUBSTITUTE}1-{SUBSTITUTE}"
