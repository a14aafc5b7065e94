"""A learner for torch modules, for example ones that contain a ``qml.qnn.TorchLayer``."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pennylane_qstore.tensors import to_numpy
from pennylane_qstore.train.history import Measured
from pennylane_qstore.train.samples import Samples

try:
    import torch
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "torch is missing: pip install 'pennylane-qstore[torch]'", name="torch"
    ) from error

# A checkpoint keeps arrays: a torch tensor becomes a dictionary with this key and its array.
_TENSOR = "torch.Tensor"


class TorchLearner:
    """A module that maps features to logits or to one score, and a torch optimizer.

    Attributes:
        module: any ``torch.nn.Module``, with or without QNodes
        optimizer: any ``torch.optim.Optimizer`` of its parameters
        loss: ``loss(output, labels)``, a mean over the samples
    """

    def __init__(
        self,
        module: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        loss: Callable[[Any, Any], Any] = torch.nn.functional.cross_entropy,
    ) -> None:
        self.module, self.optimizer, self.loss = module, optimizer, loss

    @property
    def weights(self) -> dict[str, Any]:
        """The module's parameters and buffers, as arrays by name."""
        return {name: to_numpy(value).copy() for name, value in self.module.state_dict().items()}

    @weights.setter
    def weights(self, value: dict[str, Any]) -> None:
        self.module.load_state_dict({name: torch.as_tensor(each) for name, each in value.items()})

    def step(self, batch: Samples) -> Measured:
        """Return loss and accuracy on a batch, after one optimizer step on its loss."""
        self.module.train()
        self.optimizer.zero_grad()
        loss, right = self._measure(batch)
        loss.backward()
        slopes = [each.grad for each in self.module.parameters() if each.grad is not None]
        length = float(sum(float((slope**2).sum()) for slope in slopes)) ** 0.5
        self.optimizer.step()
        return Measured(float(loss.detach()), right, length)

    def measure(self, samples: Samples) -> Measured:
        """Return loss and accuracy on samples, which run as one batch."""
        self.module.eval()
        with torch.no_grad():
            loss, right = self._measure(samples)
        return Measured(float(loss), right)

    def state(self) -> dict[str, Any]:
        """Return the parameters, the optimizer's state, and torch's random state."""
        return {
            "weights": self.weights,
            "optimizer": _to_arrays(self.optimizer.state_dict()),
            "random": torch.get_rng_state().numpy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.weights = state["weights"]
        self.optimizer.load_state_dict(_to_tensors(state["optimizer"]))
        torch.set_rng_state(torch.as_tensor(state["random"]))

    def _measure(self, samples: Samples) -> tuple[Any, float]:
        parameter = next(self.module.parameters())
        features = torch.as_tensor(np.asarray(samples.features), dtype=parameter.dtype)
        labels = torch.as_tensor(np.asarray(samples.labels))
        output = self.module(features)
        if labels.is_floating_point():
            labels = labels.to(output.dtype)
        scores = output.detach()
        guess = scores.argmax(dim=1) if scores.ndim > 1 else torch.where(scores > 0, 1, -1)
        return self.loss(output, labels), float((guess == labels).float().mean())


def _to_arrays(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return {_TENSOR: to_numpy(value).copy()}
    if isinstance(value, dict):
        return {key: _to_arrays(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_to_arrays(each) for each in value)
    return value


def _to_tensors(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_TENSOR}:
            return torch.as_tensor(value[_TENSOR])
        return {key: _to_tensors(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_to_tensors(each) for each in value)
    return value
