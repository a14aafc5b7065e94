"""The page on training runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from pennylane_qstore.train.examples.arguments import ARGUMENTS

PAGE_FOLDER = Path(__file__).parents[2] / "docs"
PAGE = (PAGE_FOLDER / "training.md").read_text()


def test_the_example(tmp_path, monkeypatch, capsys):
    """It trains, leaves a checkpoint, and run again it has nothing left to do."""
    monkeypatch.chdir(tmp_path)
    code = compile(re.search(r"```python\n(.*?)```", PAGE, re.S).group(1), "training.md", "exec")
    exec(code, {})
    first = capsys.readouterr().out
    steps, jobs = map(int, re.findall(r"\d+", first))
    assert 5 <= steps <= 30
    assert jobs == steps + steps // 7  # a job a step, and one for each epoch's validation
    assert (tmp_path / "quadrants.npz").exists()
    exec(code, {})
    assert capsys.readouterr().out == first


def test_its_options_exist():
    """Every option that the page names is one of the command's."""
    named = set(re.findall(r"--([a-z][a-z-]+)", PAGE)) - {"state", "help", "dataset"}
    own = {name.replace("_", "-") for name in ARGUMENTS} | {"run", "search", "circuits"}
    assert named <= own


def test_the_recording_is_a_picture_by_itself():
    """Well-formed, with no font or script from elsewhere, and of a training that ended."""
    path = PAGE_FOLDER / "qstore-train.svg"
    words = " ".join(ElementTree.parse(path).getroot().itertext()).replace("\xa0", " ")
    assert "qstore train" in words
    assert re.search(r"step 100/100 .* 100 jobs", words)
    assert re.search(r"test accuracy \d+\.\d% on 90 digits; 101 jobs", words)
    assert not re.findall(r"url\((?!#)|href=|<script", path.read_text())


def test_without_torch_the_extra_is_named():
    """The error of the import says what to install, and keeps the module's name."""
    program = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "try:\n    import pennylane_qstore.train.torch_learner\n"
        "except ModuleNotFoundError as error:\n"
        "    assert \"pip install 'pennylane-qstore[torch]'\" in str(error), error\n"
        "    assert error.name == 'torch'\n"
        "else:\n    raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
