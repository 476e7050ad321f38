from __future__ import annotations

import json

from sqlalchemy import select

from api.database.tables import roll_entry
from api.database.vault import create_key_file
from api.registry.change_lists import ChangeState, approve, pending, propose
from api.registry.changes import ChangeKind, Changes
from api.registry.log import read_log, verify_log
from api.registry.roll import size
from tests.support.crashing import kill_in_the_middle
from tests.support.registry import AT, Officers, entries


def test_an_import_that_is_killed_leaves_nobody_and_can_be_approved_again(database, database_url, tmp_path):
    officers, vault = Officers(), create_key_file(tmp_path / "registrar.key")
    officers.keys["baba"].save(tmp_path / "baba.pem")
    settings = [officer.model_dump(mode="json") for officer in officers.settings]
    (tmp_path / "officers.json").write_text(json.dumps(settings))
    proposal = propose(
        database, vault, Changes(ChangeKind.IMPORT, entries(2500)), officers.signer("aoki"), AT
    )
    files = [str(tmp_path / name) for name in ("registrar.key", "officers.json", "baba.pem")]
    kill_in_the_middle("approve", database_url, *files, proposal.id)
    with database.begin() as connection:  # as soon as the database has noticed
        assert connection.execute(select(roll_entry.c.pseudonym).with_for_update()).all() == []
        assert pending(connection) == [proposal]
        assert [entry.action for entry in read_log(connection)] == ["change_list_proposed"]
    decided = approve(database, vault, proposal.id, officers.signer("baba"), AT, officers=officers.settings)
    assert decided.state is ChangeState.APPLIED
    with database.read() as connection:
        assert size(connection) == 2500
        assert verify_log(connection).sequence == 2
