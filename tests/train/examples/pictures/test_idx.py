"""IDX files are read as their format says, and refused where they aren't what they say."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from pennylane_qstore.train.examples.pictures.idx import DataError, read_idx


def written(path, array, magic=None):
    """An array as an IDX file."""
    magic = bytes((0, 0, 8, array.ndim)) if magic is None else magic
    path.write_bytes(magic + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())
    return path


@pytest.fixture
def images():
    """Three pictures of 2x4 pixels."""
    return np.arange(24, dtype=np.uint8).reshape(3, 2, 4)


def test_plain_and_compressed(tmp_path, images):
    """Both forms give the array; the name without .gz finds the compressed file."""
    path = written(tmp_path / "images", images)
    assert np.array_equal(read_idx(path, 3), images)
    (tmp_path / "images.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert np.array_equal(read_idx(tmp_path / "images.gz", 3), images)
    path.unlink()
    assert np.array_equal(read_idx(path, 3), images)


def test_no_file(tmp_path):
    """The error names both files that were looked for."""
    with pytest.raises(DataError, match=r"there is no .*labels, nor labels\.gz"):
        read_idx(tmp_path / "labels", 1)


@pytest.mark.parametrize(
    ("magic", "said"),
    [
        (b"\0\0\x0d\x03", "begins with 00 00 0d 03, not 00 00 08 03"),
        (b"\0\0\x08\x01", "no IDX file of bytes in 3 dimensions"),
        (b"\x89PNG", "begins with 89 50 4e 47"),
    ],
)
def test_another_magic_number(tmp_path, images, magic, said):
    """A file of another kind, element type or number of dimensions is refused."""
    with pytest.raises(DataError, match=said):
        read_idx(written(tmp_path / "images", images, magic), 3)


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        (0, "begins with nothing"),
        (9, "ends within its header"),
        (30, "3 x 2 x 4 bytes, and has 14"),
    ],
)
def test_a_file_that_was_cut(tmp_path, images, keep, said):
    """Sizes are checked against what is there."""
    path = written(tmp_path / "images", images)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=said):
        read_idx(path, 3)


def test_bytes_too_many_and_damaged_compression(tmp_path, images):
    """Neither is read."""
    path = written(tmp_path / "images", images)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DataError, match="has 25"):
        read_idx(path, 3)
    path.write_bytes(gzip.compress(b"x" * 99)[:-12])
    with pytest.raises(DataError, match="can't be read"):
        read_idx(path, 3)


def peak_of(path):
    """Bytes of memory that reading a file takes at most, and what it says."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as told:
            read_idx(path, 1)
        return tracemalloc.get_traced_memory()[1], str(told.value)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (struct.pack(">BBBBI", 0, 0, 8, 1, 100), "has 101 or more"),
        (struct.pack(">BBBBI", 0, 0, 13, 1, 100), "begins with 00 00 0d 01"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 2**32 - 1), "268435456 are read at most"),
        (b"", "begins with 00 00 00 00"),
    ],
)
def test_what_expands_beyond_its_header_is_not_read(tmp_path, header, said):
    """A small file of a lot of zeros takes no more memory than its header says."""
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(header + bytes(50_000_000), 1))
    if "268435456" in said:
        path.write_bytes(gzip.compress(header + bytes(1000), 1))
    memory, told = peak_of(path)
    assert said in told
    assert str(path) in told
    assert memory < 2_000_000


def test_a_damaged_checksum_is_refused(tmp_path, images):
    """Also where all bytes are there."""
    path = written(tmp_path / "images", images)
    packed = bytearray(gzip.compress(path.read_bytes()))
    packed[-8] ^= 1
    path.write_bytes(bytes(packed))
    with pytest.raises(DataError, match="can't be read: CRC"):
        read_idx(path, 3)
