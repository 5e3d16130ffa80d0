"""`cmlp watch`: the same training as elsewhere, shown frame by frame; keys, and how the terminal is left."""

import os
import re
import signal
import sys
from itertools import pairwise

import numpy as np
import pytest
from terminals import Pty, output_of, terminal

import cmlp
from cmlp._cli.experiment import Experiment, ExperimentOptions, percent_right
from cmlp._cli.terminal import clip, without_codes
from cmlp.story import animation
from cmlp.story.animation import Learning, Player, frame_lines
from cmlp.story.case import Example, image_of
from cmlp.story.drawing import digit_lines, patch_lines

posix = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")
slow = pytest.mark.slow


def learning_of(**options):
    return Learning(Experiment(ExperimentOptions(**{"epochs": 2, **options})))


def first_nine(learning):
    data = learning.experiment.data
    image = image_of("9", 1, data.y_train, data.labels)
    return Example(image, data.X_train[image], "9")


@pytest.fixture(scope="module")
def trained():
    """A finished training of two epochs."""
    learning = learning_of()
    learning.go_to(learning.total)
    return learning


# ---------------------------------------------------------------------------------------------------- the training


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"method": "fast", "hidden": (8,)}, marks=slow),
        pytest.param({"batch": 333, "epochs": 3}, marks=slow),
    ],
)
def test_training_in_parts_gives_the_same_bits(options):
    """Also with Adam and a learning rate that changes from batch to batch."""
    learning = learning_of(**options)
    for target in (1, 2, 15, 16, 30, 10**9):
        learning.go_to(target)
    assert learning.finished and learning.batch == learning.total
    whole = Experiment(ExperimentOptions(**{"epochs": 2, **options})).train()
    np.testing.assert_array_equal(learning.experiment.network.params, whole.params)


def test_measurements_are_those_of_the_network():
    learning = learning_of(epochs=1)
    learning.go_to(123)
    network, (X, y, X_test, y_test) = learning.experiment.network, learning.experiment.data
    costs = network.cost(X, y), network.cost(X_test, y_test)
    assert learning.now == (
        123,
        (*costs, percent_right(network, X, y), percent_right(network, X_test, y_test)),
    )
    learning.go_to(500)
    batches = [point.batch for point in learning.history]
    assert batches[0] == 0 and batches[-1] == 500 and len(batches) == 61


def test_costly_networks_are_measured_now_and_then(monkeypatch):
    monkeypatch.setattr(animation, "_CHEAP", 0)
    learning = learning_of(epochs=1)
    learning.go_to(350)
    batches = [point.batch for point in learning.history]
    due = {learning.batches_at(share) for share in np.linspace(0, 1, 13)}
    assert batches == sorted(batch for batch in due if batch <= 350)
    assert learning.now.batch == batches[-1]
    line = animation._header(terminal(), learning, 79)
    assert line.startswith(
        f"epoch 1 of 1   after batch {batches[-1]}: cost {learning.now.measured.cost:.3f} "
    )


def test_epoch_and_batch_are_counted():
    learning = learning_of(epochs=3, batch=1000)
    seen = []
    for batch in range(16):
        learning.go_to(batch)
        seen.append(
            re.match(
                r"epoch (\d) of 3, batch (\d) of 5", animation._header(terminal(), learning, 79)
            ).groups()
        )
    assert seen == [("1", "0"), *((epoch, batch) for epoch in "123" for batch in "12345")]


