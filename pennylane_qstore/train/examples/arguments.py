"""The shell's words to options, and the options' defaults to a help text."""

import argparse
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train import checkpoint
from pennylane_qstore.train.examples.options import (
    ENCODINGS,
    ENTANGLEMENTS,
    PACES,
    ClassifierOptions,
    RunOptions,
    TrainOptions,
    checkpoint_of,
)

DATASETS: Mapping[str, type[RunOptions]] = MappingProxyType(
    {"digits": TrainOptions, "fashion-mnist": ClassifierOptions}
)
_STEPS = ", ".join(f"{name} {pace.steps}" for name, pace in PACES.items())
_STEPSIZES = ", ".join(f"{name} {pace.stepsize}" for name, pace in PACES.items())
_NUMBER: Mapping[str, Any] = {"type": int, "metavar": "N"}
_SHARE: Mapping[str, Any] = {"type": float, "metavar": "X"}

# What argparse needs, and the help text.
ARGUMENTS: Mapping[str, tuple[Mapping[str, Any], str]] = MappingProxyType(
    {
        "optimizer": ({"choices": list(PACES)}, ""),
        "steps": (_NUMBER, f"optimizer steps ({_STEPS})"),
        "epochs": (_NUMBER, "passes over the training samples; of digits, instead of steps"),
        "batch_size": (_NUMBER, "samples a step"),
        "shots": (_NUMBER, "shots a circuit; 0 for exact values, on simulators"),
        "wires": (_NUMBER, "qubits of the circuit"),
        "layers": (_NUMBER, "layers of gates"),
        "entanglement": ({"choices": ENTANGLEMENTS}, "which wires a layer's CNOTs join"),
        "classes": ({"type": int, "nargs": "+", "metavar": "DIGIT"},
                    "the two digits to tell apart"),
        "seed": (_NUMBER, "of all that is drawn"),
        "stepsize": (_SHARE, f"length of a step (digits: {_STEPSIZES})"),
        "momentum": (_SHARE, "share of the last step in the next, for --optimizer momentum"),
        "weight_decay": (_SHARE, "share of the weights that each step takes off"),
        "validation": (_SHARE, "share of the training samples kept aside"),
        "patience": (_NUMBER, "validations without a lower loss that end the training"),
        "max_circuits": (_NUMBER, "circuits a step at most: batches become smaller"),
        "track_gradient": ({"action": "store_true"}, "note the gradient's length"),
        "backend": ({}, "emulator (no key needed), simulator or qpu.NAME"),
        "plot": ({"type": Path, "metavar": "FILE.png"}, "picture of the training"),
        "name": ({"metavar": "NAME"}, "keep the training in NAME.checkpoint.npz, and its jobs "
                 "under this name in the journal"),
        "resume": ({"action": "store_true"}, "go on with the run, with the options it has"),
        "checkpoint_every": (_NUMBER, "steps"),
        "log_interval": (_NUMBER, "steps from line to line, away from a terminal"),
        "data": ({"type": Path, "metavar": "FOLDER"}, "with the four IDX files"),
        "encoding": ({"choices": ENCODINGS}, "of the features"),
        "noise_model": ({"metavar": "MODEL"}, "of the check with noise, or none"),
        "check": (_NUMBER, "test samples that the device is given; all without it"),
        "check_noise": (_NUMBER, "test samples that are run with noise"),
        "few_shot": (_NUMBER, "training samples of each class; all without it"),
        "encoder": ({"choices": ("none", "frozen", "tuned")}, "a classical network, trained "
                    "before, that encodes for the circuit"),
        "start_from": ({"type": Path, "metavar": "FILE"}, "checkpoint to take first weights from"),
        "freeze": ({"choices": ("none", "circuit")}, "circuit: only the head learns"),
    }
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``qstore train`` to a parser.

    An option that isn't given is left out of the parsed arguments: each data set has defaults of
    its own, and a resumed run has the options that it began with.

    Args:
        parser: of the command itself or of a subcommand
    """
    add = parser.add_argument
    add("--dataset", choices=list(DATASETS), default="digits",
        help="digits: two of them, learned on the device; fashion-mnist: ten classes, learned on "
        "the circuit's exact twin, and checked on the device (%(default)s)")  # fmt: skip
    for name, (words, text) in ARGUMENTS.items():
        told = f"{text} {_defaults(name)}".strip()
        flag = "--run" if name == "name" else f"--{name.replace('_', '-')}"
        add(flag, dest=name, **words, default=argparse.SUPPRESS, help=told)
    add("--search", action="store_true",
        help="search depth and entanglement first, and train nothing else")  # fmt: skip
    add("--circuits", type=int, default=100_000, metavar="N",
        help="that a search may run (%(default)s)")  # fmt: skip


def _defaults(name: str) -> str:
    """The defaults of an option, for those data sets that have it and don't leave it out."""
    found = {
        dataset: each.default
        for dataset, options in DATASETS.items()
        for each in fields(options)
        if each.name == name
    }
    told = {dataset: _told(value) for dataset, value in found.items()}
    values = {text for text in told.values() if text}
    if not values:
        return "" if len(found) == len(DATASETS) else f"({', '.join(found)} only)"
    if len(values) == 1 and len(told) == len(DATASETS):
        return f"({values.pop()})"
    return f"({', '.join(f'{dataset}: {text}' for dataset, text in told.items() if text)})"


def _told(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_options(args: argparse.Namespace) -> RunOptions:
    """Take the training options out of parsed arguments.

    Args:
        args: may hold other commands' arguments as well

    Returns:
        the options of the data set, checked

    Raises:
        OptionError: one that can't be, or that the data set hasn't
        CheckpointError: the run to resume can't be read
    """
    given = {name: value for name, value in vars(args).items() if name in ARGUMENTS}
    if "classes" in given:
        given["classes"] = tuple(given["classes"])
    options = DATASETS[args.dataset]
    for name, value in given.items():
        if name not in {each.name for each in fields(options)}:
            raise OptionError(name, value, f"the data set {args.dataset} hasn't this option")
    return options(**_kept(given, options) | given)


def _kept(given: Mapping[str, Any], options: type[RunOptions]) -> dict[str, Any]:
    """What the checkpoint of the run to resume says of its options; nothing where there is none."""
    if not given.get("resume") or not given.get("name"):
        return {}
    path = checkpoint_of(given["name"])
    if not path.exists():
        return {}
    kept: dict[str, Any] = checkpoint.load(path)["options"]
    own = {each.name: each.type for each in fields(options)}
    if not kept.keys() <= own.keys():
        raise OptionError("dataset", path, "the run is of another data set")
    paths = [name for name in kept if "Path" in str(own[name]) and kept[name] is not None]
    return kept | {name: Path(kept[name]) for name in paths}
