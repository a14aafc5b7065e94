"""The command line starts without what its command doesn't need."""

import subprocess
import sys
import time

import pytest

import pennylane_qstore as qstore

HEAVY = ("pennylane", "scipy", "sklearn", "matplotlib", "torch", "jax")
PROGRAM = """
import sys
from pennylane_qstore.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code
heavy = {name.partition(".")[0] for name in sys.modules} & set(%r)
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["emulator", "--help"],
        ["jobs", "list"],
        ["jobs", "--help"],
        ["estimate", "--help"],
        ["train", "--wires", "0"],
    ],
    ids=" ".join,
)
def test_no_heavy_library_is_imported(words, tmp_path, monkeypatch):
    """Neither PennyLane nor what only a training needs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    subprocess.run([sys.executable, "-c", PROGRAM % (HEAVY,), *words], check=True, cwd=tmp_path)


def test_the_first_line_comes_before_pennylane(tmp_path):
    """``qstore train`` says what it is going to do long before its first step."""
    program = "import sys; from pennylane_qstore.cli import main; sys.exit(main(sys.argv[1:]))"
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program, "train", "--steps", "1", "--shots", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        first = process.stdout.readline()
        said = time.perf_counter() - begun
        process.stdout.readline()
        stepped = time.perf_counter() - begun
        process.communicate()
    assert first == "digits 0 and 1: spsa, 4 wires, 3 layers, exact values, emulator\n"
    assert said < 0.5 * stepped


def test_importing_the_package_imports_no_pennylane():
    """Its names come when they are used; those that aren't there are an AttributeError."""
    program = (
        "import sys, pennylane_qstore as qstore; assert 'pennylane' not in sys.modules; "
        "assert set(qstore.__all__) <= set(dir(qstore)); qstore.QStoreDevice; qstore.errors; "
        "assert 'pennylane' in sys.modules; assert not hasattr(qstore, 'nothing')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    listed = {name for names in qstore._MODULES.values() for name in names}
    assert listed | {"__version__"} == set(qstore.__all__)
