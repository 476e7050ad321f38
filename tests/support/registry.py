"""Officers, people and rolls for tests of the registrar's books. All of it is made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from api.database.tables import VotingStatus
from api.database.vault import Vault
from api.office.roles import Role
from api.registry.change_lists import approve, propose
from api.registry.changes import ChangeKind, Changes
from api.registry.roll import find
from api.registry.signing import Signer
from api.settings import OfficerSettings
from election.person import DateOfBirth, Person, Sex
from election.roll import RollEntry
from identity.officer import OfficerKey

AT = 1_800_000_000
SURNAMES = ["佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"]
GIVEN = ["陽子", "誠", "大輔", "由美", "拓也", "美咲", "健一", "恵", "翔太", "葵"]


def person(number: int = 0, **changes: object) -> Person:
    """Make a person that differs from those of other numbers."""
    described = {
        "name": f"{SURNAMES[number % 10]} {GIVEN[number // 10 % 10]}",
        "date_of_birth": DateOfBirth(1930 + number // 100 % 70, number % 12 + 1, number % 28 + 1),
        "sex": Sex.FEMALE if number % 2 else Sex.MALE,
        "address": f"茨城県つくば市吾妻{number % 4 + 1}丁目{number // 4 % 99 + 1}番地{number // 396 + 1}",
    }
    return Person(**(described | changes))  # type: ignore[arg-type]


def entries(count: int, first: int = 0) -> tuple[RollEntry, ...]:
    return tuple(RollEntry(f"v{number:06}", person(number)) for number in range(first, first + count))


@dataclass
class Officers:
    """Officers with their keys: `signer("aoki")`."""

    roles: dict[str, set[Role]] = field(
        default_factory=lambda: {
            "aoki": {Role.ROLL},
            "baba": {Role.APPROVER},
            "chiba": {Role.ROLL, Role.APPROVER},
        }
    )

    def __post_init__(self) -> None:
        self.keys = {name: OfficerKey.create() for name in self.roles}

    @property
    def settings(self) -> tuple[OfficerSettings, ...]:
        return tuple(
            OfficerSettings(id=name, roles=frozenset(roles), public_key=self.keys[name].public_key_hex)
            for name, roles in self.roles.items()
        )

    def signer(self, name: str) -> Signer:
        return Signer.of(self.settings, name, self.keys[name])


@cache
def vault() -> Vault:
    return Vault.generate()


def put_on_roll(database, people, kind=ChangeKind.IMPORT, keys=None):
    """Let two officers put people on the roll; return their pseudonyms in order."""
    officers, keys = Officers(), keys or vault()
    proposal = propose(database, keys, Changes(kind, tuple(people)), officers.signer("aoki"), AT)
    approve(database, keys, proposal.id, officers.signer("baba"), AT, officers=officers.settings)
    with database.read() as connection:
        return [find(connection, keys, entry.voter_id).pseudonym for entry in people]  # type: ignore[union-attr]


ELIGIBLE = VotingStatus.ELIGIBLE
