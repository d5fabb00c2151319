"""Runs `rclone serve s3` on a free loopback port, writes the port into a file, and ends with the test process.

    serve_rclone.py RCLONE FOLDER SCRATCH PORT PORT_FILE PARENT_PID [FURTHER ARGUMENTS OF RCLONE]

The credentials come in RCLONE_AUTH_KEY, so that they stand in no command line.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time

from supervision import end_with_parent, write_ready

PR_SET_PDEATHSIG = 1


def die_with_supervisor() -> None:
    """For our child: should we be killed, it is too. Started by our main thread, which lives as long as we do."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    program, folder, scratch, port, port_file, parent = sys.argv[1:7]
    child = subprocess.Popen(
        [
            program, "serve", "s3", folder,
            "--addr", f"127.0.0.1:{port}",
            "--config", "",
            "--cache-dir", os.path.join(scratch, "rclone-cache"),
            "--use-server-modtime",
            *sys.argv[7:],
        ],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        preexec_fn=die_with_supervisor,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    end_with_parent(int(parent), scratch, child.kill)
    for line in child.stderr:
        sys.stderr.write(line)
        sys.stderr.flush()
        address = re.search(r"Starting s3 server on \[http://127\.0\.0\.1:(\d+)/", line)
        if address:
            write_ready(port_file, int(address[1]))
    status = max(0, child.wait())
    if os.getppid() != int(parent):
        # The thread that watches has ended it, and ends us when the folder is gone.
        time.sleep(60)
    sys.exit(status)


if __name__ == "__main__":
    main()