@pytest.mark.parametrize("total", [1, 7, 100, 101, 15_000])
def test_pace_starts_slowly_and_ends_with_the_last_batch(total):
    pace = Learning.__new__(Learning)
    pace.total = total
    batches = [pace.batches_at(share) for share in np.linspace(0, 1, 401)]
    assert batches[0] == 0 and batches[-1] == total
    assert all(a <= b for a, b in pairwise(batches))
    if total > 1000:
        assert 90 <= pace.batches_at(0.15) <= 110
    for batch in {1, total // 3, total // 2, total} - {0}:
        assert pace.batches_at(pace.share_at(batch)) == batch


# ---------------------------------------------------------------------------------------------------------- frames


def test_frame_shows_the_measurements_and_the_outputs(trained):
    example = first_nine(trained)
    lines = frame_lines(terminal(), trained, example, 79, 23)
    now = trained.now.measured
    assert lines[0].startswith(
        f"epoch 2 of 2, batch 500 of 500   cost {now.cost:.3f}   "
        f"right {now.accuracy:.1f} %, new images {now.test_accuracy:.1f} %"
    )
    outputs = trained.experiment.network.forward(example.row[None])[0]
    for n, line in enumerate(lines[-10:]):
        assert f" {n} {outputs[n]:.2f}" in line
    assert len(lines) == 23
    names = " ".join(lines[1].split() + lines[7].split())
    assert names == " ".join(f"A{n}" for n in range(1, 17))


def test_frame_shows_the_image_beside_its_outputs(trained):
    example = first_nine(trained)
    image = digit_lines(terminal(), example.row)
    lines = frame_lines(terminal(), trained, example, 79, 23)[-10:]
    assert [line[: len(image[0])].rstrip() for line in lines] == [
        line.rstrip() for line in image[:10]
    ]


@pytest.mark.parametrize("width", [79, 99, 119, 159])
def test_weight_images_fill_the_width(trained, width):
    data = trained.experiment.data
    lines = patch_lines(terminal(colors=256), trained.experiment.network, data.labels, width, 30)
    assert width - 8 < max(len(without_codes(line)) for line in lines) <= width


def test_curves_are_where_the_measurements_say(trained):
    history = [(trained.share_at(point.batch), point.measured) for point in trained.history]
    lines = animation.training_charts(terminal(), history, [], 55, 9)
    assert lines[0].split("   ")[0] == "cost  ● old  ○ new"
    chart = [line.ljust(80)[29:] for line in lines[1:-1]]
    width = max(n for line in chart for n, mark in enumerate(line[4:]) if mark == "●")
    for point in trained.history:
        share, position = point.measured.accuracy / 100, trained.share_at(point.batch)
        assert any(
            abs((len(chart) - 1 - row) / (len(chart) - 1) - share) < 0.1
            and abs(column - position * width) < 1
            for row, line in enumerate(chart)
            for column, mark in enumerate(line[4:])
            if mark == "●"
        ), point


@pytest.mark.parametrize("width", [59, 79, 119])
@pytest.mark.parametrize("height", [10, 18, 24, 40])
@pytest.mark.parametrize("capabilities", [{}, {"blocks": False}, {"colors": 256}])
def test_frame_keeps_the_width_and_the_height(trained, width, height, capabilities):
    lines = frame_lines(terminal(**capabilities), trained, first_nine(trained), width, height - 1)
    assert max(len(without_codes(line)) for line in lines) <= width
    assert len(lines) < max(height, 12)
    assert capabilities.get("blocks", True) or all(without_codes(line).isascii() for line in lines)


def test_network_without_hidden_layers_shows_its_outputs():
    learning = learning_of(hidden=(), epochs=1)
    data = learning.experiment.data
    lines = patch_lines(terminal(), learning.experiment.network, data.labels, 79, 12)
    assert lines[0].split() == list("01234567") and lines[6].split() == ["8", "9"]


@pytest.mark.parametrize(
    "costs", [[3.0, 0.5], [2.0, 0.02], [1.0, 1e-5], [float("nan"), 0.0], [0.05, 0.05]]
)
def test_cost_axis_contains_all_costs(costs):
    low, high = animation.cost_limits(costs)
    assert 0 < low < high
    assert all(low <= cost <= high for cost in costs if cost > 0)


def test_clipped_lines_keep_their_escape_codes():
    line = "\x1b[1mabc\x1b[0mdef"
    assert clip(line, 6) == line
    assert clip(line, 4) == "\x1b[1mabc\x1b[0md"
    assert without_codes(clip(line, 2)) == "ab" and clip(line, 2).endswith("\x1b[0m")


# ------------------------------------------------------------------------------------------------------------ keys


class Counter:
    """Counts batches instead of training."""

    total, batch = 1000, 0
    batches_at, share_at = Learning.batches_at, Learning.share_at

    @property
    def finished(self):
        return self.batch == self.total

    def go_to(self, target):
        self.batch = min(target, self.total)


class Script:
    """A clock, and keys that are pressed at given times; records the batches of all frames."""

    def __init__(self, learning, keys):
        self.learning, self.keys, self.now = learning, dict(keys), 0.0
        self.frames = []

    def clock(self):
        return self.now

    def read(self, timeout):
        self.now = round(self.now + timeout, 3)
        due = [seconds for seconds in self.keys if seconds <= self.now]
        return self.keys.pop(due[0]) if due else None

    def draw(self):
        self.frames.append((self.now, self.learning.batch))

    def play(self, seconds=20):
        player = Player(self.learning, seconds)
        player.play(self.read, self.draw, self.clock)
        return player

    def batch_at(self, seconds):
        return max(batch for time, batch in self.frames if time <= seconds)


def test_training_takes_the_given_time():
    script = Script(Counter(), [])
    script.play(20)
    assert 19.5 < script.now < 20.5 and script.learning.finished
    assert 20 < script.batch_at(3.0) < 60 and script.batch_at(10) < script.learning.total / 3


def test_space_pauses_and_goes_on():
    script = Script(Counter(), {2: " ", 12: " "})
    script.play(20)
    assert script.batch_at(2.1) == script.batch_at(11.9) > 0
    assert 29 < script.now < 31.5


def test_n_takes_one_batch_and_pauses():
    script = Script(Counter(), {2: "n", 3: "n", 4: "n", 5: " "})
    script.play(20)
    first = script.batch_at(2.2)
    assert [script.batch_at(seconds) for seconds in (3.4, 4.4)] == [first + 1, first + 2]
    assert script.learning.finished


def test_training_goes_on_after_single_batches_where_it_is():
    script = Script(Counter(), {0.5 * n: "n" for n in range(1, 61)})
    script.keys[31] = " "
    script.play(20)
    at_end_of_pause = script.batch_at(31)
    assert at_end_of_pause > 60
    assert script.batch_at(31.6) > at_end_of_pause


def test_plus_and_minus_change_the_speed():
    fast, slow = Script(Counter(), {0.1: "+"}), Script(Counter(), {0.1: "-"})
    fast.play(20)
    slow.play(20)
    assert 9 < fast.now < 11 and 38 < slow.now < 42


@pytest.mark.parametrize("key", ["q", "escape"])
def test_q_ends(key):
    script = Script(Counter(), {1: key, 2: "x"})
    script.play(20)
    assert 1 <= script.now < 1.5 and not script.learning.finished


def test_left_goes_back():
    script = Script(Counter(), {10: "left"})
    script.play(20)
    assert dict(script.frames)[10.1] < dict(script.frames)[9.0]
    assert 21.5 < script.now < 22.5


def test_keys_say_what_they_do():
    player = Player(Counter(), 20)
    assert player.keys() == "space pause   q end   left back   n one batch   + - speed"
    player.press("-")
    player.press(" ")
    assert player.keys() == "space go on   q end   left back   n one batch   + - speed 0.5x"


# ----------------------------------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("columns", "encoding"),
    [
        (60, "ascii"),
        *(
            pytest.param(columns, encoding, marks=slow)
            for columns in (80, 120)
            for encoding in ("utf-8", "cp437")
        ),
    ],
)
def test_pipe_gets_a_few_frames_at_once(monkeypatch, columns, encoding):
    text = output_of(monkeypatch, "watch", "--epochs", "1", columns=columns, encoding=encoding)
    assert max(map(len, text.splitlines())) < columns
    assert "\x1b" not in text and text.isascii() == (encoding != "utf-8")
    frames = [line for line in text.splitlines() if line.startswith("epoch 1 of 1")]
    assert len(frames) == 3
    if columns > 60:
        assert [re.search(r"batch (\d+) of 500", line)[1] for line in frames] == ["0", "100", "500"]


