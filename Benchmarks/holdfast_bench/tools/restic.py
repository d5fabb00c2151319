"""The program that defines the repository's format."""

import json
import os
from pathlib import Path

from .base import PASSWORD, Place, Step, Task, Tool, first_line


_PASSWORD = {"RESTIC_PASSWORD": PASSWORD}


class Restic(Tool):
    """restic with its own defaults, its cache included, and format version 2."""

    name = "restic"
    knows_buckets = True

    def version(self) -> str:
        return first_line(["restic", "version"])

    def environment(self, place: Place) -> dict[str, str]:
        return {**place.environment, **_PASSWORD, "RESTIC_CACHE_DIR": str(place.cache)}

    def prepare(self, place: Place) -> list[Step]:
        return [self._step(place, "init", "--repository-version", "2")]

    def steps(self, task: Task, place: Place) -> list[Step]:
        match task:
            case Task.VERIFY:
                words = ["check", "--read-data"]
            case Task.RESTORE:
                words = ["restore", "latest", "--target", str(place.target)]
            case Task.RESTORE_COMPARED:
                words = ["restore", "latest", "--verify", "--target", str(place.target)]
            case Task.PRUNE:
                words = ["forget", "--keep-last", "1", "--prune"]
            case _:
                words = ["backup", str(place.source)]
        return [self._step(place, *words)]

    def kept(self, place: Place) -> int:
        return len(json.loads(self.answer(place, self._step(place, "snapshots", "--json").command)))

    @staticmethod
    def _step(place: Place, *words: str) -> Step:
        return Step(["restic", "--quiet", "--repo", place.address, *words])


def restic_environment() -> dict[str, str]:
    """The environment with which `restic` opens the repositories of every tool here."""
    return {**os.environ, **_PASSWORD}


def restic_check(repository: Path) -> list[str]:
    """The command with which `restic` reads and checks everything in a repository."""
    return ["restic", "--no-cache", "--repo", str(repository), "check", "--read-data"]
