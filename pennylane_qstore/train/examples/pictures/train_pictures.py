"""Train ten classes on a statevector simulator, and measure their accuracies on the device."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
from rich.console import Console
from sklearn.linear_model import LogisticRegression

from pennylane_qstore import runs
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.errors import OptionError
from pennylane_qstore.fleet.remote import embedded_emulator
from pennylane_qstore.train import checkpoint
from pennylane_qstore.train.examples.interruption import check, keeping_curves
from pennylane_qstore.train.examples.optimizers import make_optimizer
from pennylane_qstore.train.examples.options import ClassifierOptions, DefaultSteps
from pennylane_qstore.train.examples.pictures.architecture import Architecture
from pennylane_qstore.train.examples.pictures.classifier import Classifier
from pennylane_qstore.train.examples.pictures.dataset import CLASSES, Pictures, load_pictures
from pennylane_qstore.train.examples.pictures.encoder import Encoder
from pennylane_qstore.train.examples.plot import save_accuracies
from pennylane_qstore.train.examples.progress import show_steps
from pennylane_qstore.train.examples.setup import make_device, named_run, saving
from pennylane_qstore.train.history import Step
from pennylane_qstore.train.learners import GradientLearner
from pennylane_qstore.train.meter import Meter
from pennylane_qstore.train.samples import Samples
from pennylane_qstore.train.trainer import Plan, Trainer

FEATURES = 64
_MAX_NOISE_SEED = (1 << 31) - 1
# The options on which the meaning of the weights depends.
_MODEL_OPTIONS = ("wires", "layers", "entanglement", "encoding", "encoder")
Results = dict[str, dict[str, float]]


def run_session(options: ClassifierOptions) -> Results:
    """Train on the simulator, check on the device, and draw the results.

    Args:
        options: of the training

    Returns:
        for each measurement on the test set, by name: "accuracy" (0 to 1) and number of "samples"
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

        def draw(steps: list[Step]) -> None:
            title = f"{pictures.name}, {options.title}"
            save_accuracies(steps, trainer.result or {}, title, options.plot)

        with keeping_curves(trainer, options, draw):
            steps = show_steps(trainer, trainer.plan.steps, console, options.log_interval)
            results = _measure(trainer, classifier, pictures, options, device, console)
            draw(steps)
    console.print(f"curves in {options.plot}", soft_wrap=True)
    return results


def make_classifier(options: ClassifierOptions, pictures: Pictures) -> Classifier:
    """Make the model that the options describe.

    Args:
        options: of the training
        pictures: features; an encoder is pretrained on those that the training learns from

    Returns:
        the classifier
    """
    if options.encoder == "none":
        return Classifier(architecture_of(options, FEATURES))
    to_learn, _ = pictures.train.split(options.validation, options.seed)
    encoder = Encoder.pretrained(to_learn, options.wires, options.seed)
    architecture = architecture_of(options, options.wires)
    return Classifier(architecture, encoder, tuned=options.encoder == "tuned")


