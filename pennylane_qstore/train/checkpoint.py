"""Checkpoints: a training's state in one file, without pickle, and never half written.

The file is NumPy's ``npz``: the arrays, and one member of JSON with the structure that holds them.
It is written under another name, flushed to the disk, and renamed, so that a process that is killed
leaves the old file or the new one. Only its owner can read it.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from pennylane_qstore.errors import QStoreError

_FORMAT = 1
_TREE = "tree"
# What reading a file raises that is damaged, or isn't a checkpoint.
_DAMAGE = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, StopIteration,
    ArithmeticError, MemoryError, RecursionError, NotImplementedError, RuntimeError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_PLAIN = (str, bool, int, float, type(None))
_GENERATORS: Mapping[str, type[np.random.BitGenerator]] = {
    name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
}


class CheckpointError(QStoreError):
    """A checkpoint that can't be written or read, or that belongs to another training."""


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state, whole or not at all.

    Args:
        path: of the file, which is replaced if it exists; only its owner can read it
        state: numbers, texts, arrays, NumPy's random generators, and lists, tuples, sets and
            dictionaries of them

    Raises:
        CheckpointError: a value can't be kept, or the file can't be written
    """
    arrays: list[Any] = []
    try:
        tree = {"format": _FORMAT, "state": _to_tree(dict(state), arrays, "state")}
        text = json.dumps(tree)
    except (RecursionError, ValueError) as error:
        raise CheckpointError(f"{path} can't keep the state: {error}") from error
    members = {f"array{index}": array for index, array in enumerate(arrays)}
    members[_TREE] = np.frombuffer(text.encode(), np.uint8)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        beside.unlink(missing_ok=True)
        with open(beside, "wb", opener=_for_its_owner) as file:
            np.savez(file, **members)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} can't be written: {error}") from error
    finally:
        with suppress(OSError, ValueError):  # also after a Ctrl-C
            beside.unlink(missing_ok=True)


def load(path: Path) -> dict[str, Any]:
    """Read a state that ``save`` wrote.

    Args:
        path: of the file

    Returns:
        the state

    Raises:
        CheckpointError: the file is missing, damaged, or of another version
    """
    with reading(path):
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            # Members are stored as they are, so a file can't fill more memory than it has bytes.
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > path.stat().st_size:
            raise CheckpointError(f"{path} is no checkpoint: it unpacks to {unpacked} bytes")
        with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
            tree = json.loads(members[_TREE].tobytes())
            if tree["format"] != _FORMAT:
                raise CheckpointError(
                    f"{path} is of format {tree['format']}, this version reads {_FORMAT}"
                )
            return dict(_from_tree(tree["state"], members))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise what goes wrong while a checkpoint is read, or its state used, as one kind of error.

    Args:
        path: of the checkpoint, for the message

    Yields:
        nothing

    Raises:
        CheckpointError: the file is missing or damaged, or its state isn't what the block expects
    """
    try:
        yield
    except QStoreError:
        raise
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except _DAMAGE as error:
        kind = type(error).__name__
        raise CheckpointError(
            f"{path} is no checkpoint, or a damaged one: {kind} {error}"
        ) from error


def attributes(holder: Any) -> dict[str, Any]:
    """Return an optimizer's state: its attributes without functions, which are configuration."""
    return {name: value for name, value in vars(holder).items() if not callable(value)}


def restore_attributes(holder: Any, state: Mapping[str, Any]) -> None:
    """Set the state of an optimizer that was made with the same arguments."""
    for name, value in state.items():
        setattr(holder, name, value)


def _for_its_owner(path: str, flags: int) -> int:
    """Return the number of a new file that its owner alone can read."""
    return os.open(path, flags | os.O_EXCL, 0o600)


def _to_tree(value: Any, arrays: list[Any], place: str) -> Any:
    """Return a value as JSON: what JSON doesn't have is a dictionary with the name of its kind."""

    def inner(each: Any, name: object) -> Any:
        return _to_tree(each, arrays, f"{place}[{name!r}]")

    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.hasobject:
            raise CheckpointError(f"{place} is an array of objects, which a checkpoint can't keep")
        arrays.append(np.asarray(value))
        trained = getattr(value, "requires_grad", None)
        kept = {"trained": None if trained is None else bool(trained)}
        return {"array": len(arrays) - 1, **kept, "scalar": isinstance(value, np.generic)}
    if isinstance(value, _PLAIN):
        return value
    if type(value) in (list, tuple, set, frozenset):
        kind = type(value).__name__
        return {kind: [inner(each, index) for index, each in enumerate(value)]}
    if type(value) is dict:
        return {"dict": [[inner(key, "key"), inner(each, key)] for key, each in value.items()]}
    if isinstance(value, np.random.Generator):
        return {"generator": inner(value.bit_generator.state, "state")}
    if isinstance(value, np.random.RandomState):
        return {"random_state": inner(value.get_state(legacy=False), "state")}
    raise CheckpointError(f"{place} is of type {type(value).__name__}: a checkpoint can't keep it")


def _from_tree(tree: Any, members: Any) -> Any:
    if isinstance(tree, _PLAIN):
        return tree
    kind, content = next(iter(tree.items()))
    if kind == "array":
        return _array(members[f"array{content}"], tree["trained"], scalar=tree["scalar"])
    if kind == "dict":
        return {_from_tree(key, members): _from_tree(each, members) for key, each in content}
    if kind == "generator":
        state = _from_tree(content, members)
        bits = _GENERATORS[state["bit_generator"]]()
        bits.state = state
        return np.random.Generator(bits)
    if kind == "random_state":
        random = np.random.RandomState()
        random.set_state(_from_tree(content, members))
        return random
    kinds = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
    return kinds[kind](_from_tree(each, members) for each in content)


def _array(array: Any, trained: bool | None, *, scalar: bool) -> Any:
    if trained is not None:
        import pennylane as qml  # noqa: PLC0415  the command line reads options without it

        return qml.numpy.tensor(array, requires_grad=trained)
    return array[()] if scalar else array


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a loss of power, where folders can be flushed."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
