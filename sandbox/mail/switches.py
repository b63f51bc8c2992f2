"""How the sink misbehaves: a file that whoever tests writes, and the sink reads for each mail."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from sandbox.credentials import write_private

Mode = Literal["accept", "refuse", "temporary", "permanent", "stall", "drop"]
Stage = Literal["recipient", "data"]
MODES: tuple[Mode, ...] = get_args(Mode)
STAGES: tuple[Stage, ...] = get_args(Stage)


class BadSwitch(ValueError):
    """A switch that does not exist; the message names those that do."""


@dataclass(frozen=True)
class Switches:
    """``mode``: take the mail; close every connection at once; answer 451; answer 550; answer only
    after ``seconds``; take the mail in and cut the line before answering. 451, 550 and a stall come
    at ``stage``: on naming the recipient or after the content."""

    mode: Mode = "accept"
    stage: Stage = "recipient"
    seconds: float = 120

    @classmethod
    def parse(cls, fields: dict[str, object]) -> "Switches":
        mode = next((m for m in MODES if m == fields.get("mode", "accept")), None)
        stage = next((s for s in STAGES if s == fields.get("stage", "recipient")), None)
        if mode is None or stage is None:
            raise BadSwitch(f"mode is one of {MODES}, stage one of {STAGES}")
        try:
            return cls(mode, stage, float(str(fields.get("seconds", 120))))
        except ValueError:
            raise BadSwitch("seconds is a number") from None

    @classmethod
    def read(cls, folder: Path) -> "Switches":
        path = folder / "switches.json"
        return cls.parse(json.loads(path.read_text())) if path.exists() else cls()

    def write(self, folder: Path) -> None:
        write_private(folder / "switches.json", json.dumps(asdict(self)))

    def answer(self) -> str | None:
        """What is said in place of taking the mail; None takes it."""
        refusals = {"temporary": "451 4.3.0 Try again later", "permanent": "550 5.1.1 No such user"}
        return refusals.get(self.mode)
