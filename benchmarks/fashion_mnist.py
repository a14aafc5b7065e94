"""Ten classes of Fashion-MNIST on 8 qubits: accuracies on the simulator, the device and with noise.

Run with `python -m benchmarks.fashion_mnist --data FOLDER`, or without `--data` where Debian's
`dataset-fashion-mnist` is installed. The rival is the linear softmax head on the same 64 features
without a circuit. `--short` trains a small circuit on scikit-learn's digits, to see that it works.
"""

import argparse
from pathlib import Path
from time import perf_counter

from pennylane_qstore.train.examples.options import ClassifierOptions
from pennylane_qstore.train.examples.pictures.train_pictures import architecture_of, run_session

FEATURES, LIMIT, ASKED = 64, 1_000, 0.81


def main() -> None:
    """Train, check, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--plot", type=Path, default=Path("fashion-mnist.png"))
    parser.add_argument("--short", action="store_true")
    args = parser.parse_args()
    options = ClassifierOptions(
        data=args.data,
        layers=2 if args.short else args.layers,
        wires=4 if args.short else 8,
        epochs=1 if args.short else 6,
        check=20 if args.short else None,
        check_noise=5 if args.short else 100,
        plot=args.plot,
    )
    start = perf_counter()
    results = run_session(options)
    weights = architecture_of(options, FEATURES).n_weights
    linear = results["linear head alone"]["accuracy"]
    print(f"\n{'measured on the test set':40} {'accuracy':>9} {'samples':>8} {'to linear':>10}")
    for name, found in results.items():
        accuracy = found["accuracy"]
        print(f"{name:40} {accuracy:9.2%} {found['samples']:8.0f} {accuracy / linear:9.3f}x")
    print(f"weights in circuit and head: {weights} (at most {LIMIT})")
    print(f"asked of the device, exact: {ASKED:.0%} of ten classes of Fashion-MNIST")
    print(f"all of it took {perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