def architecture_of(options: ClassifierOptions, features: int) -> Architecture:
    """Return the circuit that the options describe, for so many features."""
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
    """Make the trainer that the options describe; it runs on the statevector simulator.

    Args:
        classifier: to train
        samples: to learn from; those for validation are taken from them
        options: of the training
        device: on which the classifier is checked afterwards
        tracker: an active ``qml.Tracker`` of the device
        run: the named run that the training is in, or None

    Returns:
        the trainer, before its first step
    """
    rng = np.random.default_rng(options.seed)
    samples, validation = samples.split(options.validation, options.seed)
    if options.few_shot is not None:
        samples = samples.few(options.few_shot, rng)
    size = min(options.batch_size, len(samples))
    steps = options.epochs * (len(samples) // size)
    pace = DefaultSteps(steps, options.stepsize)
    learner = GradientLearner(
        classifier.gradient,
        classifier.measured,
        _initial_weights(classifier, options, rng),
        make_optimizer(options.optimizer, pace, momentum=options.momentum),
        weight_decay=options.weight_decay,
        stepsizes=lambda step: options.stepsize * (1 + np.cos(np.pi * step / steps)) / 2,
        paces=classifier.step_factors(circuit=options.freeze == "none"),
    )
    return Trainer(
        learner,
        samples,
        Plan(steps, size, options.seed, patience=options.patience),
        validation=validation,
        callbacks=[check],
        meter=Meter(tracker),
        saving=saving(options, device, run),
    )


def _initial_weights(
    classifier: Classifier, options: ClassifierOptions, rng: np.random.Generator
) -> Any:
    """Draw initial weights, or take them from an earlier training.

    Returns:
        the weights, shape (weights,)

    Raises:
        OptionError: the earlier training has another model
        CheckpointError: there is no such training
    """
    weights = classifier.first_weights(rng)
    if options.start_from is None:
        return weights
    with checkpoint.reading(options.start_from):
        state = checkpoint.load(options.start_from)
        saved_weights = np.asarray(state.get("learner", {}).get("weights", ()))
        saved_model, model = (
            {name: values.get(name) for name in _MODEL_OPTIONS}
            for values in (state.get("options", {}), options.kept)
        )
    if saved_weights.shape != weights.shape or saved_model != model:
        raise OptionError(
            "start_from", options.start_from, f"it is of another model: {saved_model}"
        )
    return saved_weights


def _measure(
    trainer: Trainer,
    classifier: Classifier,
    pictures: Pictures,
    options: ClassifierOptions,
    device: Any,
    console: Console,
) -> Results:
    """Return each accuracy on the test set; each is kept in the checkpoint at once."""
    results: Results = dict(trainer.result or {})
    for name, n_samples, accuracy in _measurements(trainer, classifier, pictures, options, device):
        if name not in results:
            results[name] = {"accuracy": accuracy(), "samples": n_samples}
            trainer.finish(results)
        row = results[name]
        console.print(f"{name}: {row['accuracy']:.2%} of {row['samples']:.0f}", soft_wrap=True)
    return results


def _measurements(
    trainer: Trainer,
    classifier: Classifier,
    pictures: Pictures,
    options: ClassifierOptions,
    device: Any,
) -> list[tuple[str, int, Callable[[], float]]]:
    """Return what is to be measured: its name, its number of samples, and the measurement."""
    weights, test = np.asarray(trainer.learner.weights), pictures.test
    checked = test if options.check is None else test[: options.check]
    noisy = test[: options.check_noise]
    shots, model = options.shots, options.noise_model

    def linear() -> float:
        head = LogisticRegression(max_iter=500).fit(pictures.train.features, pictures.train.labels)
        return float(head.score(test.features, test.labels))

    def simulated() -> float:
        return classifier.measured(weights, test).accuracy

    def on_device(samples: Samples, device: Any, shots: int | None) -> Callable[[], float]:
        return lambda: classifier.on_device(device, shots)(weights, samples).accuracy

    def with_noise() -> float:
        return on_device(noisy, _noisy_device(options), shots)()

    rows: list[tuple[str, int, Callable[[], float]]] = [
        ("linear head alone", len(test), linear),
        ("statevector simulator", len(test), simulated),
    ]
    if not options.on_qpu:
        rows.append(("device, exact", len(checked), on_device(checked, device, None)))
    if shots:
        rows.append((f"device, {shots} shots", len(checked), on_device(checked, device, shots)))
    if shots and not options.on_qpu and model != "none":
        rows.append((f"device, {shots} shots, {model} noise", len(noisy), with_noise))
    return [row for row in rows if row[1]]


def _noisy_device(options: ClassifierOptions) -> Any:
    """Return the device with the noise model, on the emulator or on IonQ's simulator."""
    seed = (options.seed - 1) % _MAX_NOISE_SEED + 1  # IonQ takes no 0 and no larger one
    noise = {"noise_model": options.noise_model, "noise_seed": seed}
    if options.backend != "emulator":
        return make_device(options.wires, options.backend, options.seed, **noise)
    server = embedded_emulator(loop.current())
    access = {"base_url": server.url, "api_key": server.key, "journal": None}
    return make_device(options.wires, "simulator", options.seed, **access, **noise)
