"""Every way in which texts are packed, and every way in which a package can be damaged."""

from __future__ import annotations

import bz2
import gzip
import tarfile
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.archive.texts import is_archive_name, leaves
from tap_twitter_stream.errors import CaptureFailedError, DamagedArchiveError
from tests.archive.runs import PACKERS, tar, zipped, zstd

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"".join(b'{"line":%d,"made":"up %d"}\n' % (n, n * n) for n in range(40_000))
PACKED = {**PACKERS, "zstd": zstd}


def read(path: Path) -> tuple[dict[str, bytes], str]:
    """Return the texts of a file, as far as they can be read, and what is wrong with it."""
    found: dict[str, bytes] = {}
    try:
        for leaf in leaves(path):
            found[leaf.name] = b""
            while data := leaf.source.read():
                found[leaf.name] += data
    except DamagedArchiveError as error:
        return found, str(error)
    return found, ""


def made(folder: Path, data: bytes) -> Path:
    path = folder / "any-name"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pack", sorted(PACKED))
def test_compression_is_told_by_the_bytes(tmp_path: Path, pack: str) -> None:
    assert read(made(tmp_path, PACKED[pack](TEXT))) == ({"": TEXT}, "")


@pytest.mark.parametrize("pack", sorted(PACKED))
def test_files_put_one_behind_the_other_are_read_through(tmp_path: Path, pack: str) -> None:
    data = b"".join(PACKED[pack](TEXT[at : at + 400_000]) for at in range(0, len(TEXT), 400_000))
    padding = b"" if pack == "plain" else b"\0" * 1000
    assert read(made(tmp_path, data + padding)) == ({"": TEXT}, "")


@pytest.mark.parametrize("pack", sorted(PACKED))
def test_a_tar_of_files_that_are_packed_themselves(tmp_path: Path, pack: str) -> None:
    members = {f"2021/01/{n:02d}.json.bz2": PACKED[pack](TEXT[n : n + 5000]) for n in range(5)}
    found, wrong = read(made(tmp_path, PACKED[pack](tar({**members, "a/README": b"x"}))))
    assert found == {f"2021/01/{n:02d}.json.bz2": TEXT[n : n + 5000] for n in range(5)}
    assert not wrong


@pytest.mark.parametrize("how", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_each_format_of_tar_has_its_long_names_and_times(tmp_path: Path, how: int) -> None:
    name = "/".join(["a-folder-with-a-long-name"] * 6) + "/naïve-ünïcode.json"
    path = made(tmp_path, tar({name: b"{}\n", "b.json": b"1\n"}, 1_600_000_000, how))
    assert [(one.name, one.modified_us) for one in leaves(path)] == [
        (name, 1_600_000_000_000_000),
        ("b.json", 1_600_000_000_000_000),
    ]


def test_a_name_longer_than_any_header_holds(tmp_path: Path) -> None:
    name = "x" * 400 + ".json"
    for how in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert read(made(tmp_path, tar({name: b"1\n"}, how=how))) == ({name: b"1\n"}, "")


def test_tars_one_behind_the_other_are_read_through(tmp_path: Path) -> None:
    path = made(tmp_path, tar({"a.json": b"1"}) + tar({}) + tar({"b.json": b"2"}))
    assert read(path) == ({"a.json": b"1", "b.json": b"2"}, "")


def test_a_tar_of_tars(tmp_path: Path) -> None:
    days = {f"{day}.tar": tar({"00.json.gz": gzip.compress(b"%d" % day)}) for day in (1, 2)}
    found, wrong = read(made(tmp_path, gzip.compress(tar(days))))
    assert found == {"1.tar!00.json.gz": b"1", "2.tar!00.json.gz": b"2"}
    assert not wrong


def test_a_zip_of_packed_files(tmp_path: Path) -> None:
    path = made(tmp_path, zipped({"1.json.bz2": bz2.compress(TEXT), "x.txt": b"", "2.json": b"2"}))
    assert read(path) == ({"1.json.bz2": TEXT, "2.json": b"2"}, "")
    assert {one.modified_us for one in leaves(path)} == {1_609_556_646_000_000}


@pytest.mark.parametrize("pack", ["gzip", "bz2", "xz", "zstd"])
def test_what_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path, pack: str) -> None:
    whole = PACKED[pack](TEXT[:600_000]) + PACKED[pack](TEXT[600_000:])
    found, wrong = read(made(tmp_path, whole[:-50]))
    assert TEXT.startswith(found[""])
    assert len(found[""]) >= 600_000
    assert wrong == f"the {pack} data end too early"


