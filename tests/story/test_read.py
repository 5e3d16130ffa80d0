"""``cmlp read``: pictures of any size, mode and polarity become the images of MNIST; errors are one line."""

import shlex

import numpy as np
import pytest

import cmlp
from cmlp import __main__ as cli
from cmlp._cli.experiment import Experiment, ExperimentOptions
from cmlp.datasets import load_digits28
from cmlp.story import read
from cmlp.story.read import find_doubt

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

X, y, X_test, y_test = load_digits28()
FAST = ["--epochs", "1"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The path of the trained network of the story, and the network."""
    network = Experiment(ExperimentOptions()).train()
    path = tmp_path_factory.mktemp("read") / "digits.cmlp"
    network.save(path)
    return str(path), network


def ink(index, zoom=10):
    """Return a test image, larger."""
    return np.kron(X_test[index].reshape(28, 28), np.ones((zoom, zoom), np.uint8))


def saved(path, pixels, mode="L", **options):
    Image.fromarray(pixels).convert(mode).save(path, **options)
    return str(path)


def test_images_of_mnist_stay_as_they_are(tmp_path):
    """The images were centered in this way, so doing it again hardly changes them."""
    again = np.array([read.center_digit(image.reshape(28, 28) / 255) for image in X_test])
    same = (again == X_test).all(axis=1)
    assert same.mean() > 0.85
    assert np.abs(again.astype(int) - X_test).mean() < 0.1
    path = saved(tmp_path / "digit.png", X_test[int(np.flatnonzero(same)[0])].reshape(28, 28))
    picture = read.read_picture(path)
    assert (picture.size, picture.inverted) == ((28, 28), False)


def test_large_dark_digits_anywhere_on_white_paper_are_read(tmp_path, model):
    rng = np.random.RandomState(0)
    rows = []
    for index in range(40):
        page = np.full((500, 700), 255, np.uint8)
        top, left = rng.randint(0, 220), rng.randint(0, 420)
        page[top : top + 280, left : left + 280] -= ink(index)
        picture = read.read_picture(saved(tmp_path / "page.png", page))
        assert picture.inverted and picture.size == (700, 500)
        rows.append(picture.pixels)
    answers = model[1].forward(np.array(rows)).argmax(axis=1)
    originals = model[1].forward(X_test[:40]).argmax(axis=1)
    assert np.mean(answers == originals) >= 0.95


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "I;16", "F"])
@pytest.mark.parametrize("inverted", [True, False])
def test_modes(mode, inverted, tmp_path):
    pixels = 255 - ink(0) if inverted else ink(0)
    page = np.pad(pixels, 20, constant_values=255 if inverted else 0)
    path = saved(
        tmp_path / ("digit.tif" if mode in ("CMYK", "F", "I") else "digit.png"), page, mode
    )
    picture = read.read_picture(path)
    assert picture.inverted == inverted
    assert picture.pixels.shape == (784,) and picture.pixels.dtype == np.uint8
    assert np.corrcoef(picture.pixels, X_test[0])[0, 1] > 0.9


@pytest.mark.parametrize("gray", [0, 255])
def test_ink_on_transparent_ground(gray, tmp_path):
    pixels = np.full((280, 280, 4), gray, np.uint8)
    pixels[..., 3] = ink(0)
    picture = read.read_picture(saved(tmp_path / "digit.png", pixels, "RGBA"))
    assert picture.inverted == (gray == 0)
    assert np.corrcoef(picture.pixels, X_test[0])[0, 1] > 0.9


def test_faint_thin_and_tall_ink(tmp_path):
    """The digit fills the box of 20 pixels and is bright, whatever its size and color."""
    page = np.full((900, 1500), 120, np.uint8)
    page[100:800, 700] = 80
    pixels = read.read_picture(saved(tmp_path / "one.png", page)).pixels.reshape(28, 28)
    rows, columns = np.nonzero(pixels)
    assert np.ptp(rows) == 19 and np.ptp(columns) == 0 and pixels.max() == 255
    assert abs(rows.mean() - 14) <= 0.5 and abs(columns.mean() - 14) <= 0.5


def test_one_bright_pixel(tmp_path):
    page = np.zeros((9, 1), np.uint8)
    page[4] = 255
    assert read.read_picture(saved(tmp_path / "dot.png", page)).pixels.max() == 255


def test_answer_is_that_of_the_model(tmp_path, model, capsys):
    path = saved(tmp_path / "a seven.png", np.pad(255 - ink(0), 9, constant_values=255))
    outputs = model[1].forward(read.read_picture(path).pixels[None])[0]
    assert cli.main(["read", path, "--model", model[0]]) == 0
    text = capsys.readouterr().out
    for digit in range(10):
        assert f"{digit} {outputs[digit]:.3f}" in text
    assert f"It says 7 (activation {outputs[7]:.3f})" in " ".join(text.split())


def test_without_a_model_one_is_trained_that_can_be_kept(tmp_path, model, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path / "a seven.png", ink(0))
    assert cli.main(["read", path, "--seed", "3", "--epochs", "2"]) == 0
    text = capsys.readouterr().out
    keep, again = (
        shlex.split(line)[1:] for line in text.splitlines() if line.startswith("  cmlp ")
    )
    assert cli.main(keep) == 0
    assert (
        Experiment(ExperimentOptions(seed=3, epochs=2)).train().params.tobytes()
        == cmlp.load("digits.cmlp").params.tobytes()
    )
    capsys.readouterr()
    assert cli.main(again) == 0
    assert capsys.readouterr().out.strip() in text


def test_classifiers_are_read_with_their_labels(tmp_path, capsys):
    names = np.array(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    )
    estimator = cmlp.MLPClassifier(
        (8,), max_iter=5, random_state=0, solver="sgd", learning_rate_init=0.1
    )
    estimator.set_params(n_iter_no_change=5, tol=0)
    with pytest.warns(Warning):
        estimator.fit(X[:1000] / 255, names[y[:1000]])  # pixels from 0 to 1, and no input_scale
    estimator.save(tmp_path / "names.cmlp")
    path = saved(tmp_path / "digit.png", ink(0))
    assert cli.main(["read", path, "--model", str(tmp_path / "names.cmlp")]) == 0
    text = capsys.readouterr().out
    expected = estimator.predict_proba(read.read_picture(path).pixels[None] / np.float32(255))[0]
    for label, value in zip(estimator.classes_, expected, strict=True):
        assert f"{label:5} {value:.3f}" in text


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_widths_and_encodings(columns, encoding, tmp_path, model, capsysbinary, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    if encoding == "ascii":
        monkeypatch.setattr("cmlp._cli.terminal._can_encode", lambda stream, text: False)
    path = saved(tmp_path / "7.png", ink(0))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["read", "7.png", "--model", model[0]]) == 0
    text = capsysbinary.readouterr().out.decode()
    assert path and text.isascii() == (encoding == "ascii")
    if columns >= 40:
        assert max(map(len, text.splitlines())) <= columns


def test_verdicts():
    from cmlp.story.read import Answer, _verdict

    labels = ["0", "1", "2"]
    assert "no output is bright" in _verdict(Answer(np.array([0.1, 0.3, 0.2]), labels))
    assert "It says 1 (activation 0.900), but 2 is bright too (0.800)" in _verdict(
        Answer(np.array([0, 0.9, 0.8]), labels)
    )
    assert "not the probability" in _verdict(Answer(np.array([0, 0.9, 0.1]), labels))


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("missing.png", None, "missing.png cannot be read: No such file"),
        ("text.png", b"hello", "text.png is not a picture"),
        ("nothing.png", b"", "nothing.png is not a picture"),
        ("half.png", "half", "half.png is a damaged picture"),
        ("empty.png", "empty", "empty.png shows nothing"),
        (".", None, "cannot be read: Is a directory"),
        ("bomb.png", "bomb", "bomb.png is too large"),
    ],
)
def test_errors_are_one_line(name, content, expected, tmp_path, capsys, monkeypatch):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "half":
        saved(path, np.random.RandomState(0).randint(0, 256, (200, 200)).astype(np.uint8))
        path.write_bytes(path.read_bytes()[:5000])
    elif content == "empty":
        saved(path, np.full((40, 40), 200, np.uint8))
    elif content == "bomb":
        saved(path, ink(0))
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    if name == "." and cli.sys.platform == "win32":
        pytest.skip("Windows has another message")
    assert cli.main(["read", str(path), *FAST]) == 1
    output, errors = capsys.readouterr()
    assert output == "" and errors.count("\n") == 1 and errors.startswith("cmlp: error: ")
    assert expected in errors


def test_missing_pillow_is_reported(tmp_path, capsys, monkeypatch):
    path = saved(tmp_path / "7.png", ink(0))
    monkeypatch.setitem(cli.sys.modules, "PIL", None)
    assert cli.main(["read", path]) == 1
    assert "cmlp[images]" in capsys.readouterr().err


def test_models_of_other_kinds_are_reported(tmp_path, capsys):
    path = saved(tmp_path / "7.png", ink(0))
    other = tmp_path / "other.cmlp"
    cmlp.Network([2, 3]).save(other)
    assert cli.main(["read", path, "--model", str(other)]) == 1
    assert (
        "other.cmlp has 2 inputs; a picture of 28 x 28 pixels needs 784." in capsys.readouterr().err
    )
    cmlp.MLPRegressor(solver="lbfgs", hidden_layer_sizes=(2,)).fit(np.eye(4), np.arange(4)).save(
        other
    )
    assert cli.main(["read", path, "--model", str(other)]) == 1
    assert "holds an MLPRegressor" in capsys.readouterr().err
    other.write_bytes(b"nothing")
    assert cli.main(["read", path, "--model", str(other)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_noise_is_called_no_digit(tmp_path, model, capsys):
    path = saved(
        tmp_path / "noise.png", np.random.RandomState(0).randint(0, 256, (90, 90)).astype(np.uint8)
    )
    assert cli.main(["read", path, "--model", model[0]]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "This looks like no digit:" in text
        and "none for anything else, so it names one: It says" in text
    )


def test_two_digits_side_by_side_are_asked_for(tmp_path, model, capsys):
    path = saved(tmp_path / "two.png", np.hstack([ink(0), ink(7)]))
    assert cli.main(["read", path, "--model", model[0]]) == 0
    assert "Are these two digits?" in capsys.readouterr().out


def test_digits_raise_no_doubt():
    assert [find_doubt(image) for image in X_test] == [""] * len(X_test)
