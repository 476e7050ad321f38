"""One JSON object a line on standard error. Pseudonyms, ids and codes only.

A library's message may name whom it talks to, and a traceback may quote what somebody sent, so of foreign
messages only the first line is kept, and of an exception its class and the places it passed.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import Processor

_ROOT = Path(__file__).resolve().parents[1]
_QUIET = ("uvicorn.access", "httpx", "httpcore", "web3", "urllib3", "alembic", "sqlalchemy")


def set_up_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every log line of this process to one stream as JSON; no line has a client's address."""
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_exceptions,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _first_line],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True


def where(error: BaseException) -> list[str]:
    """Return the places that an exception passed, without anything it says."""
    return [
        f"{_shown(frame.filename)}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]


def _shown(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else path.name


def _without_exceptions(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"], event["where"] = type(error).__name__, where(error)
    event.pop("exception", None)
    event.pop("stack_info", None)
    return event


def _first_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event.get("_record")
    event["logger"] = getattr(record, "name", "")
    event["event"] = str(event.get("event", "")).partition("\n")[0][:500]
    return event
