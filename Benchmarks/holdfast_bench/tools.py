"""The programs that are compared, each in the same few words: which command does which task."""

import json
import os
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

PASSWORD = "a password for benchmarks only"


class Task(Enum):
    """What is measured, in the order in which it is done with one repository."""

    FIRST = "first backup"
    UNCHANGED = "unchanged backup"
    VERIFY = "verify, all data read"
    RESTORE = "restore"
    RESTORE_COMPARED = "restore, compared"

    @property
    def reads_source(self) -> bool:
        """Whether the task reads the source rather than the repository."""
        return self in (Task.FIRST, Task.UNCHANGED)

    @property
    def writes_target(self) -> bool:
        """Whether the task makes a folder to compare with the source."""
        return self in (Task.RESTORE, Task.RESTORE_COMPARED)


@dataclass(frozen=True)
class Place:
    """The folders of one tool in one round. All lie in `work`, which belongs to it alone."""

    work: Path
    source: Path

    @property
    def repository(self) -> Path:
        """Where the tool stores."""
        return self.work / "repository"

    @property
    def target(self) -> Path:
        """Where the tool restores to."""
        return self.work / "restored"


class Tool(ABC):
    """A backup program."""

    name: str

    @abstractmethod
    def version(self) -> str:
        """What the program says of itself."""

    def environment(self, place: Place) -> dict[str, str]:
        """The environment of all commands."""
        return dict(os.environ)

    @abstractmethod
    def preparation(self, place: Place) -> list[str]:
        """The command that makes an empty repository. It is not measured."""

    @abstractmethod
    def command(self, task: Task, place: Place) -> list[str]:
        """The command that does the task."""

    def same_as(self, task: Task) -> Task | None:
        """The task whose command is also this one's, so that its figures are too."""
        return None

    @abstractmethod
    def restored(self, place: Place) -> Path:
        """Where the source's copy lies after a restore."""


class Holdfast(Tool):
    """This project's program. It compares what it restored with the repository every time."""

    name = "Holdfast"

    def __init__(self, binary: Path):
        self.binary = str(binary.resolve())

    def version(self) -> str:
        return first_line([self.binary, "--version"])

    def preparation(self, place: Place) -> list[str]:
        self.configure(place, {"documents": [{"path": str(place.source), "name": "source"}]})
        return [self.binary, "init", "--config", self._configuration(place)]

    def configure(self, place: Place, components: dict[str, Any]) -> None:
        """Writes holdfast.yaml: what is measured is not to follow the defaults of `holdfast init`."""
        password = place.work / "password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD)
        configuration = {
            "version": 1,
            "system": "bench",
            "repository": {"location": str(place.repository), "password": f"file:{password}", "compression": "auto"},
            **components,
        }
        # JSON is YAML too.
        Path(self._configuration(place)).write_text(json.dumps(configuration, indent=2))

    def command(self, task: Task, place: Place) -> list[str]:
        words = {
            Task.FIRST: ["backup"],
            Task.UNCHANGED: ["backup"],
            Task.VERIFY: ["verify"],
            Task.RESTORE: ["restore", "--target", str(place.target)],
        }[task]
        return [self.binary, *words, *self.options(place)]

    def options(self, place: Place) -> list[str]:
        """What all commands but `init` are given."""
        return ["--config", self._configuration(place), "--json"]

    def same_as(self, task: Task) -> Task | None:
        return Task.RESTORE if task is Task.RESTORE_COMPARED else None

    def restored(self, place: Place) -> Path:
        # Each folder of documents gets one of its own name in the target.
        return place.target / "source"

    def _configuration(self, place: Place) -> str:
        return str(place.work / "holdfast.yaml")


class Restic(Tool):
    """The program that defines the repository's format. Without its cache: Holdfast has none to compare it with."""

    name = "restic"

    def version(self) -> str:
        return first_line(["restic", "version"])

    def environment(self, place: Place) -> dict[str, str]:
        return restic_environment()

    def preparation(self, place: Place) -> list[str]:
        return [*self._restic(place), "init", "--repository-version", "2"]

    def command(self, task: Task, place: Place) -> list[str]:
        words = {
            Task.FIRST: ["backup", str(place.source)],
            Task.UNCHANGED: ["backup", str(place.source)],
            Task.VERIFY: ["check", "--read-data"],
            Task.RESTORE: ["restore", "latest", "--target", str(place.target)],
            Task.RESTORE_COMPARED: ["restore", "latest", "--verify", "--target", str(place.target)],
        }[task]
        return [*self._restic(place), *words]

    def restored(self, place: Place) -> Path:
        return place.target / place.source.relative_to("/")

    @staticmethod
    def _restic(place: Place) -> list[str]:
        return ["restic", "--no-cache", "--quiet", "--repo", str(place.repository)]


def restic_environment() -> dict[str, str]:
    """The environment with which `restic` opens the repositories of every tool here."""
    return {**os.environ, "RESTIC_PASSWORD": PASSWORD}


def restic_check(repository: Path) -> list[str]:
    """The command with which `restic` reads and checks everything in a repository."""
    return ["restic", "--no-cache", "--repo", str(repository), "check", "--read-data"]


def first_line(command: list[str]) -> str:
    """The first line that a program prints."""
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return answer.stdout.splitlines()[0].strip()
