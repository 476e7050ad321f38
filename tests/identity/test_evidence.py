from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pyrage
import pytest

from identity.errors import EvidenceDamagedError, EvidenceKeyError, EvidenceMalformedError
from identity.evidence import EvidenceWriter, create_identity, load_identity, read_evidence
from tests.support.evidence_records import (
    AYA,
    CHAIN_ID,
    CONTRACT,
    MARRIED,
    header,
    hexadecimal,
    one_of_each,
    registration,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from identity.evidence import Evidence, EvidenceRecord

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())


def written(path: Path, records: list[EvidenceRecord]) -> Path:
    EvidenceWriter([RECIPIENT]).write(path, header(records), records)
    return path


def lines_of(path: Path) -> list[str]:
    return pyrage.decrypt(path.read_bytes(), [IDENTITY]).decode().splitlines()


def sealed(path: Path, lines: list[str]) -> Path:
    text = "".join(line + "\n" for line in lines)
    path.write_bytes(pyrage.encrypt(text.encode(), [IDENTITY.to_public()]))
    return path


def read(path: Path) -> Evidence:
    return read_evidence(path, IDENTITY)


def test_an_archive_holds_what_was_written(tmp_path: Path) -> None:
    records = one_of_each()
    evidence = read(written(tmp_path / "evidence.age", records))
    officer, change_list, roll, office_credential, one, entry = records
    assert evidence.header == header(records)
    assert evidence.officers == {officer.id: officer.public_key}  # type: ignore[union-attr]
    assert list(evidence.change_lists.values()) == [change_list]
    assert list(evidence.roll.values()) == [roll]
    assert list(evidence.office_credentials.values()) == [office_credential]
    assert list(evidence.registrations.values()) == [one]
    assert evidence.log == [entry.entry]  # type: ignore[union-attr]


def test_the_roll_is_known_as_it_was_before_a_correction(tmp_path: Path) -> None:
    (entry,) = read(written(tmp_path / "evidence.age", one_of_each())).roll.values()
    assert entry.person_at(3_999) == AYA
    assert entry.person_at(4_000) == MARRIED


def test_a_person_is_not_readable_in_the_file_nor_in_representations(tmp_path: Path) -> None:
    path = written(tmp_path / "evidence.age", one_of_each())
    sealed_bytes = path.read_bytes()
    for text in (AYA.name, MARRIED.address, "guardianship", CONTRACT):
        assert text.encode() not in sealed_bytes
    shown = "".join(f"{record!r}{record}" for record in one_of_each()) + repr(read(path))
    assert "彩" not in shown
    assert "八戸" not in shown


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "new" / "evidence.age", one_of_each())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_recipient_can_open_it(tmp_path: Path) -> None:
    other = pyrage.x25519.Identity.generate()
    records = one_of_each()
    path = tmp_path / "evidence.age"
    EvidenceWriter([RECIPIENT, str(other.to_public())]).write(path, header(records), records)
    assert read_evidence(path, other).log == read(path).log


