"""What the package shows."""

import ast
from pathlib import Path

import pennylane_qstore as qstore
from pennylane_qstore import errors

PACKAGE = Path(qstore.__file__).parent


def test_the_public_names_are_listed_and_there():
    """``__all__`` is sorted as ruff sorts it, and every name of it exists."""
    assert all(hasattr(qstore, name) for name in qstore.__all__)
    assert len(set(qstore.__all__)) == len(qstore.__all__)


def test_every_error_is_public_and_in_the_drawn_tree():
    """The tree in the docstring is the tree of the classes."""
    found, level = [], [errors.QStoreError]
    while level:
        kind = level.pop()
        level.extend(kind.__subclasses__())
        if kind.__module__ == errors.__name__:
            found.append(kind.__name__)
    for name in [*found, "Interrupted"]:
        assert name in errors.__doc__
        assert name in qstore.__all__


def test_every_module_says_what_it_is():
    """Each module starts with a docstring of one line that ends in a full stop."""
    for path in PACKAGE.rglob("*.py"):
        first = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
        assert first.endswith((".", "``", ":")), path
