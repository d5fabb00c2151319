"""The archives' writer and reader: GNU tar and Python read what is written, and what is wrong is refused."""

import io
import os
import random
import subprocess
import tarfile

import pytest

from qdrant_edge_server.tar_reader import ArchiveError, TarReader
from qdrant_edge_server.tar_writer import Bytes, File, Folder, Holes, Nested, archive_size, write_archive

LONG = "segments/" + "x" * 90 + "/files/" + "ü" * 60 + ".dat"


def sparse_file(path, extents, size):
    with open(path, "wb") as file:
        for offset, content in extents:
            file.seek(offset)
            file.write(content)
        file.truncate(size)
    return path


def members(folder):
    """Plain, empty, long-named, sparse with few and many ranges, all hole, nested."""
    dice = random.Random(5)
    plain = folder / "plain"
    plain.write_bytes(dice.randbytes(3000))
    few = sparse_file(folder / "few", [(0, b"a" * 4096), (1 << 20, b"b" * 5000)], 4 << 20)
    many = sparse_file(folder / "many", [(n * 65536, dice.randbytes(4096)) for n in range(60)], 60 * 65536 - 10)
    hole = sparse_file(folder / "hole", [], 33554424)
    inner = [File("snapshot/files/few", few), Bytes("snapshot/version.info", b"0.6.0")]
    return [
        File("plain", plain),
        Bytes("empty", b""),
        Bytes(LONG, b"long"),
        File("few", few),
        File("many", many),
        File("hole", hole),
        Folder("wal"),
        Holes("wal/closed-7", b"wal\0abcd", 1 << 20),
        Nested("segments/s.tar", inner),
    ], {"plain": plain, "few": few, "many": many, "hole": hole}


def test_the_size_is_known_beforehand(tmp_path):
    made, _ = members(tmp_path)
    archive = b"".join(write_archive(made))
    assert len(archive) == archive_size(made)
    assert len(archive) % 512 == 0
    assert len(archive) < 500_000, "holes must not be written"


def test_gnu_tar_restores_every_file_with_its_holes(tmp_path):
    made, files = members(tmp_path)
    (tmp_path / "a.tar").write_bytes(b"".join(write_archive(made)))
    target = tmp_path / "out"
    target.mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "a.tar", "-C", target], check=True)
    for name, path in files.items():
        assert (target / name).read_bytes() == path.read_bytes()
    assert (target / LONG).read_bytes() == b"long"
    assert (target / "wal/closed-7").stat().st_size == 1 << 20
    assert os.stat(target / "hole").st_blocks < 64
    listed = subprocess.run(["tar", "-tf", target / "segments/s.tar"], check=True, capture_output=True, text=True)
    assert listed.stdout.split() == ["snapshot/files/few", "snapshot/version.info"]


def test_python_reads_sparse_members(tmp_path):
    made, files = members(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(write_archive(made)))) as archive:
        kinds = {member.name: member.type for member in archive}
        assert kinds["few"] == kinds["many"] == kinds["hole"] == kinds["wal/closed-7"] == tarfile.GNUTYPE_SPARSE
        assert kinds["plain"] == tarfile.REGTYPE and kinds["wal"] == tarfile.DIRTYPE
        for name, path in files.items():
            assert archive.extractfile(name).read() == path.read_bytes()


def test_headers_are_old_gnu(tmp_path):
    made, _ = members(tmp_path)
    archive = b"".join(write_archive(made))
    assert archive[257:265] == b"ustar  \0"
    at = archive.index(b"many\0")
    assert archive[at + 156 : at + 157] == b"S"
    assert archive[at + 482] == 1, "more than four ranges go on in extension blocks"
    assert int(archive[at + 483 : at + 494], 8) == 60 * 65536 - 10


def read(archive):
    found = {}
    for entry in TarReader(io.BytesIO(archive)):
        found[entry.name] = b"" if entry.is_folder else entry.content(1 << 26)
    return found


def test_the_reader_reads_what_the_writer_wrote(tmp_path):
    made, files = members(tmp_path)
    found = read(b"".join(write_archive(made)))
    for name, path in files.items():
        assert found[name] == path.read_bytes()
    assert found[LONG] == b"long" and found["empty"] == b""


@pytest.mark.parametrize("form", ["gnu", "sparse"])
def test_the_reader_reads_what_gnu_tar_wrote(tmp_path, form):
    _, files = members(tmp_path)
    options = ["--sparse"] if form == "sparse" else []
    command = ["tar", "--format=oldgnu", *options, "-cf", "-", "-C", tmp_path, *files]
    found = read(subprocess.run(command, check=True, capture_output=True).stdout)
    assert found == {name: path.read_bytes() for name, path in files.items()}


def test_a_member_may_stay_unread(tmp_path):
    made, _ = members(tmp_path)
    names = [entry.name for entry in TarReader(io.BytesIO(b"".join(write_archive(made))))]
    assert names == [member.name.rstrip("/") for member in made]


def test_sizes_above_8_gib_are_base_256(tmp_path):
    size = 20 << 30
    head = b"".join(write_archive([File("big", sparse_file(tmp_path / "big", [(size - 4096, b"z" * 4096)], size))]))
    assert head[483] == 0x80 and int.from_bytes(head[484:495], "big") == size
    entry = next(iter(TarReader(io.BytesIO(head))))
    assert (entry.real_size, entry.ranges) == (size, [(size - 4096, 4096)])


def test_an_archive_that_ends_anywhere_is_refused(tmp_path):
    made, _ = members(tmp_path)
    archive = b"".join(write_archive(made))
    dice = random.Random(11)
    ends = {dice.randrange(len(archive)) for _ in range(150)}
    ends |= {0, 1, 511, 512, len(archive) - 1, len(archive) - 512, len(archive) - 1024}
    for end in ends:
        with pytest.raises(ArchiveError, match="cut off"):
            read(archive[:end])


def hostile(kind, name="evil", link=""):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        archive.addfile(member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"x", b"g", b"K"]
)
def test_links_devices_and_unknown_kinds_are_refused(kind):
    with pytest.raises(ArchiveError, match="not allowed"):
        read(hostile(kind, link="/etc/passwd"))


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "a//b"])
def test_names_that_leave_the_folder_are_refused(name):
    with pytest.raises(ArchiveError, match="an entry with the name"):
        read(hostile(tarfile.REGTYPE, name))


def test_a_flipped_bit_in_a_header_is_noticed(tmp_path):
    made, _ = members(tmp_path)
    archive = bytearray(b"".join(write_archive(made)))
    for at in (3, 130, 140, 200, 260, 300):
        archive[at] ^= 4
        with pytest.raises(ArchiveError):
            read(bytes(archive))
        archive[at] ^= 4


@pytest.mark.parametrize(
    "raw",
    [b"x" * 2048, b"<html>not a snapshot</html>".ljust(1024), random.Random(3).randbytes(4096)],
    ids=["text", "html", "noise"],
)
def test_what_is_no_archive_is_refused(raw):
    with pytest.raises(ArchiveError):
        read(raw)
