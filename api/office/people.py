"""A person as officers see them in an answer: for those who must compare, and never printed or logged."""

from collections.abc import Iterable
from typing import Any

from api.office.access import Strict
from election.person import Person


class PersonDocument(Strict):
    """A person, decrypted."""

    name: str
    date_of_birth: str
    sex: str
    address: str
    name_substitutions: str
    address_substitutions: str

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show nothing."""
        return ()


def person_document(person: Person) -> PersonDocument:
    """Return the person for an answer."""
    return PersonDocument(**person.to_json())
