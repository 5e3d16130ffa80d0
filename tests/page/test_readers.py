"""How many digits that programs draw the networks of the page read. The page places them.

``python -m pytest -m slow -s tests/page/test_readers.py`` prints the shares. No network has
learned from these shapes: tools/make_drawn_digits.py has others, and draws them in another way.
"""

import math
from random import Random

import pytest
from browser import drawings
from c_build import ROOT
from helpers import imported
from page_parts import THREE

# Strokes in a square of side 1, y downwards; the page rounds them off.
SHAPES = {
    "0": [
        [
            (0.5, 0.12),
            (0.28, 0.3),
            (0.26, 0.65),
            (0.5, 0.88),
            (0.72, 0.68),
            (0.72, 0.32),
            (0.5, 0.12),
        ]
    ],
    "1": [[(0.5, 0.12), (0.5, 0.88)]],
    "1 with a hook": [[(0.36, 0.3), (0.52, 0.12), (0.52, 0.88)]],
    "2": [
        [
            (0.3, 0.3),
            (0.42, 0.14),
            (0.62, 0.16),
            (0.7, 0.34),
            (0.52, 0.6),
            (0.28, 0.86),
            (0.74, 0.86),
        ]
    ],
    "3": [
        [(0.3, 0.2), (0.5, 0.12), (0.68, 0.24), (0.62, 0.42), (0.48, 0.48)]
        + [(0.68, 0.56), (0.7, 0.76), (0.5, 0.88), (0.28, 0.8)]
    ],
    "4": [[(0.34, 0.14), (0.28, 0.55), (0.74, 0.55)], [(0.62, 0.14), (0.62, 0.88)]],
    "5": [
        [
            (0.7, 0.14),
            (0.36, 0.14),
            (0.33, 0.45),
            (0.55, 0.42),
            (0.7, 0.6),
            (0.62, 0.84),
            (0.3, 0.85),
        ]
    ],
    "6": [
        [(0.64, 0.13), (0.42, 0.3), (0.31, 0.6), (0.38, 0.85)]
        + [(0.6, 0.86), (0.68, 0.68), (0.52, 0.55), (0.34, 0.65)]
    ],
    "7": [[(0.28, 0.16), (0.72, 0.16), (0.5, 0.5), (0.42, 0.88)]],
    "7 with a bar": [[(0.28, 0.16), (0.72, 0.16), (0.46, 0.88)], [(0.36, 0.5), (0.66, 0.5)]],
    "8": [
        [(0.5, 0.48), (0.32, 0.34), (0.4, 0.14), (0.62, 0.14), (0.68, 0.32), (0.5, 0.48)]
        + [(0.3, 0.68), (0.42, 0.87), (0.64, 0.84), (0.68, 0.64), (0.5, 0.48)]
    ],
    "9": [
        [(0.68, 0.3), (0.52, 0.14), (0.34, 0.26), (0.38, 0.46), (0.58, 0.46)]
        + [(0.68, 0.3), (0.66, 0.6), (0.6, 0.88)]
    ],
}
TIMES = 40  # each shape is drawn
UNITS = 1024  # of the pad's side


def drawn(strokes, random):
    """Return the strokes of a digit in units of the pad: slanted, stretched, turned and shaken."""

    def spread(size):
        return size * sum(random.uniform(-0.5, 0.5) for _ in range(3))

    slant, turn = spread(0.25), spread(0.12)
    width, height = 1 + spread(0.25), 1 + spread(0.15)

    def placed(x, y):
        v = height * (y - 0.5)
        u = width * (x - 0.5) - slant * v
        right = u * math.cos(turn) - v * math.sin(turn) + spread(0.025)
        down = u * math.sin(turn) + v * math.cos(turn) + spread(0.025)
        return [round(512 + 820 * right), round(512 + 820 * down)]

    return [[placed(*point) for point in stroke] for stroke in strokes]


def digits_of_shapes():
    random = Random(1)
    return [
        (int(name[0]), drawn(strokes, random))
        for name, strokes in SHAPES.items()
        for _ in range(TIMES)
    ]


def digits_of_arcs():
    """The digits of arcs and lines that other tests draw with the mouse."""
    return [
        (digit, [[[round(UNITS * c) for c in point] for point in stroke] for stroke in strokes])
        for digit in range(10)
        for strokes in drawings(digit, TIMES)
    ]


SHARES = """([sets, step]) => {
    film.facts.training.advance(1e9);
    const nets = { film: film.facts.learned(step).net, trained };
    return Object.fromEntries(Object.entries(nets).map(([name, net]) => {
        const says = (input) => winner(net.forward(input).a[3]);
        const right = ([label, strokes]) => says(toImage(strokes).map((q) => q * white)) === label;
        const shares = sets.map((all) => all.filter(right).length / all.length);
        return [name, [...shares, rightShare(net)]];
    }));
}"""


@pytest.mark.slow
def test_networks_of_the_page_read_drawn_digits(watch, story_path):
    page = watch(story_path, f"#film?draw={THREE}&is=3")
    page.evaluate("film.pause()")
    shares = page.evaluate(SHARES, [[digits_of_shapes(), digits_of_arcs()], 2000])
    for name, (shapes, arcs, test) in shares.items():
        print(f"{name}: {shapes:.1%} of shapes, {arcs:.1%} of arcs, {test:.1%} of 300 test digits")
    assert min(shares["film"][:2]) >= 0.85
    assert shares["film"][2] >= 0.82
    assert min(shares["trained"][:2]) >= 0.95


@pytest.mark.slow
def test_page_learns_from_mnist_and_drawn_digits(watch, story_path):
    page = watch(story_path, "#film")
    assert page.evaluate("[examples.train.length, examples.test.length, examples.all.length]") == [
        1400,
        300,
        1700,
    ]
    lines = (ROOT / "src/cmlp/story/page/drawn.txt").read_text("ascii").splitlines()
    label, draw = lines[0].split()
    assert page.evaluate(
        """([label, draw]) => {
            const { input, label: found, targets } = examples.train[1200];
            const image = toImage(strokesOf(draw)).map((value) => value * white);
            const isSame = input.every((value, k) => value === image[k]);
            return isSame && found === label && targets[label] === 1;
        }""",
        [int(label), draw],
    )


def test_tool_makes_the_drawn_digits():
    made = imported(ROOT / "tools/make_drawn_digits.py").digits()
    assert made == (ROOT / "src/cmlp/story/page/drawn.txt").read_text("ascii")
    lines = made.splitlines()
    assert len(lines) == 200
    assert sum(line[0] == "7" and "." in line for line in lines) == 40
    numbers = [int(part) for line in lines for part in line[2:].replace(".", "-").split("-")]
    assert 0 <= min(numbers) and max(numbers) < UNITS
