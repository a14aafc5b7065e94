"""The cache key of a tape: all that decides what is compiled, without the angles.

Equal keys must mean equal circuits up to angles, so a key is made of values only: nothing is
rounded, cut short or printed. A tape with a value that can't be compared is compiled each time.
"""

import functools
import weakref
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pennylane as qml
from pennylane.measurements import (
    CountsMP,
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
    SampleMP,
    VarianceMP,
)
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from pennylane_qstore.compiler.operators.angles import CONTROLLED_CLASSES, is_parametric
from pennylane_qstore.compiler.templates.plain_gates import (
    are_numbers,
    plain_token,
    reader,
    token_of,
)
from pennylane_qstore.tensors import infer_backend, to_numpy

_PACKAGES = {"pennylane", "pennylane_ionq", "pennylane_qstore"}
_MEASUREMENTS = (ExpectationMP, VarianceMP, ProbabilityMP, CountsMP, SampleMP)


class UncacheableError(Exception):
    """A tape with something in it that no key can hold."""


class Key(NamedTuple):
    """The key of a tape's structure.

    Attributes:
        operations: a token each, which tells of a batch too
        measurements: a token each
        shots: of the tape
    """

    operations: tuple[Hashable, ...]
    measurements: tuple[Hashable, ...]
    shots: Hashable

    @property
    def has_values(self) -> bool:
        """Whether an operation's values are in it, so that it may well be one of a kind."""
        return not all(isinstance(token, int) for token in self.operations)


class Read(NamedTuple):
    """The structure key and the angles read off a tape.

    Attributes:
        key: of its structure
        values: all its angles in order, where they have been read and are single numbers
    """

    key: Key
    values: list[Any] | None


def structure(tape: QuantumScript) -> Read:
    """Read a tape's structure.

    Returns:
        the key, and the angles where they are single numbers

    Raises:
        UncacheableError: the tape has something that can't be compared by value
    """
    tokens, values = _of_operations(tape.operations)
    measurements = tuple([_of_measurement(measurement) for measurement in tape.measurements])
    return Read(Key(tokens, measurements, tape.shots.shot_vector), values)


def _of_operations(
    operations: Sequence[Operator],
) -> tuple[tuple[Hashable, ...], list[Any] | None]:
    """Return the tokens of operations, and their angles where these are single numbers."""
    reads = reader(tuple(map(type, operations)))
    values = reads.values(operations)
    exact = are_numbers(values)
    tokens: Sequence[int | None] = reads.tokens(operations)
    if not exact and any(map(np.ndim, values)):
        tokens = list(tokens)
        for place in reads.are_batches(operations):
            shapes = tuple(map(np.shape, operations[place].data))
            tokens[place] = token_of((tokens[place], shapes))
        exact = False
    if not reads.others:
        return tuple(tokens), values if exact else None
    every = [
        _of_operation(op) if token is None else token
        for op, token in zip(operations, tokens, strict=True)
    ]
    return tuple(every), None


def _of_operation(op: Operator) -> Hashable:
    """Return an operation's token.

    One that holds no values may be remembered, since tapes share operations. Values may be changed
    in place, so that they are read each time.
    """
    cached = _tokens.get(id(op))
    if cached is not None:
        return cached
    plain = plain_token(op)
    if plain is not None:
        return plain
    if is_parametric(op):
        return _remembered(op, token_of(_without_angles(op)))
    if isinstance(op, qml.ops.MidMeasure):
        raise UncacheableError("a mid-circuit measurement, which is one of a kind")
    if op.batch_size is not None:
        raise UncacheableError("a batch of values that are no angles")
    return _of_value(op)


def _without_angles(op: Operator) -> Hashable:
    if isinstance(op, qml.ops.Adjoint):
        return (type(op), _without_angles(op.base))
    # A controlled rotation's base repeats its angle.
    rest = {key: value for key, value in op.hyperparameters.items() if key != "base"}
    shapes = tuple([np.shape(value) for value in op.data])
    base = _without_angles(op.base) if type(op) in CONTROLLED_CLASSES else None
    return (type(op), op.wires.labels, shapes, _frozen(rest), base)


