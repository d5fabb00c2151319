"""`python -m holdfast_bench.data KIND FOLDER SEED COUNT`: makes one input, where COUNT is points, bytes or files."""

import sys
from importlib import import_module
from pathlib import Path

#: Imported only when asked for: the engine takes a while to load.
_MAKERS = {"shard": "shard_tree", "stream": "stream_file", "text": "text_tree"}

kind, folder, seed, count = sys.argv[1:]
import_module(f"{__package__}.{_MAKERS[kind]}").make(Path(folder), int(seed), int(count))
