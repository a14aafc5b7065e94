"""Read IDX files, the format of MNIST and Fashion-MNIST."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.errors import QStoreError

_GZIP = b"\x1f\x8b"
# Bytes that are read at most: five times the pictures of Fashion-MNIST.
LARGEST = 1 << 28
_CHUNK = 1 << 20
_BYTES = 8  # the code of unsigned bytes, the only element type these data sets have


class DataError(QStoreError):
    """A data set that is missing or damaged."""


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read a file of unsigned bytes, compressed or plain.

    The format is the one that MNIST's page describes: two zero bytes, the element type, the number
    of dimensions, each size as four bytes, most significant first, and the elements row by row.

    Args:
        path: of the file; where it isn't there, the same name with ``.gz``
        dimensions: that it should have: 3 for images, 1 for labels

    Returns:
        the array, of the shape that the header gives

    Raises:
        DataError: there is no such file, it is damaged, or it is of another format
    """
    path, content = _content(path, dimensions)
    start = _header(dimensions)
    expected = bytes((0, 0, _BYTES, dimensions))
    if content[:4] != expected:
        raise DataError(
            f"{path} begins with {content[:4].hex(' ') or 'nothing'}, not {expected.hex(' ')}: "
            f"it is no IDX file of bytes in {dimensions} dimensions"
        )
    if len(content) < start:
        raise DataError(f"{path} ends within its header, after {len(content)} bytes")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if start + math.prod(shape) > LARGEST:
        raise DataError(
            f"{path} says it has {' x '.join(map(str, shape))} bytes; {LARGEST} are read at most"
        )
    if len(content) - start != math.prod(shape):
        more = " or more" if len(content) > _size(content, dimensions) else ""
        raise DataError(
            f"{path} says it has {' x '.join(map(str, shape))} bytes, and has "
            f"{len(content) - start}{more}: it is damaged, so get it anew"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _header(dimensions: int) -> int:
    """Return the size of a header in bytes."""
    return 4 + 4 * dimensions


def _size(header: bytes, dimensions: int) -> int:
    """Return the size of the file that a header describes, at most the largest that is read."""
    shape = struct.unpack_from(f">{dimensions}I", header, 4)
    return min(_header(dimensions) + math.prod(shape), LARGEST)


def _content(path: Path, dimensions: int) -> tuple[Path, bytes]:
    """Return the file's path, and its content, which is read as far as its header says."""
    compressed = path.with_name(f"{path.name}.gz")
    path = path if path.exists() or not compressed.exists() else compressed
    try:
        with path.open("rb") as plain:
            file = gzip.GzipFile(fileobj=plain) if plain.peek(2)[:2] == _GZIP else plain
            header = file.read(_header(dimensions))
            if len(header) < _header(dimensions):
                return path, header
            # A byte more than there should be, which tells that there are more.
            left, chunks = _size(header, dimensions) - len(header) + 1, [header]
            while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                chunks.append(chunk)
                left -= len(chunk)
            return path, b"".join(chunks)
    except FileNotFoundError:
        raise DataError(f"there is no {path}, nor {compressed.name}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} can't be read: {error}") from error