def _of_measurement(measurement: MeasurementProcess) -> Hashable:
    cached = _tokens.get(id(measurement))
    if cached is not None:
        return cached
    if type(measurement) not in _MEASUREMENTS:
        raise UncacheableError(f"a measurement of {type(measurement)}, whose fields are unknown")
    if measurement.mv is not None:
        raise UncacheableError("a mid-circuit measurement")
    obs = measurement.obs
    own = None if obs is None else _of_observable(obs)
    token = (
        type(measurement),
        own,
        (measurement.wires.labels, _frozen(measurement.eigvals())) if obs is None else None,
        getattr(measurement, "all_outcomes", None),
        repr(measurement.numeric_type) if isinstance(measurement, SampleMP) else None,
    )
    has_values = own is not None and not isinstance(own, int)
    return token if has_values else _remembered(measurement, token_of(token))


def _of_observable(obs: Operator) -> Hashable:
    """Return an observable's token, a number where it holds no values.

    That of a sum or a product is made of its terms' or factors'.
    """
    cached = _tokens.get(id(obs))
    if cached is not None:
        return cached
    if type(obs) is qml.ops.SProd:
        return (qml.ops.SProd, _frozen(obs.scalar), _of_observable(obs.base))
    if not isinstance(obs, qml.ops.CompositeOp):
        plain = None if obs.data else plain_token(obs)
        return _of_value(obs) if plain is None else plain
    operands: Sequence[Operator] = obs.operands
    reads = reader(tuple(map(type, operands)))
    if reads.others or reads.values(operands):
        tokens: tuple[Hashable, ...] = tuple(map(_of_observable, operands))
    else:
        tokens = reads.tokens(operands)
    own = (type(obs), *tokens)
    return token_of(own) if all(isinstance(token, int) for token in tokens) else own


def _of_value(op: Operator) -> Hashable:
    token = _frozen(op)
    return token if op.data else _remembered(op, token_of(token))


class _WeakToken(weakref.ref[Any]):
    """An object that holds no values, while it is alive.

    Attributes:
        identity: of the object
    """

    __slots__ = ("identity",)
    identity: int


# By identity: a copy of an operation is another object, and may act on other wires. An entry goes
# when its object does, before another one can have the same identity.
_tokens: dict[int, int] = {}
_alive: dict[int, _WeakToken] = {}


def _remembered(what: Any, token: int) -> int:
    cached = _WeakToken(what, _forget)
    cached.identity = id(what)
    _tokens[cached.identity], _alive[cached.identity] = token, cached
    return token


def _forget(cached: _WeakToken) -> None:
    _tokens.pop(cached.identity, None)
    _alive.pop(cached.identity, None)


@functools.singledispatch
def _frozen(value: Any) -> Hashable:
    """Return a value in a form that hashes and compares by value."""
    if infer_backend(value) in {"torch", "jax"}:
        return _frozen(to_numpy(value))
    raise UncacheableError(f"a value of {type(value)}")


@_frozen.register(str | bytes | int | float | complex | bool | None | np.generic)
def _(value: Any) -> Hashable:
    return (type(value), value)


@_frozen.register(type | qml.wires.Wires)
def _(value: Any) -> Hashable:
    return value


@_frozen.register
def _(value: np.ndarray) -> Hashable:
    if value.dtype == object:
        raise UncacheableError("an array of objects")
    return (value.shape, value.dtype.str, value.tobytes())


@_frozen.register
def _(value: Operator) -> Hashable:
    # Of a class from elsewhere nobody knows what else it keeps to itself.
    if type(value).__module__.split(".")[0] not in _PACKAGES:
        raise UncacheableError(f"an operation of {type(value)}")
    return (type(value), value.wires.labels, _frozen(value.data), _frozen(value.hyperparameters))


@_frozen.register(Mapping)
def _(value: Mapping[Any, Any]) -> Hashable:
    return tuple([(_frozen(key), _frozen(item)) for key, item in value.items()])


@_frozen.register(list | tuple)
def _(value: Any) -> Hashable:
    return (type(value), *[_frozen(item) for item in value])


@_frozen.register(range | slice)
def _(value: Any) -> Hashable:
    return (type(value), repr(value))
