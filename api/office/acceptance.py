"""What two reviewers' yes does to a registration: it becomes the person's, as if the card had said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from api.admission import enter_ledger, make_room, promise, standing
from api.database.tables import registration

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Row

    from api.services import Services


def accept_registration(
    connection: Connection,
    services: Services,
    row: Row[Any],
    pseudonym: str,
    *,
    chain_now: int,
    undeposited: Collection[int],
) -> None:
    """Make a registration in review the person's: ledger, receipt, and its place in the queue or a permit.

    An earlier registration of the same person is replaced as long as a voter could replace it. The receipt
    of the review still opens the registration; both receipts bear the time at which it was asked for. The
    person's row and the registration's are locked.

    Raises:
        VotesByAnotherChannelError: the person votes in another way.
        RegistrationRefusedError: the person's other registration cannot be replaced now.
        PermitMayBeUsedError: ask the chain, and come back with `undeposited`.

    """
    earlier = standing(connection, pseudonym)
    if earlier is not None:
        make_room(connection, earlier, chain_now, undeposited)
    enter_ledger(connection, pseudonym, services.clock())
    place = promise(
        services,
        chain_now,
        registration_id=row.id,
        commitment=int(row.commitment),
        pseudonym=pseudonym,
        issued_at=row.issued_at,
    )
    columns = place.columns() | {"review_signature": row.receipt_signature}
    connection.execute(update(registration).where(registration.c.id == row.id).values(columns))
