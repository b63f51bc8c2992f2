"""Runs the app's planners in a process that stays: importing the app takes longer than planning."""

import subprocess
import sys
from dataclasses import dataclass

from sandbox.bootstrap import ROOT

COMMAND = (sys.executable, "-m", "sandbox.timemachine.planner_process")


class PlannerFailed(Exception):
    """The planning process ended; its own words are in the page's log."""


@dataclass
class Planner:
    """Started on first use, and again should it have ended."""

    process: "subprocess.Popen[str] | None" = None

    def run(self) -> None:
        """Every planner once; returns when they have committed."""
        process = self.alive()
        assert process.stdin and process.stdout
        try:
            process.stdin.write("plan\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if answer != "planned\n":
            raise PlannerFailed("the planners could not be run; see logs/page.log")

    def alive(self) -> "subprocess.Popen[str]":
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        return self.process

    def close(self) -> None:
        """It ends when it reads the end of its input."""
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.wait(10)
