"""`tohyo zk ceremony`: a trusted set-up by several people, each on a machine of their own.

Secrets are drawn inside `zk.ceremony`. Here is only what a contributor types: never the value of an option,
which other users of a machine can read, never shown and never kept.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from chain.paths import KEYS_DIR
from chain.schemes import CONTRACTS
from election.scheme import TRAITS
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import DepthOption, KeysOption, warn_of_development_keys
from scripts.tohyo.output import EXIT_NO, OUT, JsonFlag, emit, emit_facts, progress_bar, show_facts
from zk.ceremony.circuit_key import begin as begin_key
from zk.ceremony.contributor import Contributor, require_name
from zk.ceremony.errors import CeremonyError, CeremonyRequestError
from zk.ceremony.finish import TRANSCRIPT_NAME, Ending
from zk.ceremony.finish import finish as finish_ceremony
from zk.ceremony.key_check import require_built_on, verify_key
from zk.ceremony.key_contribution import contribute_key
from zk.ceremony.lagrange import prepare as prepare_powers
from zk.ceremony.powers import contribute_powers, new_powers, response_hash
from zk.ceremony.powers_check import verify_powers
from zk.ceremony.randomness import require_beacon
from zk.ceremony.transcript_hash import contribution_hash
from zk.circuits import CircuitName, compile_named
from zk.errors import shown
from zk.formats.contribution_records import Beacon, KeyContribution, PowersContribution
from zk.formats.key_sections import KeyFile
from zk.formats.ptau_file import PowersFile
from zk.formats.r1cs_file import pack_r1cs
from zk.formats.section_file import require_new

app = typer.Typer(help="Make keys together: a trusted set-up by several people.", no_args_is_help=True)
powers_app = typer.Typer(help="Phase 1: powers of tau, for every circuit up to a size.", no_args_is_help=True)
app.add_typer(powers_app, name="powers")

MAX_ENTROPY_BYTES = 1 << 20
MAX_NEW_POWER = 20  # 400 MB in memory; larger ones are taken from ceremonies that exist

CircuitArgument = Annotated[CircuitName, typer.Argument(help="Which circuit.")]
KeyArgument = Annotated[Path, typer.Argument(help="The newest .zkey of the ceremony.")]
PowersArgument = Annotated[Path, typer.Argument(help="A .ptau file.")]
PowersOption = Annotated[Path, typer.Option("--powers", help="Powers of tau, a .ptau file.")]
OutOption = Annotated[Path, typer.Option("--out", help="The new file; an existing one is refused.")]


@dataclass
class PersonOptions:
    """Who contributes, and what they mix in."""

    name: Annotated[str, typer.Option("--name", help="Your name, as the public shall read it.")]
    entropy_file: Annotated[
        Path | None,
        typer.Option("--entropy-file", help="Mix in this file instead of what you type; then destroy it."),
    ] = None

    def contributor(self) -> Contributor:
        """Ask for what to mix in, and draw the randomness."""
        name = require_name(self.name)
        return Contributor.person(name, _typed() if self.entropy_file is None else _read(self.entropy_file))


@dataclass
class BeaconOptions:
    """A public value, and how often it is hashed."""

    value: Annotated[
        str, typer.Option("--value", help="The beacon in hexadecimal, announced before it existed.")
    ]
    exponent: Annotated[int, typer.Option("--exponent", help="Hash it 2 to this power times, 10 to 32.")] = 10
    name: Annotated[str, typer.Option("--name", help="What the beacon is, for example its block.")] = "beacon"

    def contributor(self) -> Contributor:
        """Hash the beacon."""
        try:
            beacon = Beacon(bytes.fromhex(self.value.removeprefix("0x")), self.exponent)
        except ValueError as error:
            raise CeremonyRequestError(
                "--value is no hexadecimal number", hint="Give an even number of hexadecimal digits."
            ) from error
        require_beacon(beacon.value, beacon.exponent)
        with progress_bar("hashing the beacon") as report:
            return Contributor.public_beacon(self.name, beacon, report)


@powers_app.command("new")
def powers_new(
    power: Annotated[
        int, typer.Option("--power", min=1, max=MAX_NEW_POWER, help="Room for 2 to this power rows.")
    ],
    out: OutOption,
    as_json: JsonFlag = False,
) -> None:
    """Write powers of tau that nobody has contributed to yet."""
    challenge = new_powers(out, power)
    emit_facts({"powers": str(out), "power": power, "challenge": challenge.hex()}, as_json=as_json)


@powers_app.command("contribute")
@grouped_options
def powers_contribute(
    powers: PowersArgument, out: OutOption, *, person: PersonOptions, as_json: JsonFlag = False
) -> None:
    """Contribute to powers of tau; prints the hash to publish."""
    _contribute_powers(powers, out, person, as_json=as_json)


@powers_app.command("beacon")
@grouped_options
def powers_beacon(
    powers: PowersArgument, out: OutOption, *, beacon: BeaconOptions, as_json: JsonFlag = False
) -> None:
    """Close the contributions to powers of tau with a public random value."""
    _contribute_powers(powers, out, beacon, as_json=as_json)


@powers_app.command("prepare")
def powers_prepare(powers: PowersArgument, out: OutOption, as_json: JsonFlag = False) -> None:
    """Add what the second phase needs to powers of tau; a matter of minutes, once."""
    with progress_bar("preparing powers") as report:
        prepare_powers(powers, out, report)
    emit_facts({"powers": str(out), "power": PowersFile(out).power}, as_json=as_json)


@powers_app.command("verify")
def powers_verify(powers: PowersArgument, as_json: JsonFlag = False) -> None:
    """Check powers of tau and every contribution to them (exit 1: they are wrong)."""
    file = PowersFile(powers)
    reason = ""
    with progress_bar("verifying powers") as report:
        try:
            verify_powers(file, report)
        except CeremonyError as error:
            reason = str(error)
    contributions = [_powers_record(each) for each in file.contributions]
    _show_verdict(reason, contributions, as_json=as_json)


@app.command("begin")
def begin(
    circuit: CircuitArgument,
    depth: DepthOption,
    powers: PowersOption,
    out: OutOption,
    r1cs: Annotated[
        Path | None, typer.Option("--r1cs", help="Write the circuit's constraints as well, for snarkjs.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the first key of a circuit, from powers of tau; everybody gets the same one."""
    compiled = compile_named(circuit, depth)
    if r1cs is not None:
        require_new(r1cs)
    with progress_bar("computing the first key") as report:
        key = begin_key(compiled.r1cs, PowersFile(powers), out, report)
    if r1cs is not None:
        require_new(r1cs)  # it may have been the key's name
        r1cs.write_bytes(pack_r1cs(compiled.r1cs))
    document = {
        "zkey": str(out),
        "constraints": compiled.n_constraints,
        "circuit_hash": key.circuit_hash.hex(),
    }
    emit_facts(document, as_json=as_json)


