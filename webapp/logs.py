"""What a process says: one line an event on standard error, for people or as JSON for machines.

Set up here for web, worker, beat and relay alike; the standard library's loggers (Flask,
SQLAlchemy, Celery) come out in the same form.
"""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor

COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class OurHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Known by its type, so that setting up twice adds no second one."""


def configure(readable: bool) -> None:
    """readable: for a person at a terminal; otherwise a JSON object a line."""
    structlog.configure(
        processors=[*COMMON, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger()
    if not any(isinstance(handler, OurHandler) for handler in root.handlers):
        handler = OurHandler(sys.stderr)
        handler.setFormatter(_formatter(readable))
        root.addHandler(handler)
    root.setLevel(logging.INFO)


def _formatter(readable: bool) -> logging.Formatter:
    # A person gets the trace drawn out below the line, a machine as a field of it.
    drawn: list[Processor] = [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]
    as_json: list[Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=COMMON,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *(drawn if readable else as_json),
        ],
    )
