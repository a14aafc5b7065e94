"""A training's state to one file and back: no pickle, and never half a file.

The file is NumPy's ``npz``: the arrays, and one member of JSON that says how they hang together.
It is written beside its name, flushed to the disk, and renamed, so that a process that is killed
leaves the one before or the new one.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pennylane_qstore.errors import QStoreError

_FORMAT = 1
_TREE = "tree"
# What reading a file that isn't a checkpoint, or is half of one, ends in.
_DAMAGE = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, StopIteration,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_PLAIN = (str, bool, int, float, type(None))
_GENERATORS: Mapping[str, type[np.random.BitGenerator]] = {
    name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
}


class CheckpointError(QStoreError):
    """A checkpoint that can't be written, can't be read, or is another training's."""


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Writes a state, whole or not at all.

    Args:
        path: of the file; what was there is replaced
        state: numbers, texts, arrays, NumPy's random generators, and lists, tuples, sets and
            dictionaries of them

    Raises:
        CheckpointError: something in it can't be kept, or the file can't be written
    """
    arrays: list[Any] = []
    tree = {"format": _FORMAT, "state": _to_tree(dict(state), arrays, "state")}
    members = {f"array{index}": array for index, array in enumerate(arrays)}
    members[_TREE] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, **members)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CheckpointError(f"{path} can't be written: {error}") from error


def load(path: Path) -> dict[str, Any]:
    """Reads a state that ``save`` wrote.

    Args:
        path: of the file

    Raises:
        CheckpointError: it isn't there, is damaged, or another version's
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
            tree = json.loads(members[_TREE].tobytes())
            if tree["format"] != _FORMAT:
                raise CheckpointError(
                    f"{path} is of format {tree['format']}, this version reads {_FORMAT}"
                )
            state: dict[str, Any] = _from_tree(tree["state"], members)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except _DAMAGE as error:
        raise CheckpointError(f"{path} is no checkpoint, or a damaged one: {error}") from error
    return state


def attributes(holder: Any) -> dict[str, Any]:
    """What an optimizer remembers: its attributes, but for functions, which are configuration."""
    return {name: value for name, value in vars(holder).items() if not callable(value)}


def restore_attributes(holder: Any, state: Mapping[str, Any]) -> None:
    """Gives an optimizer, made with the same arguments, what another one remembered."""
    for name, value in state.items():
        setattr(holder, name, value)


def _to_tree(value: Any, arrays: list[Any], place: str) -> Any:
    """A value as JSON: what JSON doesn't have is a dictionary with the name of its kind."""

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
    """Makes the new name survive a loss of power, where folders can be flushed."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