@app.command("contribute")
@grouped_options
def contribute(
    zkey: KeyArgument, out: OutOption, *, person: PersonOptions, as_json: JsonFlag = False
) -> None:
    """Contribute to a circuit's key, on your own machine; prints the hash to publish."""
    _contribute_key(zkey, out, person, as_json=as_json)


@app.command("beacon")
@grouped_options
def beacon(zkey: KeyArgument, out: OutOption, *, beacon: BeaconOptions, as_json: JsonFlag = False) -> None:
    """Close the contributions to a circuit's key with a public random value."""
    _contribute_key(zkey, out, beacon, as_json=as_json)


@app.command("verify")
def verify(
    circuit: CircuitArgument,
    zkey: KeyArgument,
    depth: DepthOption,
    powers: PowersOption,
    after: Annotated[
        Path | None, typer.Option("--after", help="The key must be built on this one, the last good one.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check a circuit's key, its powers of tau and every contribution (exit 1: they are wrong)."""
    key, compiled = KeyFile(zkey), compile_named(circuit, depth)
    previous = None if after is None else KeyFile(after)
    reason = ""
    with progress_bar("verifying the key") as report:
        try:
            if previous is not None:
                require_built_on(key, previous)
            verify_key(key, compiled.r1cs, PowersFile(powers), report)
        except CeremonyError as error:
            reason = str(error)
    _show_verdict(reason, [_key_record(each) for each in key.contributions], as_json=as_json)


@app.command("finish")
def finish(
    circuit: CircuitArgument,
    zkey: KeyArgument,
    depth: DepthOption,
    powers: PowersOption,
    keys: KeysOption = KEYS_DIR,
    development_keys: Annotated[
        bool,
        typer.Option("--development-keys", help="If too few contributed, make development keys instead."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Check everything once more; write key, verifying key, Solidity verifier and transcript."""
    ending = Ending(circuit, depth, powers, zkey, keys, _folded_input(circuit), development_keys)
    with progress_bar("finishing the ceremony") as report:
        made, transcript = finish_ceremony(ending, report)
    warn_of_development_keys(made.transcript_hash)
    document = {
        **made.describe(),
        "transcript": str(made.directory / TRANSCRIPT_NAME),
        "contributions": len(transcript.contributions),
    }
    emit_facts(document, as_json=as_json)


def _contribute_powers(
    old: Path, new: Path, options: PersonOptions | BeaconOptions, *, as_json: bool
) -> None:
    require_new(new)
    number = len(PowersFile(old).contributions) + 1
    contributor = options.contributor()
    with progress_bar("contributing to powers") as report:
        digest = contribute_powers(old, new, contributor, report)
    _show_contribution({"powers": str(new)}, number, contributor, digest, as_json=as_json)


def _contribute_key(old: Path, new: Path, options: PersonOptions | BeaconOptions, *, as_json: bool) -> None:
    require_new(new)
    number = len(KeyFile(old).contributions) + 1
    contributor = options.contributor()
    with progress_bar("contributing to the key") as report:
        digest = contribute_key(old, new, contributor, report)
    _show_contribution({"zkey": str(new)}, number, contributor, digest, as_json=as_json)


def _show_contribution(
    file: dict[str, str], number: int, contributor: Contributor, digest: bytes, *, as_json: bool
) -> None:
    document = {
        **file,
        "contribution": number,
        "name": contributor.name,
        "contribution_hash": digest.hex(),
    }
    emit_facts(document, as_json=as_json)


def _show_verdict(reason: str, contributions: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    document = {"valid": not reason, "reason": reason, "contributions": list(contributions)}

    def text() -> None:
        for number, record in enumerate(contributions, 1):
            facts = [(name.replace("_", " "), value) for name, value in record.items()]
            show_facts([("contribution", number), *facts])
        OUT.print(
            f"[red]not valid[/]: {escape(reason)}" if reason else "valid", soft_wrap=True, highlight=False
        )

    emit(document, as_json=as_json, text=text)
    if reason:
        raise typer.Exit(EXIT_NO)


def _powers_record(contribution: PowersContribution) -> dict[str, Any]:
    digest = response_hash(contribution.partial_hash, contribution.proofs)
    return _record(contribution, digest)


def _key_record(contribution: KeyContribution) -> dict[str, Any]:
    return _record(contribution, contribution_hash(contribution))


def _record(contribution: PowersContribution | KeyContribution, digest: bytes) -> dict[str, Any]:
    record: dict[str, Any] = {"name": shown(contribution.name), "contribution_hash": digest.hex()}
    if contribution.beacon is not None:
        record |= {"beacon": contribution.beacon.value.hex(), "exponent": contribution.beacon.exponent}
    return record


def _typed() -> bytes:
    if not sys.stdin.isatty():
        raise CeremonyRequestError(
            "there is no terminal to type on",
            hint="Run the command on a terminal, or give --entropy-file with something nobody else knows.",
        )
    typed = typer.prompt("Type at random, then press Enter (nothing is shown)", hide_input=True, err=True)
    return str(typed).encode()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_ENTROPY_BYTES)
    if not content:
        raise CeremonyRequestError(f"{path} is empty", hint="Give a file with something nobody else knows.")
    return content


def _folded_input(circuit: CircuitName) -> int:
    """Position of the public input that the circuit's verifier contract folds."""
    scheme = next(scheme for scheme, traits in TRAITS.items() if traits.circuit == circuit.value)
    return CONTRACTS[scheme].folded_input
