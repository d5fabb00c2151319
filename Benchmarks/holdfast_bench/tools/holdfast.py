"""This project's program."""

import json
from pathlib import Path
from typing import Any

from .base import PASSWORD, Place, Step, Task, Tool, first_line


class Holdfast(Tool):
    """It compares what it restored with the repository every time, so there is one kind of restore only."""

    name = "Holdfast"
    knows_buckets = True

    def __init__(self, binary: Path):
        self.binary = str(binary.resolve())

    def version(self) -> str:
        return first_line([self.binary, "--version"])

    def environment(self, place: Place) -> dict[str, str]:
        return {**place.environment, "XDG_CACHE_HOME": str(place.cache)}

    def prepare(self, place: Place) -> list[Step]:
        self.configure(place, {"documents": [{"path": str(place.source), "name": "source"}]})
        return [Step([self.binary, "init", "--config", self._configuration(place)])]

    def configure(self, place: Place, components: dict[str, Any]) -> None:
        """Writes holdfast.yaml: what is measured is not to follow the defaults of `holdfast init`."""
        password = place.work / "password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD)
        configuration = {
            "version": 1,
            "system": "bench",
            "repository": {"location": place.address, "password": f"file:{password}", "compression": "auto"},
            **components,
        }
        # JSON is YAML too.
        Path(self._configuration(place)).write_text(json.dumps(configuration, indent=2))

    def steps(self, task: Task, place: Place) -> list[Step]:
        match task:
            case Task.VERIFY:
                commands = [["verify"]]
            case Task.RESTORE | Task.RESTORE_COMPARED:
                commands = [["restore", "--target", str(place.target)]]
            case Task.PRUNE:
                commands = [["forget", "--keep-last", "1", "--yes-drop-many"], ["prune", "--grace", "0"]]
            case _:
                commands = [["backup"]]
        return [Step([self.binary, *words, *self.options(place)]) for words in commands]

    def kept(self, place: Place) -> int:
        return len(json.loads(self.answer(place, [self.binary, "points", *self.options(place)])))

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
