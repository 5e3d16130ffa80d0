"""Create the drawn digits that the network of the page's film learns from, beside digits of MNIST.

Usage: ``python tools/make_drawn_digits.py``. MNIST has few crossed 7s, and none of its digits was
drawn with the pen of the page. The benchmark of readers, tests/page/test_readers.py, draws other
shapes in another way. The file has a digit in each line: its class, and its strokes as the address
of a page has them.
"""

from pathlib import Path
from random import Random

TARGET = Path(__file__).parents[1] / "src/cmlp/story/page/drawn.txt"
PER_SHAPES = 16  # digits of each list of shapes
CROSSED = 40  # sevens with a bar

# Shapes of each class in a square of 100 units, y downwards: points of strokes, which the page
# rounds off. "|" is between strokes.
SHAPES = {
    0: (
        "50,5 30,12 18,32 14,55 20,78 36,94 54,95 74,86 85,64 86,40 78,18 62,6 50,5",
        "70,14 48,4 26,16 15,42 18,72 34,92 58,96 78,80 86,52 80,26 66,10 44,6",
    ),
    1: (
        "52,4 51,30 50,60 49,97",
        "60,3 50,50 42,97",
        "30,24 44,14 56,2 55,40 55,97",
        "34,26 48,16 58,3 56,50 55,95|32,96 56,95 80,95",
    ),
    2: (
        "18,26 26,10 46,3 68,8 78,24 74,42 58,60 38,78 20,94 50,93 86,94",
        "24,20 40,5 62,5 76,18 76,36 62,56 42,74 24,88 20,92 32,82 46,82 60,92 74,96 88,88",
        "20,14 44,4 70,10 78,30 66,54 40,80 14,97 88,97",
    ),
    3: (
        "20,14 40,3 62,5 76,18 72,34 56,44 40,47 60,50 78,60 82,76 70,91 48,97 26,93 14,84",
        "18,6 48,5 80,5 62,22 44,40 64,44 80,58 80,78 64,94 40,97 16,88",
        "26,8 52,3 74,14 74,32 56,46 46,48 60,48 82,62 80,84 58,97 20,92",
    ),
    4: (
        "30,4 24,24 18,48 16,56 40,56 66,55 88,55|64,30 62,60 60,97",
        "62,3 46,24 28,46 12,64 40,65 64,65 90,64|63,4 62,50 61,97",
        "24,6 22,30 24,46 40,52 60,50 76,44|78,4 76,40 72,70 70,97",
        "70,97 70,60 71,30 72,4 50,28 30,48 10,66 50,66 92,66",
        "20,3 16,26 18,44 34,50 54,48 72,40 80,4 76,36 70,70 66,97",
    ),
    5: (
        "78,5 54,5 32,5 30,24 28,42 44,38 64,42 80,56 80,76 66,92 44,97 18,90",
        "34,6 32,24 28,44 48,38 70,46 80,64 74,84 54,96 30,95 14,84|34,6 56,5 82,3",
        "82,2 60,6 36,8 26,36 24,46 50,44 76,54 76,78 54,94 14,97",
    ),
    6: (
        "70,4 52,12 36,30 24,54 22,76 34,92 52,97 70,90 78,74 70,60 54,54 36,60 25,74",
        "54,2 38,24 26,50 22,74 32,92 54,97 74,86 74,68 58,58 38,64 26,80",
        "78,10 56,6 34,24 20,52 20,80 40,97 66,92 76,74 62,60 40,62 22,74",
    ),
    7: (
        "14,8 40,7 64,6 84,5 72,28 58,54 48,78 44,97",
        "16,14 20,5 50,7 86,6 66,36 50,66 40,97",
        "18,7 50,6 84,7 62,44 46,97",
    ),
    8: (
        "72,14 54,3 34,8 26,24 38,40 60,52 76,68 74,86 54,97 32,92 24,76 36,60 56,48 72,34 74,18 "
        "62,6",
        "50,46 32,36 28,18 42,5 60,5 72,18 68,36 50,46 32,60 24,78 36,94 56,97 74,86 74,66 62,54 "
        "50,46",
        "50,3 34,10 32,28 48,42 66,30 66,12 50,3|48,42 28,58 24,80 44,97 68,92 76,70 64,52 48,42",
        "76,10 50,3 28,14 34,36 64,58 72,82 50,97 28,84 38,58 68,36 78,12",
    ),
    9: (
        "74,22 60,7 40,6 26,20 26,38 40,50 58,46 72,30 76,14 75,44 72,70 68,97",
        "70,12 48,4 28,18 28,40 48,50 68,36 74,12 72,50 62,80 46,95 28,94",
        "76,8 54,4 32,14 26,34 42,46 62,38 76,10 66,52 54,97",
        "54,5 34,10 26,28 36,46 58,46 72,30 68,12 54,5|72,26 72,60 70,97",
    ),
}
CROSSED_SEVENS = (
    "16,7 48,6 84,6 68,34 52,66 42,97|28,54 52,51 78,48",
    "14,10 50,8 82,5 74,30 60,62 54,97|38,46 60,46 84,46",
    "20,18 22,5 52,6 84,4 64,40 46,97|30,48 54,50 76,52",
)


def spread(random: Random, size: float) -> float:
    """Return a random number around 0 with this standard deviation, at most three of them."""
    return 2 * size * (random.random() + random.random() + random.random() - 1.5)


def drawn(shape: str, random: Random) -> str:
    """Return the strokes of a shape drawn once: shaken, bent, slanted and turned.

    Only sums and products, which give the same numbers on every machine.
    """
    width = 0.72 * (1 + spread(random, 0.14))
    height = 1 + spread(random, 0.08)
    slant = 0.08 + spread(random, 0.14)
    turn = spread(random, 0.07)
    bends = [spread(random, 0.08) for _ in range(6)]
    strokes = []
    for points in shape.split("|"):
        right = spread(random, 0.05)
        down = spread(random, 0.05)
        numbers = []
        for point in points.split():
            across, along = point.split(",")
            x = int(across) / 50 - 1 + right + spread(random, 0.05)
            y = int(along) / 50 - 1 + down + spread(random, 0.05)
            u = x + bends[0] * y * y + bends[1] * x * y + bends[2] * x * x
            v = y + bends[3] * x * x + bends[4] * x * y + bends[5] * y * y
            u = width * u - slant * v
            v *= height
            numbers += [round(512 + 330 * (u - turn * v)), round(512 + 330 * (v + turn * u))]
        strokes.append("-".join(map(str, numbers)))
    return ".".join(strokes)


def digits() -> str:
    """Return the lines of the file, in random order."""
    random = Random(2)
    wanted = [(digit, PER_SHAPES, shapes) for digit, shapes in SHAPES.items()]
    wanted.append((7, CROSSED, CROSSED_SEVENS))
    lines = [
        f"{digit} {drawn(shapes[n % len(shapes)], random)}\n"
        for digit, count, shapes in wanted
        for n in range(count)
    ]
    random.shuffle(lines)
    return "".join(lines)


if __name__ == "__main__":
    TARGET.write_text(digits(), encoding="ascii", newline="\n")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
