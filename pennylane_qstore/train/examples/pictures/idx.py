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
    path, content = _content(path)
    start = 4 + 4 * dimensions
    expected = bytes((0, 0, _BYTES, dimensions))
    if content[:4] != expected:
        raise DataError(
            f"{path} begins with {content[:4].hex(' ') or 'nothing'}, not {expected.hex(' ')}: "
            f"it is no IDX file of bytes in {dimensions} dimensions"
        )
    if len(content) < start:
        raise DataError(f"{path} ends within its header, after {len(content)} bytes")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise DataError(
            f"{path} says it has {' x '.join(map(str, shape))} bytes, and has "
            f"{len(content) - start}: it is damaged, so get it anew"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> tuple[Path, bytes]:
    compressed = path.with_name(f"{path.name}.gz")
    path = path if path.exists() or not compressed.exists() else compressed
    try:
        content = path.read_bytes()
        return path, gzip.decompress(content) if content.startswith(_GZIP) else content
    except FileNotFoundError:
        raise DataError(f"there is no {path}, nor {compressed.name}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} can't be read: {error}") from error
