"""Ten classes, from options to a table: features, baseline, training on the twin, the device."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
from rich.console import Console
from sklearn.linear_model import LogisticRegression

from pennylane_qstore import runs
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.errors import OptionError
from pennylane_qstore.fleet import embedded
from pennylane_qstore.train import checkpoint
from pennylane_qstore.train.examples.architecture import Architecture
from pennylane_qstore.train.examples.classifier import Classifier
from pennylane_qstore.train.examples.encoder import Encoder
from pennylane_qstore.train.examples.model import make_device
from pennylane_qstore.train.examples.optimizers import DefaultSteps, make_optimizer
from pennylane_qstore.train.examples.options import ClassifierOptions
from pennylane_qstore.train.examples.pictures import CLASSES, Pictures, load_pictures
from pennylane_qstore.train.examples.plot import save_accuracies
from pennylane_qstore.train.examples.progress import show_steps
from pennylane_qstore.train.examples.session import named_run, saving, split
from pennylane_qstore.train.learners import GradientLearner
from pennylane_qstore.train.meter import Meter
from pennylane_qstore.train.samples import Samples
from pennylane_qstore.train.trainer import Plan, Trainer

FEATURES = 64
# The options that make a model what it is.
SHAPE = ("wires", "layers", "entanglement", "encoding", "encoder")
Results = dict[str, dict[str, float]]


def run_session(options: ClassifierOptions) -> Results:
    """Train on the twin, check on the device, draw.

    Args:
        options: of the run

    Returns:
        accuracy and number of samples of each measurement on the test set, by its name
    """
    console = Console(highlight=False)
    pictures, notice = load_pictures(options.data, options.seed)
    if notice is not None:
        console.print(notice, soft_wrap=True)
    pictures = pictures.reduced(FEATURES)
    classifier = make_classifier(options, pictures)
    device = make_device(options.wires, options.backend, options.seed)
    console.print(
        f"{pictures.name}: {len(pictures.train)} training and {len(pictures.test)} test samples, "
        f"{classifier.n_weights} weights in circuit and head",
        soft_wrap=True,
    )
    with named_run(options.name) as run, qml.Tracker(device) as tracker:
        trainer = make_trainer(classifier, pictures.train, options, device, tracker, run)
        steps = show_steps(trainer, trainer.plan.steps, console, options.log_interval)
        results = measure(trainer, classifier, pictures, options, device, console)
    save_accuracies(steps, results, describe(options, pictures), options.plot)
    console.print(f"curves in {options.plot}", soft_wrap=True)
    return results


def make_classifier(options: ClassifierOptions, pictures: Pictures) -> Classifier:
    """The model that the options name; an encoder is trained here."""
    if options.encoder == "none":
        return Classifier(architecture_of(options, FEATURES))
    seen, _ = split(pictures.train, options.validation, options.seed)
    encoder = Encoder.pretrained(seen, options.wires, options.seed)
    shape = architecture_of(options, options.wires)
    return Classifier(shape, encoder, tuned=options.encoder == "tuned")


def architecture_of(options: ClassifierOptions, features: int) -> Architecture:
    """The circuit that the options name."""
    return Architecture(
        features, options.wires, options.layers, options.entanglement, options.encoding, CLASSES
    )


def make_trainer(
    classifier: Classifier,
    samples: Samples,
    options: ClassifierOptions,
    device: Any = None,
    tracker: Any = None,
    run: runs.Run | None = None,
) -> Trainer:
    """A trainer of a classifier on its twin, as the options say.

    Args:
        classifier: to train
        samples: to learn from
        options: how
        device: on which it is checked afterwards
        tracker: an active ``qml.Tracker`` of the device
        run: the named run that it is in, or None
    """
    rng = np.random.default_rng(options.seed)
    samples, aside = split(samples, options.validation, options.seed)
    if options.few_shot is not None:
        samples = samples.few(options.few_shot, rng)
    size = min(options.batch_size, len(samples))
    steps = options.epochs * (len(samples) // size)
    pace = DefaultSteps(steps, options.stepsize)
    learner = GradientLearner(
        classifier.gradient,
        classifier.measured,
        start(classifier, options, rng),
        make_optimizer(options.optimizer, pace, momentum=options.momentum),
        weight_decay=options.weight_decay,
        stepsizes=lambda step: options.stepsize * (1 + np.cos(np.pi * step / steps)) / 2,
        paces=classifier.paces(circuit=options.freeze == "none"),
    )
    return Trainer(
        learner,
        samples,
        Plan(steps, size, options.seed, patience=options.patience),
        validation=aside,
        meter=Meter(tracker),
        saving=saving(options, device, run),
    )


def start(classifier: Classifier, options: ClassifierOptions, rng: np.random.Generator) -> Any:
    """Weights to begin with: drawn, or an earlier training's.

    Raises:
        OptionError: those are of another model
        CheckpointError: there is no such training
    """
    weights = classifier.first_weights(rng)
    if options.start_from is None:
        return weights
    state = checkpoint.load(options.start_from)
    kept = np.asarray(state.get("learner", {}).get("weights", ()))
    shape, asked = (
        {name: values.get(name) for name in SHAPE}
        for values in (state.get("options", {}), options.kept)
    )
    if kept.shape != weights.shape or shape != asked:
        raise OptionError("start_from", options.start_from, f"it is of another model: {shape}")
    return kept


def measure(
    trainer: Trainer,
    classifier: Classifier,
    pictures: Pictures,
    options: ClassifierOptions,
    device: Any,
    console: Console,
) -> Results:
    """The table: each accuracy on the test set, kept in the checkpoint as soon as it is known."""
    results: Results = dict(trainer.result or {})
    weights, test = np.asarray(trainer.learner.weights), pictures.test
    checked = test if options.check is None else test[: options.check]
    noisy = test[: options.check_noise]

    def linear() -> float:
        model = LogisticRegression(max_iter=500).fit(pictures.train.features, pictures.train.labels)
        return float(model.score(test.features, test.labels))

    def twin() -> float:
        return classifier.measured(weights, test).accuracy

    def on_device(samples: Samples, where: Any, shots: int | None) -> Callable[[], float]:
        return lambda: classifier.on_device(where, shots)(weights, samples).accuracy

    exact = not options.on_qpu
    shots = options.shots
    noise = exact and shots and options.noise_model != "none" and len(noisy)
    rows: list[tuple[str, int, Callable[[], float], Any]] = [
        ("linear head alone", len(test), linear, True),
        ("twin", len(test), twin, True),
        ("device, exact", len(checked), on_device(checked, device, None), exact),
        (f"device, {shots} shots", len(checked), on_device(checked, device, shots), shots),
    ]
    if noise:
        machine = noisy_device(options)
        name = f"device, {shots} shots, {options.noise_model} noise"
        rows.append((name, len(noisy), on_device(noisy, machine, shots), True))
    for name, n_samples, found, asked in rows:
        if not asked or not n_samples:
            continue
        if name not in results:
            results[name] = {"accuracy": found(), "samples": n_samples}
            trainer.finish(results)
        told = results[name]
        console.print(f"{name}: {told['accuracy']:.2%} of {told['samples']:.0f}", soft_wrap=True)
    return results


def noisy_device(options: ClassifierOptions) -> Any:
    """The device with the noise model, on the emulator or on IonQ's simulator."""
    noise = {"noise_model": options.noise_model, "noise_seed": options.seed}
    if options.backend != "emulator":
        return make_device(options.wires, options.backend, options.seed, **noise)
    url = embedded.server(loop.current()).url
    own = {"base_url": url, "api_key": "emulator", "journal": None}
    return make_device(options.wires, "simulator", options.seed, **own, **noise)


def describe(options: ClassifierOptions, pictures: Pictures) -> str:
    """The run in one line, for the picture."""
    return (
        f"{pictures.name}: {options.wires} wires, {options.layers} layers, "
        f"{options.entanglement}, {options.encoding} encoding, seed {options.seed}"
    )
