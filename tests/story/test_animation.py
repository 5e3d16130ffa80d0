"""The same training as elsewhere, shown frame by frame; keys, and how the terminal is left."""

import os
import re
import signal
import sys
from itertools import pairwise

import numpy as np
import pytest
from helpers import DEADLOCK
from terminals import Pty, terminal

from cmlp._cli.story_network import StoryTraining
from cmlp._cli.terminal import clip, without_codes
from cmlp.story import animation, story_network
from cmlp.story.animation import Learning, Player, body_lines
from cmlp.story.drawing import digit_lines, patch_lines

posix = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")
slow = pytest.mark.slow


def first_nine(learning):
    data = learning.training.data
    return data.X_train[np.flatnonzero(data.y_train == 9)[0]]


@pytest.fixture(scope="module")
def trained():
    """A finished training of two epochs."""
    learning = Learning(StoryTraining(n_epochs=2))
    learning.go_to(learning.total)
    return learning


# ---------------------------------------------------------------------------------------------------- the training


def test_training_in_parts_gives_the_same_bits():
    learning = Learning(StoryTraining(seed=4, n_epochs=2))
    for target in (1, 2, 15, 16, 30, 20, 10**9):
        learning.go_to(target)
    assert learning.finished and learning.batch == learning.total == 1000
    network = learning.training.network
    np.testing.assert_array_equal(network.params, story_network(2, seed=4).params)


def test_measurements_are_those_of_the_network():
    learning = Learning(StoryTraining(n_epochs=1))
    learning.go_to(123)
    network, (X, y, X_test, y_test) = learning.training.network, learning.training.data
    outputs, new = network.forward(X).astype(float), network.forward(X_test).argmax(axis=1)
    cost = ((outputs - np.eye(10)[y]) ** 2).sum(axis=1).mean()
    assert learning.now.cost == network.cost(X, y) == pytest.approx(cost, rel=1e-5)
    assert learning.now.test_cost == network.cost(X_test, y_test)
    assert learning.now.accuracy == pytest.approx(100 * (outputs.argmax(axis=1) == y).mean())
    assert learning.now.test_accuracy == pytest.approx(100 * (new == y_test).mean())
    learning.go_to(500)
    batches = [point.batch for point in learning.history]
    assert batches[0] == 0 and batches[-1] == 500 and len(batches) == 61


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


def test_frame_shows_the_names_and_the_outputs(trained):
    row = first_nine(trained)
    lines = body_lines(terminal(), trained, row, 79, 22)
    outputs = trained.training.network.forward(row[None])[0]
    for n, line in enumerate(lines[-10:]):
        assert f" {n} {outputs[n]:.2f}" in line
    assert len(lines) == 22
    names = " ".join(lines[0].split() + lines[6].split())
    assert names == " ".join(f"A{n}" for n in range(1, 17))


def test_frame_shows_the_image_beside_its_outputs(trained):
    row = first_nine(trained)
    image = digit_lines(terminal(), row)
    lines = body_lines(terminal(), trained, row, 79, 22)[-10:]
    assert [line[: len(image[0])].rstrip() for line in lines] == [
        line.rstrip() for line in image[:10]
    ]


@pytest.mark.parametrize("width", [79, 99, 119, 159])
def test_weight_images_fill_the_width(trained, width):
    lines = patch_lines(terminal(colors=256), trained.training.network, width, 30)
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
    lines = body_lines(terminal(**capabilities), trained, first_nine(trained), width, height - 2)
    assert max(len(without_codes(line)) for line in lines) <= width
    assert len(lines) <= max(height - 2, 10)
    assert capabilities.get("blocks", True) or all(without_codes(line).isascii() for line in lines)


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


@pytest.mark.parametrize("key", ["q", "escape", "enter"])
def test_q_ends(key):
    script = Script(Counter(), {1: key, 2: "x"})
    script.play(20)
    assert 1 <= script.now < 1.5 and not script.learning.finished


def test_left_goes_back():
    script = Script(Counter(), {10: "left"})
    script.play(20)
    assert dict(script.frames)[10.1] < dict(script.frames)[9.0]
    assert 21.5 < script.now < 22.5


# ---------------------------------------------------------------------------------------------- the terminal


@posix
@slow
@pytest.mark.parametrize(
    ("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGQUIT", 131)]
)
def test_signals_leave_the_terminal_as_it_was(name, status):
    number = getattr(signal, name)
    before = (
        signal.signal(number, signal.SIG_DFL) if name == "SIGHUP" else None
    )  # which nohup ignores, then also cmlp
    with Pty(NO_COLOR="1") as pty:
        if before is not None:
            signal.signal(number, before)
        pty.wait_for("space +pause")
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
    with Pty() as pty:
        pty.wait_for("space +pause")
        assert not pty.mode_is_restored()
        os.kill(pty.process.pid, signal.SIGTSTP)
        pty.wait_for(re.escape("\x1b[?1049l"))
        # An orphaned process group is not stopped by SIGTSTP: the command goes on at once.
        os.kill(pty.process.pid, signal.SIGCONT)
        pty.wait_for(r"\x1b\[\?1049h")
        pty.wait_for("space +pause")
        assert not pty.mode_is_restored()
        pty.press("q")
        pty.wait_for("quit")
        pty.press("q")
        assert pty.end()[0] == 0
        assert pty.mode_is_restored()


@posix
@slow
def test_closed_terminal_ends_the_command():
    with Pty() as pty:
        pty.wait_for("space +pause")
        os.close(pty.master)
        pty.process.wait(timeout=DEADLOCK)
        pty.master = os.open(os.devnull, os.O_RDONLY)
        assert pty.process.returncode != 0
