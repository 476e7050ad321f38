"""The demonstration's report: one JSON document, and one self-contained page made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from api.app import TEST_CARDS_WARNING

if TYPE_CHECKING:
    from scripts.tohyo.demo.steps import DemoRun


def report_document(run: DemoRun) -> dict[str, Any]:
    """Gather everything a reader may want to know about a finished demonstration."""
    plan, report, eligibility = run.state.plan, run.report, run.eligibility
    assert report is not None and eligibility is not None  # noqa: S101, PT018  those steps came before
    names = [candidate.name for candidate in plan.election.candidates]
    gas_total = sum(use.total for use in run.gas.values())
    return {
        "title": plan.election.title,
        "scheme": plan.election.scheme.value,
        "result": dict(zip(names, run.tally, strict=True)),
        "as_cast": run.tally == plan.expected_tally(),
        "audit": report.to_json(),
        "eligibility": eligibility.to_json(),
        "gas": {operation: use.to_json() for operation, use in run.gas.items()},
        "gas_per_voter": round(gas_total / len(plan.voters)),
        "gas_deployment": run.deployment.gas,
        "seconds": {name: round(seconds, 3) for name, seconds in run.state.seconds.items()},
        "contract": run.deployment.contract,
        "rpc": run.rpc,
        "chain_id": run.deployment.chain_id,
        "election_hash": "0x" + plan.election.file_hash().hex(),
        "voters": len(plan.voters),
        "depth": plan.election.depth,
        "seed": plan.seed,
        "keys_warning": run.keys.warning,
        "cards_warning": TEST_CARDS_WARNING,
    }


def render_page(document: dict[str, Any]) -> str:
    """Render the document as one HTML page with a chart, readable without a network."""
    environment = Environment(
        loader=PackageLoader("scripts.tohyo", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    ranked = sorted(document["result"].items(), key=lambda row: -row[1])
    most = max((votes for _, votes in ranked), default=0) or 1
    total = sum(votes for _, votes in ranked)
    return environment.get_template("report.html.j2").render(
        report=document, ranked=ranked, most=most, total=total
    )
