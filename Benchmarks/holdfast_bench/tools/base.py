"""What a tool is, and what it is asked to do."""

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

PASSWORD = "a password for benchmarks only"


class Task(Enum):
    """What is measured, in the order in which it is done with one repository."""

    FIRST = "first backup"
    UNCHANGED = "unchanged backup"
    VERIFY = "verify, all data read"
    RESTORE = "restore"
    RESTORE_COMPARED = "restore, compared"
    CHANGED = "1 % changed"
    REWRITTEN = "segments rewritten"
    PRUNE = "prune"

    @property
    def word(self) -> str:
        """What `--tasks` calls it."""
        return self.name.lower().replace("_", "-")

    @property
    def generation(self) -> int | None:
        """Which generation of the source the task backs up; `None` for a task that reads the repository instead."""
        return {Task.FIRST: 0, Task.UNCHANGED: 0, Task.CHANGED: 1, Task.REWRITTEN: 2}.get(self)

    @property
    def writes_target(self) -> bool:
        """Whether the task makes a folder to compare with the source."""
        return self in (Task.RESTORE, Task.RESTORE_COMPARED)

    @property
    def changes_repository(self) -> bool:
        """Whether what is stored may be more or less afterwards."""
        return self.generation is not None or self is Task.PRUNE

    @property
    def needs(self) -> frozenset["Task"]:
        """The tasks without which this one has nothing to do, as far as the input has generations for them."""
        match self:
            case Task.FIRST:
                return frozenset()
            case Task.PRUNE:
                return frozenset({Task.FIRST, Task.CHANGED, Task.REWRITTEN})
            case Task.RESTORE_COMPARED:
                # A tool that always compares has one restore for both.
                return frozenset({Task.FIRST, Task.RESTORE})
            case _:
                return frozenset({Task.FIRST})


@dataclass(frozen=True)
class Bucket:
    """A place in a bucket of an S3 server on this machine."""

    #: As `restic` and Holdfast write it.
    location: str
    #: Where the server keeps the objects, as files by their keys.
    folder: Path
    #: The keys to it.
    environment: Mapping[str, str]


@dataclass
class Place:
    """The folders of one tool in one round, and what it did there. All but the source lie in `work`."""

    work: Path
    #: The same path for all generations: the harness moves each there when its turn comes.
    source: Path
    #: The backups so far, oldest first.
    backups: list[Task] = field(default_factory=list)
    #: Where the tool stores, if not in `work`.
    location: Path | None = None
    #: Where the tool stores, if not in a folder.
    bucket: Bucket | None = None

    @property
    def repository(self) -> Path:
        """Where what the tool stores lies as files."""
        if self.bucket is not None:
            return self.bucket.folder
        return self.location or self.work / "repository"

    @property
    def address(self) -> str:
        """What the tool is told about where to store."""
        return str(self.repository) if self.bucket is None else self.bucket.location

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands, as far as the place makes it: it has the keys to the bucket."""
        return {**os.environ, **({} if self.bucket is None else self.bucket.environment)}

    @property
    def target(self) -> Path:
        """Where the tool restores to."""
        return self.work / "restored"

    @property
    def cache(self) -> Path:
        """Where the tool keeps what it could make again: empty when the round begins."""
        return self.work / "cache"


@dataclass(frozen=True)
class Step:
    """One command, and the folder it runs in (any, if `None`)."""

    command: Sequence[str]
    folder: Path | None = None


class Tool(ABC):
    """A backup program, or several in a pipe."""

    name: str
    #: What it can do; the rest is left empty in the table.
    tasks: frozenset[Task] = frozenset(Task)
    #: Whether it can store in a bucket itself.
    knows_buckets = False

    @abstractmethod
    def version(self) -> str:
        """What the program says of itself."""

    def environment(self, place: Place) -> dict[str, str]:
        """The environment of all commands."""
        return place.environment

    @abstractmethod
    def prepare(self, place: Place) -> list[Step]:
        """Writes the files that the tool needs, and gives the commands that make an empty repository. Not measured."""

    @abstractmethod
    def steps(self, task: Task, place: Place) -> list[Step]:
        """The commands that do the task, one after the other: together they are measured. What has to be found out
        first, such as the names of what is stored, is found out here and not measured."""

    def same_as(self, task: Task) -> Task | None:
        """The task whose commands are also this one's, so that its figures are too."""
        return None

    def restored(self, place: Place) -> Path:
        """Where the source's copy lies after a restore."""
        return place.target / place.source.relative_to("/")

    def kept(self, place: Place) -> int:
        """How many backups are stored. Only of tools that prune."""
        raise NotImplementedError

    def answer(self, place: Place, command: Sequence[str]) -> str:
        """What a command prints that is not measured."""
        environment = self.environment(place)
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def finish(self, place: Place) -> None:
        """Ends what the tool left running."""


def first_line(command: list[str]) -> str:
    """The first line that a program prints."""
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return answer.stdout.splitlines()[0].strip()
