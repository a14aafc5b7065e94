"""PennyLane's QN-SPSA, for shots and for batches of samples: a step, one job."""

import copy
import hashlib
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp
from pennylane.tape import QuantumScript
from pennylane.workflow import construct_tape

from pennylane_qstore.tensors import to_numpy

Loss = Callable[[Any], Any]

TAPES_A_SAMPLING = 6  # two for the gradient, four overlaps for the metric


@dataclass(frozen=True, slots=True)
class _Directions:
    """Where one sampling looks, each as an array over all trainable numbers.

    Attributes:
        gradient: of the two losses
        first: and
        second: of the four overlaps
    """

    gradient: Any
    first: Any
    second: Any


class QNSPSAOptimizer(qml.QNSPSAOptimizer):
    r"""PennyLane's :class:`~pennylane.QNSPSAOptimizer`, with three things made to work.

    - **Shots.** PennyLane's overlap tapes carry no shots, so a simulator answers them exactly and
      a quantum computer refuses them. Here they carry the QNode's.
    - **Batches.** The QNode may return one value a sample (PennyLane's broadcasting). ``loss``, an
      argument of the step as ``grad_fn`` is one of the gradient optimizers', turns the QNode's
      output into one number; the Fubini-Study metric is averaged over the samples.
    - **One job a step**, also with ``blocking=True``, which compares the losses at the old and at
      the new parameters before it takes a step. The job that measures them also holds the next
      step's circuits, once at the old and once at the new parameters, so that the next step begins
      with its answers. These are 14 circuits a step where two jobs would have 8; the first step
      takes two jobs. When a step is asked for with other arguments or another QNode, what was sent
      ahead is dropped, and nothing is sent ahead until a step's arguments have followed from the
      one before again.

    Arguments, random numbers and arithmetic are PennyLane's: with an analytic QNode that returns
    one value, both optimizers take the same path.

    Args:
        stepsize: length of a step
        regularization: what is added to the metric's diagonal
        finite_diff_step: how far to look along a direction, in radians
        resamplings: how often gradient and metric are sampled a step
        blocking: whether a step is taken back that makes the loss worse
        history_length: steps over which losses are compared
        seed: of the directions
        speculate: whether the next step's circuits are sent ahead, with ``blocking``

    Attributes:
        sent_ahead: circuits that were sent for a next step, so far
        used_ahead: how many of their answers were used

    **Example**

    >>> opt = QNSPSAOptimizer(stepsize=0.1, seed=1)
    >>> square_loss = lambda scores: np.mean((scores - labels) ** 2)
    >>> weights, value = opt.step_and_cost(circuit, weights, features=features, loss=square_loss)
    """

    def __init__(
        self,
        stepsize: float = 1e-3,
        regularization: float = 1e-3,
        finite_diff_step: float = 1e-2,
        resamplings: int = 1,
        blocking: bool = True,
        history_length: int = 5,
        seed: Any = None,
        *,
        speculate: bool = True,
    ) -> None:
        super().__init__(
            stepsize, regularization, finite_diff_step, resamplings, blocking, history_length, seed
        )
        self.speculate = speculate
        self.sent_ahead = self.used_ahead = 0
        # What was drawn and measured for the next step, in plain arrays, so that it can be kept in
        # a checkpoint; and the device that it is for.
        self._ahead: dict[str, Any] = {}
        self._ahead_of: Any = None
        self._foreseen = True

    def step(self, cost: Any, *args: Any, loss: Loss | None = None, **kwargs: Any) -> Any:
        """Updates the trainable arguments by one step.

        Args:
            cost: the QNode
            args: the QNode's arguments
            loss: turns the QNode's output into one number; None takes the output as it is
            kwargs: the QNode's keyword arguments

        Returns:
            the new arguments; a single one comes without a list

        Raises:
            ValueError: the loss is not one number
        """
        if self.blocking:
            warnings.warn(
                "blocking=True compares losses: step() measures them as step_and_cost() does.",
                stacklevel=2,
            )
            return self.step_and_cost(cost, *args, loss=loss, **kwargs)[0]
        samplings = self._drawn(args)
        results = qml.execute(self._tapes(cost, args, kwargs, samplings), cost.device)
        return _unpacked(self._advanced(args, samplings, results, loss))

    def step_and_cost(
        self, cost: Any, *args: Any, loss: Loss | None = None, **kwargs: Any
    ) -> tuple[Any, Any]:
        """Updates the trainable arguments by one step, and gives the loss before it.

        Args:
            cost: the QNode
            args: the QNode's arguments
            loss: turns the QNode's output into one number; None takes the output as it is
            kwargs: the QNode's keyword arguments

        Returns:
            the new arguments, a single one without a list, and the loss before the step

        Raises:
            ValueError: the loss is not one number
        """
        if self.blocking:
            return self._blocked_step(cost, args, kwargs, loss)
        samplings = self._drawn(args)
        tapes = [_tape(cost, args, kwargs), *self._tapes(cost, args, kwargs, samplings)]
        before, *results = qml.execute(tapes, cost.device)
        return _unpacked(self._advanced(args, samplings, results, loss)), _scalar(before, loss)

    def _blocked_step(
        self, cost: Any, args: Sequence[Any], kwargs: Mapping[str, Any], loss: Loss | None
    ) -> tuple[Any, Any]:
        here = _tape(cost, args, kwargs)
        samplings, results = self._taken(cost.device, here, args)
        if not results:
            results = qml.execute(self._tapes(cost, args, kwargs, samplings), cost.device)
        moved = self._advanced(args, samplings, results, loss)

        tapes = [here, _tape(cost, moved, kwargs)]
        speculated = self.speculate and self._foreseen
        state = copy.deepcopy(self.rng.bit_generator.state)
        after: list[_Directions] = []
        if speculated:
            after = self._drawn(args)
            tapes += self._tapes(cost, args, kwargs, after) + self._tapes(
                cost, moved, kwargs, after
            )
        before, then, *ahead = qml.execute(tapes, cost.device)

        now = _scalar(before, loss)
        rejected = _scalar(then, loss) > now + self._tolerance(now)
        chosen = list(args) if rejected else moved
        half = len(ahead) // 2
        self.sent_ahead += len(ahead)
        self._ahead_of = weakref.ref(cost.device)
        self._ahead = {
            "for": self._digest(tapes[0] if rejected else tapes[1]),
            "rng": state,
            "directions": [(each.gradient, each.first, each.second) for each in after],
            "results": ahead[:half] if rejected else ahead[half:],
        }
        return _unpacked(chosen), now

    def _taken(
        self, device: Any, here: QuantumScript, args: Sequence[Any]
    ) -> tuple[list[_Directions], Sequence[Any]]:
        """Return this step's directions, and what was measured along them if it was sent ahead.

        Args:
            device: that this step runs on
            here: the tape that it begins at
            args: the QNode's arguments
        """
        ahead, of = self._ahead, self._ahead_of
        self._ahead, self._ahead_of = {}, None
        if ahead:
            # A checkpoint doesn't hold the device: whoever goes on from one says which it is.
            self._foreseen = ahead["for"] == self._digest(here) and (of is None or of() is device)
            if self._foreseen and ahead["results"]:
                self.used_ahead += len(ahead["results"])
                return [_Directions(*each) for each in ahead["directions"]], ahead["results"]
            self.rng.bit_generator.state = ahead["rng"]
        return self._drawn(args), []

    def _digest(self, tape: QuantumScript) -> str:
        """Return a digest of all that a step which begins at a tape depends on.

        The tape itself is told, not the arguments that it was made of: a QNode may read more than
        its arguments, as a batch of samples that changes from step to step.
        """
        told: list[Any] = [self.resamplings, self.finite_diff_step, tuple(tape.shots)]
        for op in tape.operations:
            values = list(map(to_numpy, op.data))
            told.append((op.name, op.wires.tolist(), repr(op.hyperparameters)))
            told += [(value.shape, value.tobytes()) for value in values]
        told += [repr(measurement) for measurement in tape.measurements]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def _drawn(self, args: Sequence[Any]) -> list[_Directions]:
        """Return directions for a step, drawn in PennyLane's order."""
        sizes = [arg.size for arg in _trained(args)]
        if not sizes:
            raise ValueError("no argument is trainable: give one with requires_grad=True")

        def draw() -> Any:
            return [self.rng.choice([-1, 1], size=size) for size in sizes]

        samplings = []
        for _ in range(self.resamplings):
            gradient = draw()
            pairs = [[self.rng.choice([-1, 1], size=size) for _ in range(2)] for size in sizes]
            first, second = zip(*pairs, strict=True)
            samplings.append(_Directions(*map(np.concatenate, (gradient, first, second))))
        return samplings

    def _tapes(
        self,
        cost: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        samplings: Sequence[_Directions],
    ) -> list[QuantumScript]:
        """Return the tapes of a step, six for each sampling."""
        tapes = []
        there = _tape(cost, args, kwargs)
        for directions in samplings:
            gradient, first, second = directions.gradient, directions.first, directions.second
            moves = (gradient, -gradient, first + second, first, second - first, -first)
            plus, minus, *backs = (_tape(cost, self._shifted(args, m), kwargs) for m in moves)
            tapes += [plus, minus, *(_overlap(there, back) for back in backs)]
        return tapes

    def _shifted(self, args: Sequence[Any], move: Any) -> list[Any]:
        """Return the arguments, moved along a direction by this optimizer's distance."""
        shifted, first = list(args), 0
        for i, arg in enumerate(args):
            if getattr(arg, "requires_grad", False):
                own = move[first : first + arg.size].reshape(arg.shape)
                shifted[i] = arg + self.finite_diff_step * own
                first += arg.size
        return shifted

    def _advanced(
        self,
        args: Sequence[Any],
        samplings: Sequence[_Directions],
        results: Sequence[Any],
        loss: Loss | None,
    ) -> list[Any]:
        """Return the arguments after a step, from what was measured for it."""
        gradients, metrics = [], []
        for index, directions in enumerate(samplings):
            first = index * TAPES_A_SAMPLING
            plus, minus, *overlaps = results[first : first + TAPES_A_SAMPLING]
            slope = (_scalar(plus, loss) - _scalar(minus, loss)) / (2 * self.finite_diff_step)
            gradients.append(slope * directions.gradient)
            metrics.append(self._metric(directions, [np.mean(overlap) for overlap in overlaps]))
        self._update_tensor(pnp.mean(pnp.array(metrics), axis=0))
        gradient = pnp.mean(pnp.array(gradients), axis=0)
        ends = np.cumsum([arg.size for arg in _trained(args)])
        moved = self._get_next_params(args, np.split(gradient, ends[:-1]))
        return [
            value.reshape(arg.shape) if getattr(arg, "requires_grad", False) else value
            for value, arg in zip(moved, args, strict=True)
        ]

    def _metric(self, directions: _Directions, overlaps: Sequence[Any]) -> Any:
        """Return a sample of the Fubini-Study metric: a second difference of overlaps.

        After Gacon et al., Quantum 5, 567 (2021), equation 12.
        """
        difference = overlaps[0] - overlaps[1] - overlaps[2] + overlaps[3]
        product = np.outer(directions.first, directions.second)
        return -(product + product.T) * difference / (8 * self.finite_diff_step**2)

    def _tolerance(self, loss: Any) -> Any:
        """Return twice the spread of the last losses; this step's is recorded."""
        steps = self.k - 1  # the step core has counted this one already
        self.last_n_steps[(steps - 1) % self.last_n_steps.size] = loss
        return 2 * self.last_n_steps[:steps].std()


def _trained(args: Sequence[Any]) -> list[Any]:
    return [arg for arg in args if getattr(arg, "requires_grad", False)]


def _tape(cost: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> QuantumScript:
    return construct_tape(cost)(*args, **kwargs)


def _overlap(there: QuantumScript, back: QuantumScript) -> QuantumScript:
    """Return a tape whose one value is the overlap of two circuits' states."""
    operations = there.operations + [qml.adjoint(op) for op in reversed(back.operations)]
    nothing = qml.Projector([0] * len(there.wires), there.wires)
    return QuantumScript(operations, [qml.expval(nothing)], shots=there.shots)


def _unpacked(args: Sequence[Any]) -> Any:
    return args[0] if len(args) == 1 else list(args)


def _scalar(output: Any, loss: Loss | None) -> Any:
    """Return one number from what the QNode returned."""
    value = output if loss is None else loss(output)
    if qml.math.size(value) != 1:
        raise ValueError(
            f"QN-SPSA needs one number to go down, and got values of shape "
            f"{qml.math.shape(value)}: give step() a loss=, such as loss=np.mean."
        )
    return qml.math.squeeze(value)
