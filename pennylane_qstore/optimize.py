"""PennyLane's QN-SPSA, for shots and for batches of samples: a step, one job."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pennylane as qml
from pennylane import numpy as pnp
from pennylane.workflow import construct_tape

Loss = Callable[[Any], Any]

TAPES_A_SAMPLING = 6  # two for the gradient, four overlaps for the metric


class QNSPSAOptimizer(qml.QNSPSAOptimizer):
    r"""PennyLane's :class:`~pennylane.QNSPSAOptimizer`, with two things made to work.

    - **Shots.** PennyLane's overlap tapes carry no shots, so a simulator answers them exactly and
      a quantum computer refuses them. Here they carry the QNode's.
    - **Batches.** The QNode may return one value a sample (PennyLane's broadcasting). ``loss``, an
      argument of the step as ``grad_fn`` is one of the gradient optimizers', turns the QNode's
      output into one number; the Fubini-Study metric is averaged over the samples.

    Arguments, random numbers and arithmetic are PennyLane's: with an analytic QNode that returns
    one value, both optimizers take the same path. Gradient and metric are one ``qml.execute``, so
    one job; with ``blocking=True`` a second one compares the losses before and after.

    **Example**

    >>> opt = QNSPSAOptimizer(stepsize=0.1, blocking=False, seed=1)
    >>> square_loss = lambda scores: np.mean((scores - labels) ** 2)
    >>> weights = opt.step(circuit, weights, features=features, loss=square_loss)
    """

    def step(self, cost: Any, *args: Any, loss: Loss | None = None, **kwargs: Any) -> Any:
        """Update the trainable arguments by one step.

        Args:
            cost: the QNode
            args: the QNode's arguments
            loss: turns the QNode's output into one number; None takes the output as it is
            kwargs: the QNode's keyword arguments

        Returns:
            the new arguments; a single one comes without a list
        """
        if self.blocking:
            warnings.warn(
                "blocking=True compares losses: step() measures them as step_and_cost() does.",
                stacklevel=2,
            )
            return self.step_and_cost(cost, *args, loss=loss, **kwargs)[0]
        return self._step_core(cost, args, kwargs, loss)

    def step_and_cost(
        self, cost: Any, *args: Any, loss: Loss | None = None, **kwargs: Any
    ) -> tuple[Any, Any]:
        """Update the trainable arguments by one step, and give the loss before it.

        Args:
            cost: the QNode
            args: the QNode's arguments
            loss: turns the QNode's output into one number; None takes the output as it is
            kwargs: the QNode's keyword arguments

        Returns:
            the new arguments, a single one without a list, and the loss before the step
        """
        args_next = self._step_core(cost, args, kwargs, loss)
        if not self.blocking:
            return args_next, _scalar(cost(*args, **kwargs), loss)
        return self._apply_blocking(cost, args, kwargs, args_next, loss)

    def _step_core(
        self,
        cost: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        loss: Loss | None = None,
    ) -> Any:
        tapes, grad_directions, metric_directions = [], [], []
        for _ in range(self.resamplings):
            grad_tapes, directions = self._get_spsa_grad_tapes(cost, args, kwargs)
            grad_directions.append(directions)
            metric_tapes, directions = self._get_tensor_tapes(cost, args, kwargs)
            metric_directions.append(directions)
            tapes += grad_tapes + metric_tapes

        results = qml.execute(tapes, cost.device)

        grads, metrics = [], []
        for index in range(self.resamplings):
            first = index * TAPES_A_SAMPLING
            plus, minus, *overlaps = results[first : first + TAPES_A_SAMPLING]
            losses = (_scalar(plus, loss), _scalar(minus, loss))
            grads.append(self._post_process_grad(losses, grad_directions[index]))
            means = [_mean_over_samples(probs) for probs in overlaps]
            metrics.append(self._post_process_tensor(means, metric_directions[index]))

        self._update_tensor(pnp.mean(pnp.array(metrics), axis=0))
        grad = [pnp.mean(pnp.stack(samplings), axis=0) for samplings in zip(*grads, strict=True)]
        args_next = self._get_next_params(args, grad)
        return args_next[0] if len(args_next) == 1 else args_next

    def _get_overlap_tape(
        self, cost: Any, args1: Sequence[Any], args2: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        there = construct_tape(cost)(*args1, **kwargs)
        back = construct_tape(cost)(*args2, **kwargs)
        operations = there.operations + [qml.adjoint(op) for op in reversed(back.operations)]
        return qml.tape.QuantumScript(operations, [qml.probs(there.wires)], shots=there.shots)

    def _apply_blocking(
        self,
        cost: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params_next: Any,
        loss: Loss | None = None,
    ) -> tuple[Any, Any]:
        args_next = params_next if isinstance(params_next, list) else [params_next]
        tapes = [construct_tape(cost)(*values, **kwargs) for values in (args, args_next)]
        now, then = (_scalar(result, loss) for result in qml.execute(tapes, cost.device))

        if then > now + self._tolerance(now):
            args_next = list(args)
        return (args_next[0] if len(args_next) == 1 else args_next), now

    def _tolerance(self, loss: Any) -> Any:
        """Note the loss of this step; twice the spread of the last ones is not yet worse."""
        steps = self.k - 1  # the step core has counted this one already
        self.last_n_steps[(steps - 1) % self.last_n_steps.size] = loss
        return 2 * self.last_n_steps[:steps].std()


def _scalar(output: Any, loss: Loss | None) -> Any:
    """One number from what the QNode returned."""
    value = output if loss is None else loss(output)
    if qml.math.size(value) != 1:
        raise ValueError(
            f"QN-SPSA needs one number to go down, and got values of shape "
            f"{qml.math.shape(value)}: give step() a loss=, such as loss=np.mean."
        )
    return qml.math.squeeze(value)


def _mean_over_samples(probs: Any) -> Any:
    """Probabilities of one tape, averaged over its batch axis where it has one."""
    return pnp.mean(pnp.reshape(probs, (-1, probs.shape[-1])), axis=0)
