"""docs/story-claims.md: every claim names screens, commands and calls that exist."""

import contextlib
import copy
import io
import re
import shlex

import pytest
from c_build import ROOT

from cmlp import __main__ as cli
from cmlp._cli.terminal import Terminal, visible
from cmlp.story.script import SCREENS
from cmlp.story.story import N_SCREENS, Story
from cmlp.story.tale import Tale

DOCUMENT = ROOT / "docs/story-claims.md"
N_CLAIMS = 41

if not DOCUMENT.exists():
    pytest.skip("the documents are in the source tree only", allow_module_level=True)


def claims():
    """Yield number, screens and call of each row."""
    for row in DOCUMENT.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"\| (\d+) \| .+ \| ([\d, ]+) \| `(.+)` \|", row)
        if match:
            yield int(match[1]), [int(number) for number in match[2].split(",")], match[3]


@pytest.fixture(scope="module")
def story():
    return Story(Tale(), Terminal(io.StringIO(), rewrites=False, colors=0, blocks=True), "cmlp")


@pytest.fixture(scope="module")
def program(story):
    """The names of the Python program at the end of the story."""
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("\n".join(story.program_lines()), names)
    assert printed.getvalue() == story.program_lines()[-1].partition("  # ")[2] + "\n" == "0.889\n"
    assert names["net"].params.tobytes() == story.tale.params(30).tobytes()
    return names


def accept(text, names):
    """Parse a command, or run a line of Python on a copy of the network.

    Both raise an error if something in it does not exist.
    """
    if text.startswith("cmlp "):
        cli.make_parser("cmlp").parse_args(shlex.split(text)[1:])
    else:
        exec(text, {**names, "net": copy.deepcopy(names["net"])})


def test_every_claim_has_a_row():
    assert [number for number, _, _ in claims()] == list(range(1, N_CLAIMS + 1))


def test_every_claim_names_screens_that_exist():
    assert len(SCREENS) == N_SCREENS
    shown = {screen for _, screens, _ in claims() for screen in screens}
    assert shown == set(range(1, N_SCREENS + 1))


def test_every_call_of_a_claim_works(program):
    for number, _, call in claims():
        with contextlib.suppress(SystemExit):
            accept(call, program)
            continue
        pytest.fail(f"claim {number}: {call}")


def test_everything_to_try_works(story, program):
    for number in range(N_SCREENS):
        with contextlib.suppress(SystemExit):
            accept(story.suggestion(number), program)
            continue
        pytest.fail(f"screen {number + 1}: {story.suggestion(number)}")


def number_in(text):
    return re.search(r"\d+\.?\d*(e-?\d+)?(?=\)?$)", text)[0]


# What the suggested line of Python prints, as it stands on the screen.
SHOWN = {
    2: lambda value: f"this rule .* {100 * float(re.search(r'[0-9]+[.][0-9]+', value)[0]):.0f}( |$)",
    3: lambda value: " ".join(re.findall(r"\d\.\d*", value.replace("]", " "))[:1]),
    6: lambda value: "they excite {}, {} and {} neurons".format(*re.findall(r"\d+", value)),
    8: lambda value: f"{float(re.search(r'0[.][0-9]+', value)[0]):.4f}",
    9: lambda value: re.search(r"\d+\.\d+", value)[0],
    10: lambda value: f"becomes {float(re.search(r'[0-9]+[.][0-9]+', value)[0]):.2f}",
    11: lambda value: ".*".join(f"{int(number):,}" for number in re.findall(r"\d+", value)),
    13: lambda value: f"{float(number_in(value)):.5f}",
    14: lambda value: f"the cost is {float(number_in(value)):.4f}",
    21: lambda value: r" .{6} ".join(rf"\{float(change):+.5f}" for change in re.findall(r"-?0\.\d+", value)[:4]),
}


def test_lines_of_python_print_what_their_screens_show(story, program):
    """All of them are run in the order of the screens, in the same names: none changes what a later one shows."""
    before = program["net"].params.tobytes()
    for number in range(N_SCREENS):
        text = story.suggestion(number)
        if story.is_command(text):
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(text, f"screen {number + 1}", "single"), program)
        shown = " ".join(" ".join(visible(line) for line in story.whole(number)).split())
        expected = SHOWN.pop(number + 1)(printed.getvalue().strip())
        assert re.search(expected, shown), f"screen {number + 1} does not show {expected}"
        assert story.result_lines(number) == printed.getvalue().splitlines()
    assert not SHOWN
    assert program["net"].params.tobytes() == before


def test_suggestions_keep_the_seed():
    story = Story(Tale(7), Terminal(io.StringIO(), rewrites=False, colors=0, blocks=True), "python -m cmlp")
    assert story.suggestion(0) == "python -m cmlp look 3 --seed 7"
    assert story.suggestion(11) == "python -m cmlp digits --seed 8"
    assert "RandomState(7)" in "\n".join(story.program_lines())
