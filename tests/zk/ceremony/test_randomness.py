"""The random stream, against ffjavascript's own from npm with random seeds."""

from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path

import pytest

from zk.ceremony.contributor import Contributor
from zk.ceremony.errors import CeremonyRequestError
from zk.ceremony.group import G1, G2
from zk.ceremony.randomness import RandomStream, beacon_seed, contributor_seed, point_of_g2
from zk.formats.contribution_records import Beacon

ROOT = Path(__file__).parents[3]
FFJAVASCRIPT = """
const {ChaCha, buildBn128} = require('ffjavascript');
buildBn128(true).then((curve) => {
  const points = (G, p) => { const b = new Uint8Array(G.F.n8 * 2); G.toRprUncompressed(b, 0, G.toAffine(p));
                             return Buffer.from(b).toString('hex'); };
  const answers = JSON.parse(process.argv[1]).map((seed) => {
    const bytes = Buffer.from(seed, 'hex');
    const rng = new ChaCha([...Array(8).keys()].map((i) => bytes.readUInt32BE(4 * i)));
    return [curve.Fr.toString(curve.Fr.fromRng(rng)), points(curve.G1, curve.G1.fromRng(rng)),
            points(curve.G2, curve.G2.fromRng(rng)), rng.nextU32()];
  });
  console.log(JSON.stringify(answers));
  process.exit(0);
});
"""


def test_numbers_and_points_are_those_of_ffjavascript() -> None:
    seeds = [secrets.token_bytes(32) for _ in range(8)]
    command = ["node", "-e", FFJAVASCRIPT, json.dumps([seed.hex() for seed in seeds])]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60).stdout
    for seed, expected in zip(seeds, json.loads(said), strict=True):
        stream = RandomStream(seed)
        found = [str(stream.scalar()), G1.uncompressed(stream.g1()).hex(), G2.uncompressed(stream.g2()).hex()]
        assert [*found, stream.word()] == expected


def test_points_of_the_stream_are_in_their_groups() -> None:
    stream = RandomStream(secrets.token_bytes(32))
    assert not G1.natives(stream.g1())[0].is_zero()
    assert not G2.natives(stream.g2())[0].is_zero()
    assert not G2.natives(point_of_g2(secrets.token_bytes(64)))[0].is_zero()


def test_what_a_contributor_types_does_not_decide_the_seed_alone() -> None:
    assert contributor_seed(b"typed") != contributor_seed(b"typed")


def test_a_contributor_shows_nothing_of_the_stream() -> None:
    assert "stream" not in repr(Contributor.person("Ann", b"typed"))


def test_a_beacon_is_hashed_as_often_as_it_says() -> None:
    assert beacon_seed(b"\x01", 10).hex() == beacon_seed(b"\x01", 10).hex()
    assert beacon_seed(b"\x01", 10) != beacon_seed(b"\x01", 11)
    done: list[tuple[int, int]] = []
    beacon_seed(b"\x01", 15, lambda *progress: done.append(progress))
    assert done[-1] == (1 << 15, 1 << 15)


@pytest.mark.parametrize(("value", "exponent"), [(b"", 10), (bytes(256), 10), (b"\x01", 9), (b"\x01", 33)])
def test_beacons_that_nobody_could_check_are_refused(value: bytes, exponent: int) -> None:
    with pytest.raises(CeremonyRequestError, match="beacon") as refused:
        Contributor.public_beacon("beacon", Beacon(value, exponent))
    assert refused.value.hint


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 65])
def test_names_that_records_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(CeremonyRequestError, match="name"):
        Contributor.person(name, b"typed")