@pytest.mark.parametrize("pack", ["gzip", "bz2", "xz", "zstd"])
def test_what_is_corrupt_is_read_up_to_there(tmp_path: Path, pack: str) -> None:
    first = PACKED[pack](TEXT[:600_000])
    second = bytearray(PACKED[pack](TEXT[600_000:]))
    second[len(second) // 2] ^= 0xFF
    second[len(second) // 2 + 1] ^= 0xFF
    found, wrong = read(made(tmp_path, first + bytes(second)))
    assert found[""][:500_000] == TEXT[:500_000]
    assert wrong.startswith(f"the {pack} data are corrupt")


@pytest.mark.parametrize("pack", ["gzip", "bz2", "xz", "zstd"])
def test_what_follows_and_is_none_of_it_is_told(tmp_path: Path, pack: str) -> None:
    found, wrong = read(made(tmp_path, PACKED[pack](TEXT) + b"garbage"))
    assert found == {"": TEXT}
    assert wrong == f"what follows the {pack} data is none"


def test_a_damaged_member_does_not_take_the_next_one_with_it(tmp_path: Path) -> None:
    data = gzip.compress(TEXT)
    path = made(
        tmp_path, tar({"1.json": data[:-9], "2.json": data[: len(data) // 2], "3.json": data})
    )
    for leaf in leaves(path):
        if leaf.name == "3.json":
            assert leaf.source.exactly(len(TEXT) + 1) == TEXT
        else:
            with pytest.raises(DamagedArchiveError, match="the gzip data end too early"):
                leaf.source.exactly(len(TEXT) + 1)
    assert leaf.name == "3.json"


def test_a_tar_that_is_cut_off_says_so(tmp_path: Path) -> None:
    data = tar({"1.json": TEXT[:5000], "2.json": TEXT[:5000]})
    for size, found_bytes, wrong in (
        (6000, 5000, "the tar ends without its end mark"),
        (7000, 5000 + 7000 - 2 * 512 - 5120, "the archive ends inside this file"),
        (512 * 22 + 200, 10_000, "the tar ends without its end mark"),
    ):
        found, said = read(made(tmp_path, data[:size]))
        assert sum(map(len, found.values())) == found_bytes
        assert said == wrong


def test_a_broken_header_in_the_middle_is_no_end(tmp_path: Path) -> None:
    data = bytearray(tar({"1.json": b"1", "2.json": b"2"}))
    data[1024 + 10] ^= 1
    assert read(made(tmp_path, bytes(data))) == ({"1.json": b"1"}, "a header of the tar is broken")


def test_a_zip_without_its_directory_says_so(tmp_path: Path) -> None:
    found, wrong = read(made(tmp_path, zipped({"1.json": TEXT})[:-30]))
    assert found == {}
    assert wrong.startswith("the zip has no directory")


def test_a_corrupt_entry_of_a_zip_says_so(tmp_path: Path) -> None:
    data = bytearray(zipped({"1.json": TEXT}))
    data[len(data) // 2] ^= 0xFF
    _, wrong = read(made(tmp_path, bytes(data)))
    assert wrong.startswith("an entry of the zip cannot be read")


def test_a_zip_inside_a_tar_is_told_of(tmp_path: Path) -> None:
    _, wrong = read(made(tmp_path, tar({"1.zip": zipped({"a.json": b"1"})})))
    assert wrong == "a zip inside another archive is not read: unpack the outer one"


def test_packages_in_packages_end_somewhere(tmp_path: Path) -> None:
    data = b"1"
    for _ in range(12):
        data = gzip.compress(data)
    _, wrong = read(made(tmp_path, data))
    assert wrong == "archives lie in each other more than 8 deep"


def test_zstd_without_a_decoder_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("compression.zstd", "zstandard"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(CaptureFailedError, match=r"tap-twitter-stream\[archive\]"):
        read(made(tmp_path, zstd(b"1")))


def test_a_bomb_is_unpacked_piece_by_piece(tmp_path: Path) -> None:
    (leaf,) = leaves(made(tmp_path, zstd(b"\n" * 50_000_000)))
    sizes = []
    while data := leaf.source.read():
        sizes.append(len(data))
    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 256 * 1024


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        *(("00/05.json.bz2", True), ("a.jsonl", True), ("A.JSON.GZ", True), ("x.tar", True)),
        *(("x.ndjson.zst", True), ("day.tgz", True), ("README.md", False), ("x.xml", False)),
        *(("._05.json", False), (".cache/1.json", False), ("__MACOSX/1.json", False)),
        *(("./05.json", True), ("x.torrent", False), ("x.json.md5", False)),
    ],
)
def test_what_lies_beside_posts_is_left_alone(name: str, is_read: bool) -> None:  # noqa: FBT001 - a case
    assert is_archive_name(name) is is_read