@slow
def test_model_is_saved(monkeypatch, tmp_path):
    model = tmp_path / "a.cmlp"
    output_of(monkeypatch, "watch", "3", "--epochs", "1", "--save", str(model))
    np.testing.assert_array_equal(
        cmlp.load(model).params, Experiment(ExperimentOptions(epochs=1)).train().params
    )


def test_diverging_training_is_one_line_on_standard_error(monkeypatch, capsys):
    arguments = ["watch", "--activation", "relu", "--rate", "1e30", "--epochs", "1"]
    output_of(monkeypatch, *arguments, status=1)
    error = capsys.readouterr().err
    assert error.startswith("cmlp: error: ") and error.count("\n") == 1


def test_frames_of_very_short_trainings(monkeypatch):
    text = output_of(monkeypatch, "watch", "--epochs", "1", "--batch", "5000")
    assert "batch 0 of 1 " in text and "batch 1 of 1 " in text


@posix
def test_keys_on_a_terminal():
    with Pty("watch", "--seconds", "30", "--epochs", "2") as pty:
        pty.wait_for("space pause")
        pty.press(" ")
        pty.wait_for("space go on")
        before = int(re.findall(r"batch (\d+) of", pty.wait_for("space go on"))[-1])
        pty.press("n")
        pty.wait_for(f"batch {before + 1} of 500")
        pty.press("+")
        pty.wait_for("speed 2x")
        pty.press("q")
        status, written = pty.end()
        assert status == 0 and pty.mode_is_restored()
    assert written.count("\x1b[?1049h") == written.count("\x1b[?1049l") == 1
    assert written.index("\x1b[?25l") < written.index("\x1b[?25h")
    after = written[written.index("\x1b[?1049l") :]
    assert (
        f"batch {before + 1} of 500" in after
        and f"ended after batch {before + 1} of 1,000" in after
    )


