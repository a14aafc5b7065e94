"""The arguments of ``qstore train``, and the options that they become."""

import argparse
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.examples.options import (
    ENCODINGS,
    ENTANGLEMENTS,
    FASHION,
    MITIGATIONS,
    PACES,
    ClassifierOptions,
    RunOptions,
    TrainOptions,
    checkpoint_of,
)

DATASETS: Mapping[str, type[RunOptions]] = MappingProxyType(
    {options.dataset: options for options in (TrainOptions, ClassifierOptions)}
)
_NUMBER: Mapping[str, Any] = {"type": int, "metavar": "N"}
_FRACTION: Mapping[str, Any] = {"type": float, "metavar": "X"}
_SWITCH: Mapping[str, Any] = {"action": "store_true"}

# What argparse needs for each option, and its help text.
ARGUMENTS: Mapping[str, tuple[Mapping[str, Any], str]] = MappingProxyType(
    {
        "optimizer": ({"choices": list(PACES)}, "how the weights change"),
        "steps": (_NUMBER, "optimizer steps"),
        "epochs": (_NUMBER, "passes over the training samples; for digits, instead of steps"),
        "batch_size": (_NUMBER, "samples per step"),
        "shots": (_NUMBER, "shots per circuit; 0 for exact values, on simulators"),
        "wires": (_NUMBER, "qubits of the circuit"),
        "layers": (_NUMBER, "layers of gates"),
        "entanglement": ({"choices": ENTANGLEMENTS}, "which wires a layer's CNOTs join"),
        "classes": ({"type": int, "nargs": "+", "metavar": "DIGIT"},
                    "the two digits to tell apart"),
        "seed": (_NUMBER, "of everything that is random"),
        "stepsize": (_FRACTION, "size of a step"),
        "momentum": (_FRACTION, "fraction of the last step in the next, for momentum and nesterov"),
        "weight_decay": (_FRACTION, "fraction of the weights that each step subtracts"),
        "validation": (_FRACTION, "fraction of the training samples kept aside"),
        "patience": (_NUMBER, "validations without a lower loss that end the training"),
        "max_circuits": (_NUMBER, "circuits per step at most: batches become smaller"),
        "max_gradient": (_FRACTION, "length to which longer gradients are cut"),
        "track_gradient": (_SWITCH, "record the gradient's length"),
        "backend": ({}, "emulator (no key needed), simulator or qpu.NAME"),
        "plot": ({"type": Path, "metavar": "FILE.png"}, "picture of the training"),
        "name": ({"metavar": "NAME"}, "keep the training in NAME.checkpoint.npz, and its jobs "
                 "under this name in the journal"),
        "resume": (_SWITCH, "continue the run, with the options it has"),
        "checkpoint_every": (_NUMBER, "steps from one checkpoint to the next"),
        "log_interval": (_NUMBER, "steps from one line to the next, without a terminal"),
        "data": ({"type": Path, "metavar": "FOLDER"}, "folder with the four IDX files"),
        "encoding": ({"choices": ENCODINGS}, "of the features"),
        "noise_model": ({"metavar": "MODEL"}, "of the training; for fashion-mnist, of the check "
                        "with noise"),
        "mitigation": ({"choices": ("none", *MITIGATIONS)}, "what is done against errors"),
        "check": (_NUMBER, "test samples that run on the device"),
        "check_noise": (_NUMBER, "test samples that run with noise"),
        "few_shot": (_NUMBER, "training samples of each class"),
        "encoder": ({"choices": ("none", "frozen", "tuned")},
                    "a pretrained classical network before the circuit"),
        "start_from": ({"type": Path, "metavar": "FILE"}, "checkpoint with the initial weights"),
        "freeze": ({"choices": ("none", "circuit")}, "circuit: only the head is trained"),
    }
)  # fmt: skip
# What an option without a value means, where that isn't "none".
_UNSET: Mapping[str, str] = MappingProxyType(
    {
        "check": "all",
        "data": str(FASHION),
        "few_shot": "all",
        "log_interval": "for ten lines",
        "max_circuits": "no limit",
        "patience": "never",
        "start_from": "drawn",
        "steps": ", ".join(f"{name} {pace.steps}" for name, pace in PACES.items()),
        "stepsize": ", ".join(f"{name} {pace.stepsize}" for name, pace in PACES.items()),
    }
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``qstore train`` to a parser.

    An option that isn't given is left out of the parsed arguments: each data set has its own
    defaults, and a resumed run has the options that it began with.

    Args:
        parser: of the command itself or of a subcommand
    """
    add = parser.add_argument
    add("--dataset", choices=list(DATASETS), default="digits",
        help="digits: two of them, trained on the device; fashion-mnist: ten classes, trained on a "
        "statevector simulator and checked on the device (%(default)s)")  # fmt: skip
    for name, (words, text) in ARGUMENTS.items():
        flag = "--run" if name == "name" else f"--{name.replace('_', '-')}"
        help_text = f"{text} {_defaults(name)}".strip()
        add(flag, dest=name, **words, default=argparse.SUPPRESS, help=help_text)
    add("--search", action="store_true",
        help="search depth and entanglement first, and train nothing else (off)")  # fmt: skip
    add("--circuits", type=int, default=100_000, metavar="N",
        help="circuits of a search at most (%(default)s)")  # fmt: skip


def _defaults(name: str) -> str:
    """Return an option's defaults in parentheses, by data set where they differ."""
    defaults = {
        dataset: _shown(name, field.default)
        for dataset, options in DATASETS.items()
        for field in fields(options)
        if field.name == name
    }
    if len(defaults) == len(DATASETS) and len(set(defaults.values())) == 1:
        return f"({next(iter(defaults.values()))})"
    return f"({'; '.join(f'{dataset}: {shown}' for dataset, shown in defaults.items())})"


def _shown(name: str, value: Any) -> str:
    if value is None:
        return _UNSET.get(name, "none")
    if isinstance(value, bool):
        return "on" if value else "off"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_options(args: argparse.Namespace) -> RunOptions:
    """Take the training options out of parsed arguments.

    Args:
        args: may hold other commands' arguments as well

    Returns:
        the options of the data set, checked

    Raises:
        OptionError: one can't be used, or the data set doesn't have it
        CheckpointError: the run to resume can't be read
    """
    given = {name: value for name, value in vars(args).items() if name in ARGUMENTS}
    if "classes" in given:
        given["classes"] = tuple(given["classes"])
    options = DATASETS[args.dataset]
    for name, value in given.items():
        if name not in {field.name for field in fields(options)}:
            raise OptionError(name, value, f"the data set {args.dataset} doesn't have this option")
    return options(**_saved_options(given, options) | given)


def _saved_options(given: Mapping[str, Any], options: type[RunOptions]) -> dict[str, Any]:
    """Return the options in the checkpoint of the run to resume; none if there is no checkpoint."""
    if not given.get("resume") or not given.get("name"):
        return {}
    path = checkpoint_of(given["name"])
    if not path.exists():
        return {}
    # Only now: a checkpoint needs NumPy.
    from pennylane_qstore.train import checkpoint  # noqa: PLC0415

    with checkpoint.reading(path):
        saved: dict[str, Any] = checkpoint.load(path)["options"]
        types = {field.name: field.type for field in fields(options)}
        if not saved.keys() <= types.keys():
            raise OptionError("dataset", path, "the run is of another data set")
        paths = [name for name in saved if "Path" in str(types[name]) and saved[name] is not None]
        return saved | {name: Path(saved[name]) for name in paths}
