"""The package's rooms: one noun, one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import pennylane_qstore

PACKAGE = Path(pennylane_qstore.__file__).parent
# The emulator stands alone, and has IonQ's own side of these two.
SHARED_WITH_THE_EMULATOR = {"Job", "Backend"}


def classes():
    """Each class of the package by its name without underscores: the files that define it."""
    files = defaultdict(list)
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                files[node.name.lstrip("_")].append(file.relative_to(PACKAGE).as_posix())
    return files


def test_no_two_classes_share_a_name():
    """Private ones included; the emulator may have its own job and backend."""
    files = classes()
    assert len(files) > 100
    twice = {name: where for name, where in files.items() if len(where) > 1}
    for name in SHARED_WITH_THE_EMULATOR:
        where = twice.pop(name, [])
        assert sum(not file.startswith("emulator/") for file in where) <= 1, (name, where)
        assert len(where) <= 2, (name, where)
    assert not twice