@posix
@slow
@pytest.mark.parametrize(
    ("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGQUIT", 131)]
)
def test_signals_leave_the_terminal_as_it_was(name, status):
    number = getattr(signal, name)
    before = (
        signal.signal(number, signal.SIG_DFL) if name == "SIGHUP" else None
    )  # which nohup ignores, then also watch
    with Pty("watch", NO_COLOR="1") as pty:
        if before is not None:
            signal.signal(number, before)
        pty.wait_for("space pause")
        if name == "SIGINT":
            pty.press("\x03")
        else:
            os.kill(pty.process.pid, number)
        assert pty.end()[0] == status
        assert pty.mode_is_restored()
        assert pty.written.count("\x1b[?1049l") == pty.written.count("\x1b[?25h") == 1


@posix
@slow
def test_stopping_and_continuing_restores_and_takes_the_terminal():
    with Pty("watch") as pty:
        pty.wait_for("space pause")
        assert not pty.mode_is_restored()
        os.kill(pty.process.pid, signal.SIGTSTP)
        pty.wait_for(re.escape("\x1b[?1049l"))
        # An orphaned process group is not stopped by SIGTSTP: the command goes on at once.
        os.kill(pty.process.pid, signal.SIGCONT)
        pty.wait_for(r"\x1b\[\?1049h")
        pty.wait_for("space pause")
        assert not pty.mode_is_restored()
        pty.press("q")
        assert pty.end()[0] == 0
        assert pty.mode_is_restored()


@posix
@slow
def test_closed_terminal_ends_the_command():
    with Pty("watch") as pty:
        pty.wait_for("space pause")
        os.close(pty.master)
        pty.process.wait(timeout=20)
        pty.master = os.open(os.devnull, os.O_RDONLY)
        assert pty.process.returncode != 0


@posix
@slow
def test_dumb_terminal_gets_the_frames_of_a_pipe():
    with Pty("watch", "--epochs", "1", TERM="dumb") as pty:
        status, written = pty.end()
    assert status == 0 and "\x1b" not in written
    assert "batch 100 of 500" in written
