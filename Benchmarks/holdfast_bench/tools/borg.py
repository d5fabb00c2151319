"""BorgBackup."""

import os
import shutil
import sys
from pathlib import Path

from .base import PASSWORD, Place, Step, Task, Tool, first_line


class Borg(Tool):
    """borg with its own defaults, but for the compression, which is zstd at the level of `zstd` and of restic's default.

    Its cache is not an option: it lies in a folder of its own. `borg extract` compares nothing with what it wrote.
    """

    name = "borg"
    tasks = frozenset(Task) - {Task.RESTORE_COMPARED}

    def __init__(self) -> None:
        # The one that `scripts/setup --bench` installed beside this Python, or else the system's.
        own = Path(sys.executable).with_name("borg")
        self.binary = str(own) if own.exists() else shutil.which("borg") or "borg"

    def version(self) -> str:
        return first_line([self.binary, "--version"])

    def environment(self, place: Place) -> dict[str, str]:
        base = {"BORG_BASE_DIR": str(place.work / "borg"), "BORG_CACHE_DIR": str(place.cache)}
        return {**os.environ, **base, "BORG_PASSPHRASE": PASSWORD, "BORG_CHECK_I_KNOW_WHAT_I_AM_DOING": "YES"}

    def prepare(self, place: Place) -> list[Step]:
        # HMAC-SHA-256 rather than BLAKE2b: the faster one where the processor has instructions for it.
        return [Step([self.binary, "init", "--encryption", "repokey", str(place.repository)])]

    def steps(self, task: Task, place: Place) -> list[Step]:
        repository = str(place.repository)
        match task:
            case Task.VERIFY:
                return [Step([self.binary, "check", "--verify-data", repository])]
            case Task.RESTORE:
                place.target.mkdir()
                archive = f"{repository}::{place.backups[-1].name}"
                return [Step([self.binary, "extract", "--sparse", archive], folder=place.target)]
            case Task.PRUNE:
                prune = [self.binary, "prune", "--keep-last", "1", repository]
                return [Step(prune), Step([self.binary, "compact", repository])]
            case _:
                words = ["create", "--compression", "zstd,3", f"{repository}::{task.name}", str(place.source)]
                return [Step([self.binary, *words])]

    def kept(self, place: Place) -> int:
        return len(self.answer(place, [self.binary, "list", "--short", str(place.repository)]).splitlines())
