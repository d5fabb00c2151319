"""What people write into a crontab: `tar`, a compressor and something that encrypts, joined by pipes.

A pipe has no repository: there is one archive, and the next backup would be another one of the same size and time. So there
is no unchanged backup, no generation and nothing to prune. To verify one is to decrypt and decompress it and to list what is
in it: that finds damage, but compares no file with anything.
"""

import os
import subprocess
from abc import abstractmethod
from pathlib import Path
from shlex import quote

from .base import PASSWORD, Place, Step, Task, Tool, first_line


class _Pipe(Tool):
    tasks = frozenset({Task.FIRST, Task.VERIFY, Task.RESTORE})
    #: The programs besides tar, for the version.
    programs: tuple[str, ...]

    def version(self) -> str:
        return ", ".join(first_line([program, "--version"]) for program in ("tar", *self.programs))

    def prepare(self, place: Place) -> list[Step]:
        place.repository.mkdir()
        return []

    def steps(self, task: Task, place: Place) -> list[Step]:
        archive = _word(place.repository / "backup")
        match task:
            case Task.FIRST:
                # posix: the only format of tar's that keeps times of modification to the nanosecond.
                tar = f"tar --create --sparse --format=posix --directory {_word(place.source)} ."
                # The other programs sync what they store.
                pipe = f"{tar} | {self.pack(place)} > {archive} && sync {archive}"
            case Task.VERIFY:
                pipe = f"< {archive} {self.unpack(place)} | tar --list > /dev/null"
            case _:
                place.target.mkdir()
                tar = f"tar --extract --preserve-permissions --directory {_word(place.target)}"
                pipe = f"< {archive} {self.unpack(place)} | {tar}"
        return [Step(["bash", "-c", f"set -o pipefail; {pipe}"])]

    @abstractmethod
    def pack(self, place: Place) -> str:
        """The part of the pipe between tar and the archive, as the shell takes it."""

    @abstractmethod
    def unpack(self, place: Place) -> str:
        """The part of the pipe between the archive and tar, likewise."""

    def restored(self, place: Place) -> Path:
        return place.target


class ZstdAge(_Pipe):
    """tar, zstd with all processors, and age with a key pair."""

    name = "tar, zstd, age"
    programs = ("zstd", "age")

    def prepare(self, place: Place) -> list[Step]:
        key = place.work / "key"
        subprocess.run(["age-keygen", "--output", key], check=True, capture_output=True)
        recipient = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True).stdout
        (place.work / "recipient").write_bytes(recipient)
        return super().prepare(place)

    def pack(self, place: Place) -> str:
        return f"zstd --quiet --threads=0 | age --recipients-file {_word(place.work / 'recipient')}"

    def unpack(self, place: Place) -> str:
        return f"age --decrypt --identity {_word(place.work / 'key')} | zstd --quiet --decompress"


class GzipGPG(_Pipe):
    """tar, gzip and gpg with a password."""

    name = "tar, gzip, gpg"
    programs = ("gzip", "gpg")

    def environment(self, place: Place) -> dict[str, str]:
        return {**os.environ, "GNUPGHOME": str(self._home(place))}

    def prepare(self, place: Place) -> list[Step]:
        self._home(place).mkdir(mode=0o700)
        (place.work / "password").write_text(PASSWORD)
        return super().prepare(place)

    def pack(self, place: Place) -> str:
        return f"gzip | {self._gpg(place)} --symmetric --cipher-algo AES256 --compress-algo none"

    def unpack(self, place: Place) -> str:
        return f"{self._gpg(place)} --decrypt | gzip --decompress"

    def finish(self, place: Place) -> None:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=self.environment(place), check=True)

    @staticmethod
    def _gpg(place: Place) -> str:
        words = ("--quiet", "--batch", "--pinentry-mode loopback", "--no-symkey-cache")
        return f"gpg {' '.join(words)} --passphrase-file {_word(place.work / 'password')}"

    @staticmethod
    def _home(place: Place) -> Path:
        return place.work / "gnupg"


def _word(path: Path) -> str:
    return quote(str(path))
