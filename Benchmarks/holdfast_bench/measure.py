"""Runs one program and measures it as the kernel accounts for it.

The process that measures must be small: between fork and exec a child shares its parent's memory, and Linux counts that
into the child's peak. Hence whatever needs numpy or the engine runs in a process of its own, and this one uses the
standard library only. `peak_floor()` tells what is left of the effect.
"""

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: A program that takes longer is killed: none of the inputs takes minutes on a machine that works.
_LIMIT_SECONDS = 3600.0


class ProgramFailed(Exception):
    """A measured program ended with another status than 0."""


@dataclass(frozen=True)
class Usage:
    """What one execution used."""

    #: From before the start until the end, in seconds.
    wall: float
    #: User and system time of the program and of those it waited for, in seconds.
    cpu: float
    #: The largest resident set, in bytes.
    peak: int
    #: What it read by system calls, in bytes, from the page cache or the disk; `None` where the kernel does not tell.
    read: int | None
    #: The machine's load average over the last minute, when the program started.
    load: float
    #: The processor time of the server that it worked with, in seconds; `None` without one.
    server: float | None = None


def total(usages: Sequence[Usage]) -> Usage:
    """What several executions used, one after the other."""
    reads = [usage.read for usage in usages]
    return Usage(
        wall=sum(usage.wall for usage in usages),
        cpu=sum(usage.cpu for usage in usages),
        peak=max(usage.peak for usage in usages),
        read=None if None in reads else sum(read for read in reads if read is not None),
        load=usages[0].load,
    )


def run(arguments: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path | None = None) -> Usage:
    """Runs a program with its output in the file `log` and waits for it.

    Raises ProgramFailed with the beginning and the end of the log unless the status is 0.
    """
    load = os.getloadavg()[0]
    started_in = os.getcwd()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if folder is not None:
            os.chdir(folder)
        start = time.monotonic()
        process = os.posix_spawnp(
            arguments[0],
            list(arguments),
            dict(environment),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, descriptor, 1),
                (os.POSIX_SPAWN_DUP2, descriptor, 2),
            ],
        )
    finally:
        os.chdir(started_in)
        os.close(descriptor)
    watchdog = threading.Timer(_LIMIT_SECONDS, os.kill, (process, signal.SIGKILL))
    watchdog.daemon = True
    watchdog.start()
    try:
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
        wall = time.monotonic() - start
        read = _bytes_read(process)
        _, status, resources = os.wait4(process, 0)
    except BaseException:
        os.kill(process, signal.SIGTERM)
        os.waitpid(process, 0)
        raise
    finally:
        watchdog.cancel()
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        output = log.read_text(errors="replace")
        if len(output) > 2_000:
            output = f"{output[:1_000]}\n…\n{output[-1_000:]}"
        raise ProgramFailed(f"'{' '.join(arguments)}' ended with status {code}:\n{output}")
    # Linux gives the peak in KiB.
    return Usage(wall, resources.ru_utime + resources.ru_stime, resources.ru_maxrss << 10, read, load)


def _bytes_read(process: int) -> int | None:
    """What a process that has ended, but was not waited for yet, read with those of its children that it waited for."""
    try:
        lines = Path(f"/proc/{process}/io").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("rchar:")), None)


def peak_floor(log: Path) -> int:
    """The peak, in bytes, that a program seems to have which needs next to nothing."""
    return run(["true"], os.environ, log).peak
