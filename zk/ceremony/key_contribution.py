"""Phase 2: one contribution to a circuit's key. δ becomes x·δ, and C and H are divided by x.

    transcript    BLAKE2b(circuit hash ‖ public keys of all contributions before ‖ P ‖ x·P)
    Q             the point of G2 that the transcript hashes to; x·Q proves knowledge of x
    hash          BLAKE2b(δ after ‖ P ‖ x·P ‖ x·Q ‖ transcript), which the contributor publishes

Source: Bowe, Gabizon, Miers, eprint 2017/1050, section 6; snarkjs `zkey_contribute.js`, `zkey_beacon.js`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zk.ceremony.errors import CeremonyRequestError
from zk.ceremony.group import G1, G2, scale_run
from zk.ceremony.key_check import require_chain
from zk.ceremony.knowledge import prove_knowledge
from zk.ceremony.randomness import point_of_g2
from zk.ceremony.transcript_hash import contribution_hash, running_transcript
from zk.ceremony.workers import RUN_POINTS, Task, run_all
from zk.field import inverse
from zk.formats.contribution_records import KeyContribution
from zk.formats.key_sections import DIVIDED, KEPT, KeyFile, write_key
from zk.formats.section_file import require_new

if TYPE_CHECKING:
    from pathlib import Path

    from zk.ceremony.contributor import Contributor
    from zk.ceremony.workers import Progress
    from zk.formats.zkey_file import Section


def contribute_key(
    old: Path, new: Path, contributor: Contributor, on_progress: Progress | None = None
) -> bytes:
    """Write `old` with one more contribution to `new`; returns the contribution's hash.

    Checks that the chain of contributions in `old` holds, and nothing else about it.
    """
    require_new(new)
    source = KeyFile(old)
    if source.is_development:
        raise CeremonyRequestError(
            f"{old.name} is a development key, made by one party",
            hint="Begin a ceremony: tohyo zk ceremony begin",
        )
    require_chain(source)
    x = contributor.stream.scalar()
    transcripts: list[bytes] = []

    def hash_to_g2(g1_s: bytes, g1_sx: bytes) -> bytes:
        digest = running_transcript(source.circuit_hash, source.contributions)
        digest.update(G1.uncompressed(g1_s + g1_sx))
        transcripts.append(digest.digest())
        return point_of_g2(transcripts[-1])

    proof = prove_knowledge(x, contributor.stream, hash_to_g2)
    header = replace(
        source.header,
        delta_g1=scale_run(G1.name, source.header.delta_g1, x, 1),
        delta_g2=scale_run(G2.name, source.header.delta_g2, x, 1),
    )
    contribution = KeyContribution(
        header.delta_g1, proof, transcripts[-1], contributor.name, contributor.beacon
    )
    sections = {section: source.section(section) for section in KEPT} | _divided(source, x, on_progress)
    write_key(new, header, sections, source.circuit_hash, [*source.contributions, contribution])
    return contribution_hash(contribution)


def _divided(source: KeyFile, x: int, on_progress: Progress | None) -> dict[Section, bytes]:
    by = inverse(x)
    runs = {section: source.section(section) for section in DIVIDED}
    step = RUN_POINTS * G1.size
    starts = [(section, start) for section in DIVIDED for start in range(0, len(runs[section]), step)]
    tasks = []
    for section, start in starts:
        run = runs[section][start : start + step]
        tasks.append(Task(scale_run, (G1.name, run, by, 1), len(run) // G1.size))
    parts = dict(zip(starts, run_all(tasks, on_progress), strict=True))
    return {
        section: b"".join(part for (place, _), part in parts.items() if place == section)
        for section in DIVIDED
    }
