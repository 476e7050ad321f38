"""People for tests: made up, realistic, the same ones every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.testpki.people import made_up_people

if TYPE_CHECKING:
    from election.person import Person

SEED = 2018


def people(count: int, seed: int = SEED) -> list[tuple[str, Person]]:
    """`count` voter ids, each with a person; the first ones of a longer list are the same."""
    return made_up_people(count, seed)
