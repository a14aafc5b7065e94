"""The picture is a readable PNG."""

from matplotlib.image import imread

from pennylane_qstore.train.examples.plot import save_curves
from pennylane_qstore.train.history import Step


def test_picture(tmp_path):
    """Curves become a picture of the size asked for, with lines in their colours on white."""
    steps = [
        Step(n, loss=1 / n, accuracy=1 - 1 / n, seconds=n, jobs=n, circuits=n, weights=None)
        for n in range(1, 10)
    ]
    path = tmp_path / "curves.png"
    save_curves(steps, 0.9, "a title", path)
    picture = imread(path)
    assert picture.shape[:2] == (825, 1050)
    assert picture[..., :3].max() == 1
    blue = (abs(picture[..., :3] - (0, 0x72 / 255, 0xB2 / 255)) < 0.02).all(axis=-1)
    assert blue.sum() > 500


def test_any_name_is_a_png(tmp_path):
    """The file is a PNG whatever its name ends in."""
    step = Step(1, loss=1, accuracy=1, seconds=1, jobs=1, circuits=1, weights=None)
    path = tmp_path / "curves"
    save_curves([step], 1.0, "a title", path)
    assert path.read_bytes().startswith(b"\x89PNG")
