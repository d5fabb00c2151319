"""What was acknowledged is there after a restart, after a kill, and after a kill in the middle of something."""

import random
import subprocess
import sys
import threading
import time

import httpx
import pytest
from conftest import PROJECT
from kinds import fill


@pytest.fixture(params=["stop", "kill"])
def ending(request):
    return request.param


def end(server, how):
    server.stop() if how == "stop" else server.kill()


def test_everything_is_there_again(launch, ending):
    server = launch()
    points = fill(server, "c", 80)
    server.call("POST", "/collections/aliases", {"actions": [{"create_alias": {"collection_name": "c", "alias_name": "a"}}]})
    made = server.call("POST", "/collections/c/snapshots")
    body = {"points": [{"id": n, "vector": {}} for n in range(5000, 5010)]}
    server.call("PUT", "/collections/c/points", body)
    server.call("POST", "/collections/c/points/payload", {"points": [5001], "payload": {"late": True}})
    server.call("POST", "/collections/c/points/delete", {"points": [5002]})
    before, shown = server.scroll("c"), server.call("GET", "/collections/c")
    assert len(before) == len(points) + 9
    end(server, ending)
    server.start()
    assert server.scroll("a") == before
    after = server.call("GET", "/collections/c")
    assert after["config"] == shown["config"] and after["payload_schema"] == shown["payload_schema"]
    assert server.call("GET", "/collections/c/snapshots") == [made]


def test_every_acknowledged_point_survives_kills_at_random_moments(launch):
    seed = 20260131
    dice = random.Random(seed)
    server = launch()
    server.collection("c")
    acknowledged: set[int] = set()
    deleted: set[int] = set()
    # A deletion whose answer the kill took may have happened or not.
    asked_to_delete: set[int] = set()
    for attempt in range(4):
        stop = threading.Event()

        def write(base: int, stop: threading.Event = stop) -> None:
            with httpx.Client(base_url=server.url, timeout=30) as http:
                for n in range(base, base + 100_000, 5):
                    if stop.is_set():
                        return
                    points = [{"id": n + k, "vector": [n, k], "payload": {"n": n + k}} for k in range(5)]
                    wait = "true" if n % 2 else "false"
                    try:
                        if http.put(f"/collections/c/points?wait={wait}", json={"points": points}).status_code == 200:
                            acknowledged.update(range(n, n + 5))
                        if n % 3 == 0:
                            asked_to_delete.add(n)
                            if http.post("/collections/c/points/delete", json={"points": [n]}).status_code == 200:
                                deleted.add(n)
                    except httpx.HTTPError:
                        return

        writer = threading.Thread(target=write, args=(attempt * 1_000_000,))
        writer.start()
        time.sleep(dice.uniform(0.1, 0.8))
        server.kill()
        stop.set()
        writer.join()
        server.start()
        there = {point["id"]: point["payload"]["n"] for point in server.scroll("c")}
        assert acknowledged - asked_to_delete <= set(there), f"seed {seed}, attempt {attempt}"
        assert not deleted & set(there), f"seed {seed}, attempt {attempt}"
        assert all(identity == n for identity, n in there.items())
    assert len(acknowledged) > 50


def test_a_kill_in_the_middle_of_a_streamed_snapshot(launch):
    server = launch()
    server.bulk("c")
    before = server.scroll("c", limit=6000, with_vector=False)
    with httpx.stream("GET", f"{server.url}/collections/c/shards/0/snapshot") as response:
        pieces = response.iter_raw(1024)
        next(pieces)
        server.process.send_signal(19)  # nothing more is sent from here on
        server.kill()
        received = b""
        with pytest.raises(httpx.HTTPError):
            for piece in pieces:
                received += piece
        assert not received.endswith(bytes(1024))
    server.start()
    assert server.scroll("c", limit=6000, with_vector=False) == before
    assert server.call("GET", "/collections/c/snapshots") == []


def test_a_kill_in_the_middle_of_an_upload(launch):
    server = launch()
    server.collection("c", points=300)
    points = server.scroll("c")
    archive = server.download("/collections/c/shards/0/snapshot")
    halfway = threading.Event()

    def slowly():
        yield b'--b\r\nContent-Disposition: form-data; name="snapshot"; filename="p"\r\n\r\n' + archive[: len(archive) // 2]
        halfway.set()
        time.sleep(0.2)
        server.process.kill()
        yield archive[len(archive) // 2 :]
        yield b"\r\n--b--\r\n"

    with pytest.raises(httpx.HTTPError):
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        httpx.post(f"{server.url}/collections/c/shards/0/snapshots/upload", content=slowly(), headers=kind, timeout=30)
    assert halfway.is_set()
    server.kill()
    server.start()
    assert server.scroll("c") == points
    assert not list((server.storage / "snapshots/tmp").iterdir())


def test_a_crash_between_two_renames_brings_the_old_shard_back(launch):
    server = launch()
    server.collection("c", points=5)
    server.stop()
    shard = server.storage / "collections/c/0"
    shard.rename(shard.with_name("0.old"))
    server.start()
    assert server.count("c") == 5
    assert not shard.with_name("0.old").exists()


def test_a_torn_record_at_the_journals_end_is_ignored(launch):
    server = launch()
    server.collection("c", points=5)
    server.kill()
    journal = server.storage / "collections/c/updates.journal"
    with open(journal, "ab") as file:
        file.write(b"\x40\0\0\0\1\2\3\4upsert\n{half")
    server.start()
    assert server.count("c") == 5
    server.call("PUT", "/collections/c/points", {"points": [{"id": 9, "vector": [1, 1]}]})
    server.kill()
    server.start()
    assert server.count("c") == 6


def test_a_folder_is_used_by_one_process_only(launch):
    server = launch()
    server.collection("c", points=1)
    command = [sys.executable, "-m", "qdrant_edge_server", "--storage", str(server.storage), "--port", "0"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=PROJECT)
    assert second.returncode == 1
    assert "used by another process" in second.stderr
    assert server.count("c") == 1
