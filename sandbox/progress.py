"""A line that says how far a long step is: redrawn on a terminal, now and then in a log."""

import sys
import time


class Progress:
    """Counts ``total`` things of one stage; safe to print to something that is no terminal."""

    WIDTH = 28
    QUIET_SECONDS = 5.0

    def __init__(self, stage: str, total: int) -> None:
        self.stage, self.total, self.count, self.note = stage, max(total, 1), 0, ""
        self.live = sys.stdout.isatty()
        self.started = self.shown = time.monotonic()

    def step(self, note: str) -> None:
        self.count, self.note = min(self.count + 1, self.total), note
        self.show()

    def say(self, note: str) -> None:
        self.note = note
        self.show()

    def follow_pip(self, line: str) -> None:
        """One line of pip's output; it names a package when it starts on it."""
        words = line.split()
        if words[:1] == ["Collecting"] or words[:2] == ["Requirement", "already"]:
            self.step(words[1].split("==")[0] if words[0] == "Collecting" else "already there")
        elif words[:2] == ["Installing", "collected"]:
            self.say("unpacking, half a minute or so")

    def show(self) -> None:
        if self.live:
            print("\r\033[K" + self.line(), end="", flush=True)
        elif time.monotonic() - self.shown > self.QUIET_SECONDS:
            self.shown = time.monotonic()
            print(self.line(), flush=True)

    def line(self) -> str:
        filled = self.WIDTH * self.count // self.total
        bar = "#" * filled + "." * (self.WIDTH - filled)
        return f"{self.stage} [{bar}] {self.count}/{self.total}  {self.note[:30]}"

    def done(self) -> None:
        start = "\r\033[K" if self.live else ""
        print(f"{start}{self.stage}: {time.monotonic() - self.started:.0f} s", flush=True)
