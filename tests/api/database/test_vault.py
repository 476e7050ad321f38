from __future__ import annotations

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.database.vault import VARIABLE, Vault, create_key_file
from api.database.vault_check import bind_vault
from api.errors import KeyFileError, MasterKeyMissingError, RecordErasedError, SealBrokenError

VAULT = Vault.generate()


@given(st.text(max_size=40), st.binary(max_size=300))
def test_what_was_sealed_opens_as_the_same_record(record_id, data):
    assert VAULT.open(record_id, VAULT.seal(record_id, data)) == data


def test_the_same_data_is_sealed_differently_each_time():
    blobs = {VAULT.seal("a", b"data") for _ in range(10)}
    assert len(blobs) == 10
    assert not any(b"data" in blob for blob in blobs)


def test_a_blob_moved_to_another_record_does_not_open():
    with pytest.raises(SealBrokenError, match="another's place"):
        VAULT.open("roll_entry/b", VAULT.seal("roll_entry/a", b"data"))


def test_a_change_of_any_byte_is_noticed():
    blob = VAULT.seal("a", b"data")
    for position in range(len(blob)):
        changed = bytearray(blob)
        changed[position] ^= 1
        with pytest.raises((SealBrokenError, MasterKeyMissingError)):
            VAULT.open("a", bytes(changed))


@given(st.binary(min_size=1, max_size=120))
def test_what_was_never_sealed_does_not_open(blob):
    with pytest.raises((SealBrokenError, MasterKeyMissingError)):
        VAULT.open("a", blob)


def test_the_halves_of_two_blobs_do_not_fit_together():
    one, two = VAULT.seal("a", b"data"), VAULT.seal("a", b"data")
    with pytest.raises(SealBrokenError):
        VAULT.open("a", one[:69] + two[69:])


def test_an_erased_record_says_so():
    with pytest.raises(RecordErasedError):
        VAULT.open("a", b"")


def test_another_master_key_is_named_and_not_tried():
    with pytest.raises(MasterKeyMissingError, match=VAULT.keys[0].id.hex()):
        Vault.generate().open("a", VAULT.seal("a", b"data"))


def test_a_new_master_key_opens_old_records_and_seals_new_ones():
    newer = VAULT.with_new_key()
    old, new = VAULT.seal("a", b"old"), newer.seal("a", b"new")
    assert newer.open("a", old) == b"old"
    assert new.startswith(newer.prefix)
    with pytest.raises(MasterKeyMissingError):
        VAULT.open("a", new)


def test_a_record_wrapped_anew_no_longer_needs_the_old_key():
    newer = VAULT.with_new_key()
    blob = newer.rewrap(VAULT.seal("a", b"data"))
    assert newer.without_old_keys().open("a", blob) == b"data"
    with pytest.raises(SealBrokenError):
        newer.open("b", blob)


def test_a_keyed_hash_is_the_same_each_time_and_differs_by_purpose_and_secret():
    assert VAULT.index("voter_id", "7") == VAULT.with_new_key().index("voter_id", "7")
    others = {
        VAULT.index("date_of_birth", "7"),
        VAULT.index("voter_id", "8"),
        Vault.generate().index("voter_id", "7"),
    }
    assert VAULT.index("voter_id", "7") not in others
    assert len(VAULT.index("voter_id", "7")) == 32


def test_mac_keys_differ_from_each_other_and_from_what_hashes_use():
    assert len({VAULT.mac_key("challenge"), VAULT.mac_key("other"), VAULT.mac_key("index.voter_id")}) == 3


def test_a_vault_never_prints_its_keys():
    shown = repr(VAULT) + repr(VAULT.keys)
    assert VAULT.keys[0].key.hex() not in shown
    assert repr(VAULT.keys[0].key) not in shown


def test_a_key_file_is_for_its_owner_only_and_gives_the_same_vault(tmp_path):
    made = create_key_file(tmp_path / "registrar.key")
    assert stat.S_IMODE((tmp_path / "registrar.key").stat().st_mode) == 0o600
    read = Vault.load(tmp_path / "registrar.key", {})
    assert read.open("a", made.seal("a", b"data")) == b"data"
    assert read.index("x", "y") == made.index("x", "y")


def test_a_key_file_is_never_overwritten(tmp_path):
    create_key_file(tmp_path / "registrar.key")
    before = (tmp_path / "registrar.key").read_bytes()
    with pytest.raises(KeyFileError, match="exists already"):
        create_key_file(tmp_path / "registrar.key")
    assert (tmp_path / "registrar.key").read_bytes() == before


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "registrar.key"
    create_key_file(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError) as caught:
        Vault.load(path, {})
    assert "chmod 600" in caught.value.hint


def test_the_environment_stands_before_the_file(tmp_path):
    path = tmp_path / "registrar.key"
    vault = create_key_file(path)
    loaded = Vault.load(tmp_path / "missing", {VARIABLE: path.read_text()})
    assert loaded.open("a", vault.seal("a", b"data")) == b"data"


def test_a_missing_key_file_says_how_to_make_one(tmp_path):
    with pytest.raises(KeyFileError) as caught:
        Vault.load(tmp_path / "registrar.key", {})
    assert "tohyo api keys new" in caught.value.hint


def good(tmp_path):
    create_key_file(tmp_path / "good")
    return json.loads((tmp_path / "good").read_text())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda _: "[]",
        lambda _: "null",
        lambda document: json.dumps(document | {"format": "tohyo-master-keys/2"}),
        lambda document: json.dumps(document | {"keys": []}),
        lambda document: json.dumps(document | {"keys": document["keys"] * 2}),
        lambda document: json.dumps(document | {"more": 1}),
        lambda document: json.dumps(document | {"index_secret": "QUJD"}),
        lambda document: json.dumps(document | {"index_secret": 5}),
        lambda document: json.dumps(document | {"keys": [{"id": "00", "key": document["keys"][0]["key"]}]}),
        lambda document: json.dumps(document | {"keys": [document["keys"][0] | {"key": "hunter2"}]}),
        lambda _: "[" * 100_000,
    ],
)
def test_a_spoilt_key_file_is_refused_without_showing_a_key(tmp_path, spoil):
    document = good(tmp_path)
    path = tmp_path / "spoilt"
    path.write_text(spoil(document))
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as caught:
        Vault.load(path, {})
    assert document["keys"][0]["key"] not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_database_belongs_to_the_key_file_that_it_was_begun_with(database):
    bind_vault(database, VAULT)
    bind_vault(database, VAULT.with_new_key())
    with pytest.raises(KeyFileError, match="not the one"):
        bind_vault(database, Vault.generate())
