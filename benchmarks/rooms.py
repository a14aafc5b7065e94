"""How easy a checkout's source is to find one's way in: folders, imports, names, docstrings, sizes.

Run with `python -m benchmarks.rooms [CHECKOUT ...]`. It prints one column for each checkout of this
repository, this one without arguments: `git worktree add ../before COMMIT` makes another. Nothing
of a checkout is run; its files are parsed, and grimp (of import-linter) reads its imports. Measured
in each, for the package alone:

- files in each folder, without `__init__.py`, and folders and files side by side at the top;
- floors: the longest chain of imports, modules that import each other counted as one floor;
- class names that two classes share, the emulator's own apart, as it stands alone;
- public functions that return a value and don't say what: by ruff's rule DOC201, for which a short
  docstring "Return …" is enough, and counted strictly, by a section `Returns:`;
- code lines of functions, without docstrings, comments and empty lines; lines of files.
"""

import argparse
import ast
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp
import numpy as np

PACKAGE = "pennylane_qstore"
LONG_FILE, LONG_FUNCTION = 300, 40
HERE = Path(__file__).parents[1]


def floors(graph: grimp.ImportGraph, within: str) -> int:
    """Return the number of modules on the longest chain of imports inside a package."""
    modules = sorted(each for each in graph.modules if each.startswith(f"{within}."))
    imported = {
        each: {m for m in graph.find_modules_directly_imported_by(each) if m in set(modules)}
        for each in modules
    }
    groups = _components(imported)
    below: dict[int, int] = {}

    def height(group: int) -> int:
        if group not in below:
            members = [each for each in modules if groups[each] == group]
            others = {groups[other] for each in members for other in imported[each]} - {group}
            below[group] = 1 + max(map(height, others), default=0)
        return below[group]

    return max(map(height, set(groups.values())), default=0)


def _components(imported: dict[str, set[str]]) -> dict[str, int]:
    """Return the number of each module's group: modules that import each other share one."""
    reachable: dict[str, set[str]] = {}
    for start in imported:
        seen, queue = {start}, [start]
        while queue:
            new = imported[queue.pop()] - seen
            seen |= new
            queue.extend(new)
        reachable[start] = seen
    groups: dict[str, int] = {}
    for each in imported:
        if each not in groups:
            number = len(set(groups.values()))
            alike = [other for other in reachable[each] if each in reachable[other]]
            groups.update(dict.fromkeys(alike, number))
    return groups


def functions(tree: ast.AST, *, public: bool = True) -> Iterator[tuple[ast.FunctionDef, bool]]:
    """Yield each function that isn't nested in another one, and whether it is public."""
    for node in ast.iter_child_nodes(tree):
        named_public = not getattr(node, "name", "").startswith("_")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, public and named_public
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, public=public and named_public)


def code_lines(function: ast.FunctionDef, source: list[str]) -> int:
    """Return how many lines of a function are code: no docstring, comment or empty line."""
    lines = dict(enumerate(source[function.lineno - 1 : function.end_lineno], function.lineno))
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        for number in range(docstring.lineno, docstring.end_lineno + 1):
            del lines[number]
    stripped = map(str.strip, lines.values())
    return sum(bool(line) and not line.startswith("#") for line in stripped)


def returns_value(function: ast.FunctionDef) -> bool:
    """Return whether a function is annotated to return something, and is no property."""
    names = {ast.unparse(each) for each in function.decorator_list}
    if any("property" in name or name.endswith(".setter") for name in names):
        return False
    annotation = None if function.returns is None else ast.unparse(function.returns)
    return annotation not in {None, "None", "Never", "NoReturn"} and not any(
        text in str(annotation) for text in ("Iterator[None]", "Generator")
    )


def undocumented(checkout: Path) -> int:
    """Return how many functions break ruff's rule DOC201 in a checkout's package."""
    command = ["ruff", "check", "--preview", "--isolated", "--select", "DOC201"]
    options = ["--config", 'lint.pydocstyle.convention = "google"', "--output-format", "json"]
    found = subprocess.run(
        [*command, *options, PACKAGE], cwd=checkout, capture_output=True, text=True, check=False
    )
    return len(json.loads(found.stdout))


def measured(checkout: Path) -> dict[str, str]:
    """Return what is measured of a checkout, as texts by the name of the row."""
    root = checkout / PACKAGE
    files = sorted(root.rglob("*.py"))
    folders = Counter(path.parent for path in files if path.name != "__init__.py")
    classes: dict[str, list[Path]] = defaultdict(list)
    lengths, strict, returning = [], 0, 0
    for path in files:
        source = path.read_text()
        tree = ast.parse(source)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(path)
        for function, is_public in functions(tree):
            lengths.append(code_lines(function, source.splitlines()))
            if is_public and returns_value(function):
                returning += 1
                strict += "Returns:" not in (ast.get_docstring(function) or "")
    own = {
        name: [path for path in paths if "emulator" not in path.parts]
        for name, paths in classes.items()
    }
    colliding = sorted(name for name, paths in own.items() if len(paths) > 1)
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    sizes = [len(path.read_text().splitlines()) for path in files]
    rooms = ", ".join(
        f"{folder.relative_to(root)} {count}" for folder, count in sorted(folders.items())
    )
    return {
        "files": str(len(files)),
        "folders": str(len(folders)),
        "files in the largest folder": str(max(folders.values())),
        "loose modules at the package's top": str(folders[root]),
        "floors of imports, whole package": str(floors(graph, PACKAGE)),
        "floors of imports, compiler": str(floors(graph, f"{PACKAGE}.compiler")),
        "class names that collide": f"{len(colliding)} {' '.join(colliding)}".strip(),
        "functions that break DOC201": str(undocumented(checkout)),
        "public functions without 'Returns:', strictly": f"{strict} of {returning}",
        "code lines of a function, median / p90 / most": " / ".join(
            f"{value:.0f}" for value in (*np.percentile(lengths, [50, 90]), max(lengths))
        ),
        f"functions over {LONG_FUNCTION} code lines": str(
            sum(length > LONG_FUNCTION for length in lengths)
        ),
        f"files over {LONG_FILE} lines": str(sum(size > LONG_FILE for size in sizes)),
        "lines in all": f"{sum(sizes):,}",
        "files in each folder": rooms,
    }


def main() -> None:
    """Print the table; each checkout is measured in a process of its own, as grimp imports it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", nargs="*", type=Path, default=[HERE])
    parser.add_argument("--json", action="store_true", help="one checkout's numbers as JSON")
    args = parser.parse_args()
    if args.json:
        sys.path.insert(0, str(args.checkout[0].resolve()))
        print(json.dumps(measured(args.checkout[0].resolve())))
        return
    columns = []
    for checkout in args.checkout:
        command = [sys.executable, __file__, "--json", str(checkout)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        columns.append(json.loads(answer.stdout))
    print(f"| | {' | '.join(str(each) for each in args.checkout)} |")
    print("|---" * (len(columns) + 1) + "|")
    for row in columns[0]:
        print(f"| {row} | {' | '.join(column[row] for column in columns)} |")


if __name__ == "__main__":
    main()
