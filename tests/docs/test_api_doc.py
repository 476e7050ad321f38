"""docs/api.md lists the addresses, codes, settings and roles that the registrar's service really has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import api.app
from api.database.tables import RegistrationStatus
from api.database.vault import Vault
from api.errors import RegistrarError
from api.office.roles import ALLOWED, Action, Role
from api.problems import status_of
from api.services import Services
from api.settings import OfficerSettings, OidcSettings, RateSettings, RevocationSettings, Settings
from identity.credential import CredentialKind
from identity.errors import CredentialRefusedError, RevocationUnavailableError, SignInUnavailableError
from zk.field import FieldElementOutOfRangeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Booth, Page

    from zk.errors import TohyoError

GROUPS: dict[str, type[BaseModel]] = {
    "": Settings,
    "revocation.": RevocationSettings,
    "rates.": RateSettings,
    "oidc.": OidcSettings,
    "officers.": OfficerSettings,
}
TOPS = (
    RegistrarError,
    CredentialRefusedError,
    FieldElementOutOfRangeError,
    RevocationUnavailableError,
    SignInUnavailableError,
)
KINDS_OF_PROBLEMS = ["The request", "The challenge", "The credential", "The person and the commitment"]
KINDS_OF_PROBLEMS += ["The office", "Our side"]


@pytest.fixture(scope="module")
def page(docs: dict[str, Page]) -> Page:
    return docs["docs/api.md"]


def _tables(page: Page, *headings: str) -> list[list[str]]:
    return [row for heading in headings for row in page.section(heading).rows()]


def _with_kinds(top: type[TohyoError]) -> Iterator[type[TohyoError]]:
    yield top
    for below in top.__subclasses__():
        yield from _with_kinds(below)


def test_every_code_that_the_wire_may_carry_is_listed_with_its_status(page: Page) -> None:
    rows = _tables(page, *KINDS_OF_PROBLEMS)
    listed = {row[0].strip("`"): int(row[1]) for row in rows if row[0].startswith("`")}
    real = {kind.code: int(status_of(kind)) for top in TOPS for kind in _with_kinds(top)}
    told = {code: status for code, status in real.items() if status != 500}
    assert listed == told | {"internal": 500}
    assert len(rows) == len(listed) + 1, "a code is listed twice"  # and one row for all others with 503


def test_every_setting_is_listed_with_its_default(page: Page) -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in _tables(page, "Settings")}
    real = {
        f"{prefix}{name}": _default(field.default)
        for prefix, group in GROUPS.items()
        for name, field in group.model_fields.items()
    }
    assert listed == real


def _default(value: Any) -> str:
    if value is PydanticUndefined or value in (None, "", ()) or isinstance(value, BaseModel):
        return "—"
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_required_setting_is_called_so(page: Page) -> None:
    rows = _tables(page, "Settings")
    listed = {row[0].strip("`") for row in rows if row[2].endswith("; required")}
    real = {
        f"{prefix}{name}"
        for prefix, group in GROUPS.items()
        for name, field in group.model_fields.items()
        if field.is_required()
    }
    assert listed == real | {"contract"}  # which `tohyo api check` can do without


def test_every_address_is_listed(page: Page, standing_booth: Booth) -> None:
    services = Services(
        Settings(),
        None,
        Vault.generate(),
        standing_booth.client,
        Account.create(),
        {},  # type: ignore[arg-type]
    )
    paths = api.app.create_app(services.settings, services).openapi()["paths"]
    real = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    rows = [
        row for table in re.findall(r"(?:^\|.*\n)+", page.text, re.MULTILINE) for row in table.splitlines()
    ]
    listed = set(re.findall(r"^\| `((?:GET|POST) [^`]+)`", "\n".join(rows), re.MULTILINE))
    assert {re.sub(r"\{\w+\}", "{}", one) for one in listed} == {
        re.sub(r"\{\w+\}", "{}", one) for one in real | {"GET /openapi.json"}
    }


def test_every_role_is_listed(page: Page) -> None:
    rows = page.section("For officers").rows()
    assert [row[0].strip("`") for row in rows] == [role.value for role in Role]


@pytest.mark.parametrize(
    ("address", "action"),
    [
        ("POST /v1/office/voters/search", Action.SEARCH),
        ("POST /v1/office/voters/{pseudonym}/transitions", Action.TRANSITION),
        ("GET /v1/office/reviews", Action.REVIEW),
        ("POST /v1/office/reviews/{registration_id}/decisions", Action.REVIEW),
        ("GET /v1/office/refusals", Action.LIST_REFUSALS),
        ("POST /v1/office/refusals/{refusal_id}/resolutions", Action.RESOLVE_REFUSAL),
        ("POST /v1/office/credentials", Action.ISSUE_CREDENTIAL),
        ("GET /v1/office/credentials", Action.LIST_CREDENTIALS),
        ("POST /v1/office/credentials/{credential_id}/approvals", Action.APPROVE_CREDENTIAL),
        ("GET /v1/office/log", Action.READ_LOG),
    ],
)
def test_an_address_of_the_office_is_listed_with_its_roles(page: Page, address: str, action: Action) -> None:
    (row,) = re.findall(rf"^\| `{re.escape(address)}` \| (.+?) \|", page.text, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == {role.value for role in ALLOWED[action]}


def test_every_status_of_a_registration_is_listed(page: Page) -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", page.section("For voters").text, re.MULTILINE))
    assert {status.value for status in RegistrationStatus} <= listed
    assert {kind.value for kind in CredentialKind} <= listed
