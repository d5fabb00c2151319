"""What both servers share: a port file that is written in one step, and an end together with the test process."""

import json
import os
import shutil
import threading
import time


def write_ready(path: str, port: int) -> None:
    """Says where the server listens; whoever sees the file sees all of it."""
    temporary = f"{path}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump({"port": port}, file)
    os.replace(temporary, path)


def end_with_parent(parent: int, scratch: str, stop) -> None:
    """Calls `stop` and removes `scratch` once this process has another parent than `parent`.

    Not by PR_SET_PDEATHSIG: that fires when the *thread* that started us ends, and those of a test process come and go.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.25)
        stop()
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
