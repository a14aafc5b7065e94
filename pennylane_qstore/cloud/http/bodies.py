"""Read the bodies of answers in pieces, decompressed, and no further than a bound."""

import zlib
from collections.abc import Iterator

import aiohttp

# Bytes of an answer that is no histogram; of a page of the list of jobs, whose metadata may be
# long; and of an error, whose first words say enough.
MOST_BYTES, MOST_OF_A_LIST, MOST_OF_AN_ERROR = 4_000_000, 16_000_000, 65_536
# Bytes of results at most, whatever was asked for: parsed, they take several times as much.
MOST_OF_RESULTS = 2_147_483_648
_PIECE = 65_536
# The compressions that are asked for; zlib tells gzip from zlib by itself.
ACCEPTED = "gzip, deflate"
_GZIP_OR_ZLIB, _RAW = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS


class TooLargeError(Exception):
    """A body that is longer than its bound."""


def most_of_results(circuits: int, qubits: int, shots: int | None) -> int:
    """Return the bytes that the probabilities of some circuits may take as JSON.

    Args:
        circuits: in the job
        qubits: of each circuit
        shots: of each circuit, or None where the backend is exact
    """
    outcomes = 1 << min(qubits, 40)
    if shots is not None:
        outcomes = min(outcomes, 8 * shots)  # debiasing adds up variants
    # A state as a number or as bits, a probability of 17 digits, and white space around them.
    return min(MOST_BYTES + circuits * (512 + outcomes * (64 + qubits)), MOST_OF_RESULTS)


async def read(response: aiohttp.ClientResponse, most: int, *, is_cut: bool = False) -> bytes:
    """Return the body of an answer.

    Args:
        response: whose session doesn't decompress by itself
        most: bytes
        is_cut: whether a longer one is cut off; else it is an error

    Raises:
        TooLargeError: it is longer
        ValueError: it isn't compressed as it says, or in a way that wasn't asked for
    """
    decoder = _Decoder(response.headers.get("Content-Encoding", ""))
    pieces: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(_PIECE):
        for piece in decoder.decoded(chunk):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                response.close()  # what is still on its way isn't waited for
                if is_cut:
                    return b"".join(pieces)[:most]
                raise TooLargeError
    return b"".join(pieces)


class _Decoder:
    """Decompresses a body, a bounded piece at a time."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise ValueError(f"compressed as {self._encoding[:40]!r}, which wasn't asked for")
        self._inflate = None if self._encoding in {"", "identity"} else self._new(_GZIP_OR_ZLIB)
        self._is_first = True

    @staticmethod
    def _new(bits: int) -> "zlib._Decompress":
        return zlib.decompressobj(bits)

    def decoded(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the bytes that a chunk stands for.

        Raises:
            ValueError: it is damaged
        """
        if self._inflate is None:
            yield chunk
            return
        try:
            is_full = False
            while chunk or is_full:
                piece = self._inflated(chunk)
                yield piece
                chunk, is_full = self._inflate.unconsumed_tail, len(piece) == _PIECE
                if self._inflate.eof:  # gzip may have several parts
                    chunk, is_full = self._inflate.unused_data, False
                    self._inflate = self._new(_GZIP_OR_ZLIB) if chunk else self._inflate
        except zlib.error as error:
            raise ValueError(f"damaged: {error}") from None

    def _inflated(self, chunk: bytes) -> bytes:
        assert self._inflate is not None
        try:
            piece = self._inflate.decompress(chunk, _PIECE)
        except zlib.error:
            if not self._is_first or self._encoding != "deflate":
                raise
            self._inflate = self._new(_RAW)  # some servers leave zlib's frame out
            piece = self._inflate.decompress(chunk, _PIECE)
        self._is_first = False
        return piece