def test_records_are_taken_one_by_one(tmp_path: Path) -> None:
    """The file grows while they are taken, so the writer cannot have waited for all of them."""
    sizes: list[int] = []
    count = 3_000

    def many() -> Iterator[EvidenceRecord]:
        for number in range(count):
            sizes.append(max((one.stat().st_size for one in tmp_path.iterdir()), default=0))
            yield registration(number)

    EvidenceWriter([RECIPIENT]).write(
        tmp_path / "evidence.age", header([registration()], counts={"registration": count}), many()
    )
    assert sizes[0] < sizes[count // 2] < sizes[-1]
    assert len(read(tmp_path / "evidence.age").registrations) == count


def test_a_failure_among_the_records_leaves_the_old_archive(tmp_path: Path) -> None:
    path = written(tmp_path / "evidence.age", one_of_each())
    before = path.read_bytes()

    def broken() -> Iterator[EvidenceRecord]:
        yield registration()
        raise LookupError("the database went away")

    with pytest.raises(LookupError, match="went away"):
        EvidenceWriter([RECIPIENT]).write(path, header([registration()]), broken())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("count", [1, 3])
def test_other_numbers_of_records_than_promised_are_not_written(tmp_path: Path, count: int) -> None:
    records = [registration(number) for number in range(count)]
    with pytest.raises(ValueError, match="the header says"):
        EvidenceWriter([RECIPIENT]).write(
            tmp_path / "evidence.age", header(records, counts={"registration": 2}), records
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("recipients", [[], ["age1nonsense"], [RECIPIENT, ""], ["AGE-SECRET-KEY-1"]])
def test_what_is_no_recipient_is_refused(recipients: list[str]) -> None:
    with pytest.raises(EvidenceKeyError) as caught:
        EvidenceWriter(recipients)
    assert caught.value.hint


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    path = written(tmp_path / "evidence.age", one_of_each())
    with pytest.raises(EvidenceKeyError, match="not written for this key"):
        read_evidence(path, pyrage.x25519.Identity.generate())


def test_a_cut_or_changed_archive_is_damaged(tmp_path: Path) -> None:
    whole = written(tmp_path / "evidence.age", [registration(number) for number in range(120)]).read_bytes()
    assert len(whole) > 70_000  # more than one of age's chunks
    header_end = whole.index(b"\n---")
    for end in (0, 10, header_end, header_end + 60, 66_000, len(whole) - 1, len(whole) - 16):
        (tmp_path / "cut.age").write_bytes(whole[:end])
        with pytest.raises(EvidenceDamagedError):
            read(tmp_path / "cut.age")
    for place in (len(whole) // 2, len(whole) - 1):
        (tmp_path / "bent.age").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(EvidenceDamagedError):
            read(tmp_path / "bent.age")
    (tmp_path / "long.age").write_bytes(whole + b"\n")
    with pytest.raises(EvidenceDamagedError):
        read(tmp_path / "long.age")


def test_a_file_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone.age")


def changing(line: int, **members: Any) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        document = json.loads(lines[line - 1]) | members
        lines[line - 1] = json.dumps({k: v for k, v in document.items() if v is not ...})
        return lines

    return change


def replacing(line: int, old: str, new: str) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        assert old in lines[line - 1]
        lines[line - 1] = lines[line - 1].replace(old, new, 1)
        return lines

    return change


PERSON = AYA.to_json()
MALFORMED: list[tuple[str, int, Callable[[list[str]], list[str]]]] = [
    ("another format", 1, changing(1, format="tohyo-evidence/2")),
    ("a header of another type", 1, changing(1, type="roll")),
    ("no contract", 1, changing(1, contract="0x12")),
    ("no count", 1, changing(1, counts=...)),
    ("a count of something else", 1, changing(1, counts={"ballot": 1})),
    ("an unknown member in the header", 1, changing(1, note="x")),
    ("an unknown type", 2, changing(2, type="ballot")),
    ("no type", 2, changing(2, type=...)),
    ("a key that is too short", 2, changing(2, public_key="ab")),
    ("an unknown member", 4, changing(4, nullifier="1")),
    ("no person", 4, changing(4, person={"name": "x"})),
    ("a person with a number", 4, changing(4, person=PERSON | {"name": 1})),
    ("an impossible date", 4, changing(4, person=PERSON | {"date_of_birth": "1984-13-01"})),
    ("another sex", 4, changing(4, person=PERSON | {"sex": "X"})),
    ("a time in words", 4, changing(4, removed_at="today")),
    ("a negative time", 4, changing(4, removed_at=-1)),
    ("a truth for a time", 4, changing(4, removed_at=True)),
    ("a fraction for a time", 5, changing(5, expires_at=1.0)),
    ("a signature of another length", 5, changing(5, issue_signature="00")),
    ("another kind", 6, changing(6, kind="passport")),
    ("a commitment that is no text", 6, changing(6, commitment=True)),
    ("a commitment beyond r", 6, changing(6, commitment=str(2**254))),
    ("a commitment with a zero before it", 6, changing(6, commitment="01001")),
    ("a receipt of something else", 6, changing(6, receipt={"format": "tohyo-receipt/1"})),
    ("a decision that is none", 6, replacing(6, '"accept"', '"perhaps"')),
    ("a name twice", 6, replacing(6, '{"type"', '{"type":"registration","type"')),
    ("a name twice within", 6, replacing(6, '{"certificate"', '{"certificate":"B","certificate"')),
    ("not a number", 7, replacing(7, '"a":[null]', '"a":NaN')),
    ("nested too deeply", 7, replacing(7, '"a":[null]', '"a":' + 500 * "[" + 500 * "]")),
    ("entry number zero", 7, changing(7, sequence=0)),
    ("no JSON", 7, lambda lines: [*lines[:6], "entry", *lines[7:]]),
    ("half a line", 7, lambda lines: [*lines[:6], lines[6][:30]]),
    ("an empty line", 8, lambda lines: [*lines, ""]),
    ("the same officer twice", 8, lambda lines: [*lines, lines[1]]),
    ("a list of another kind", 3, changing(3, kind="replace")),
    ("the same change list twice", 8, lambda lines: [*lines, lines[2]]),
    ("the same roll entry twice", 8, lambda lines: [*lines, lines[3]]),
    ("the same registration twice", 8, lambda lines: [*lines, lines[5]]),
    ("a second header", 8, lambda lines: [*lines, lines[0]]),
]


@pytest.mark.parametrize(
    ("line", "change"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_a_malformed_line_is_refused_with_its_number(
    tmp_path: Path, line: int, change: Callable[[list[str]], list[str]]
) -> None:
    path = written(tmp_path / "evidence.age", one_of_each())
    sealed(path, change(lines_of(path)))
    with pytest.raises(EvidenceMalformedError, match=f"^Line {line} of") as caught:
        read(path)
    assert "彩" not in str(caught.value)


@pytest.mark.parametrize("change", [lambda lines: lines[:-1], lambda lines: [*lines, lines[-1]]])
def test_an_archive_with_another_number_of_records_than_it_promises_is_refused(
    tmp_path: Path, change: Callable[[list[str]], list[str]]
) -> None:
    path = written(tmp_path / "evidence.age", one_of_each())
    sealed(path, change(lines_of(path)))
    with pytest.raises(EvidenceMalformedError, match="promises"):
        read(path)


def test_a_key_file_is_made_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "auditor.key"
    recipient = create_identity(path)
    assert recipient.startswith("age1")
    assert str(load_identity(path).to_public()) == recipient
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        create_identity(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# public key: age1\n",
        b"AGE-SECRET-KEY-1NONSENSE\n",
        f"{IDENTITY}\n{IDENTITY}\n".encode(),
        b"\xff",
    ],
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "auditor.key").write_bytes(content)
    with pytest.raises(EvidenceKeyError) as caught:
        load_identity(tmp_path / "auditor.key")
    assert "AGE-SECRET-KEY" not in str(caught.value)


def test_chain_and_contract_are_those_of_the_header(tmp_path: Path) -> None:
    evidence = read(written(tmp_path / "evidence.age", one_of_each()))
    assert (evidence.header.chain_id, evidence.header.contract) == (CHAIN_ID, CONTRACT)
    assert hexadecimal(101) in evidence.roll
