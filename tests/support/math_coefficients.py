"""Derive the polynomial coefficients of src/cmlp/core/kernels/math_tmpl.h.

Each polynomial is the minimax approximation (Remez's exchange algorithm) of its
function under a weight which makes the error relative to the final result. The
coefficients are then rounded to the type, and the error of the rounded polynomial
is printed as well. Needs mpmath:

    python tests/support/math_coefficients.py          # print the tables
    python tests/support/math_coefficients.py --check  # compare them with the header
"""

import argparse
import pathlib
import sys

import mpmath as mp

HEADER = pathlib.Path(__file__).parents[2] / "src/cmlp/core/kernels/math_tmpl.h"


def expm1_rest(r):
    """Return (exp(r) - 1 - r) / r**2."""
    if abs(r) < mp.mpf("0.01"):
        return mp.fsum(r**k / mp.factorial(k + 2) for k in range(25))
    return (mp.expm1(r) - r) / r**2


def log_rest(z):
    """Return (log((1 + s) / (1 - s)) / s - 2) / s**2 as a function of z = s**2."""
    if z < mp.mpf("0.001"):
        return mp.fsum(2 * z**k / (2 * k + 3) for k in range(25))
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) / s - 2) / z


# The exponential: |r| <= log(2) / 2, a little more for the rounding of x / log(2).
# The error counts relative to exp(r) - 1, for tanh needs that.
EXP_RANGE = (-mp.log(2) / 2 * mp.mpf("1.0001"), mp.log(2) / 2 * mp.mpf("1.0001"))


def exp_weight(r):
    return abs(r**2 / mp.expm1(r)) if r else mp.mpf(0)


# The logarithm: s = f / (2 + f), f from sqrt(1/2) - 1 to 1/2. The error counts
# relative to log(1 + f) ~ 2 s.
LOG_RANGE = (mp.mpf(0), mp.mpf("0.04"))


def log_weight(z):
    return z / 2


# The normal distribution's tail Phi(-u), for gelu: (1 + u) exp(u**2 / 2) Phi(-u) in t = (u - 4) / (u + 4).
TAIL_CENTER = 4


def normal_tail(t):
    u = TAIL_CENTER * (1 + t) / (1 - t)
    return (1 + u) * mp.exp(u * u / 2) * mp.erfc(u / mp.sqrt(2)) / 2


def tail_weight(t):
    return 1 / normal_tail(t)


def tail_range(most):
    return mp.mpf(-1), (mp.mpf(most) - TAIL_CENTER) / (mp.mpf(most) + TAIL_CENTER)


TABLES = [
    # name, type, number of coefficients, function, weight, range
    ("exp_rest", 32, 5, expm1_rest, exp_weight, EXP_RANGE),
    ("log_rest", 32, 3, log_rest, log_weight, LOG_RANGE),
    ("normal_tail", 32, 11, normal_tail, tail_weight, tail_range("13.5")),
    ("exp_rest", 64, 11, expm1_rest, exp_weight, EXP_RANGE),
    ("log_rest", 64, 8, log_rest, log_weight, LOG_RANGE),
    ("normal_tail", 64, 22, normal_tail, tail_weight, tail_range("38.8")),
]


def minimax(function, weight, interval, n):
    """Return n coefficients, constant first, and the weighted error they reach."""
    low, high = interval
    # About Chebyshev's extrema, moved so that none falls where the weight vanishes.
    angles = [mp.pi * (i + mp.mpf("0.4")) / (n + mp.mpf("0.9")) for i in range(n + 1)]
    points = [low + (high - low) * (1 - mp.cos(angle)) / 2 for angle in angles]
    for _ in range(30):
        rows = [[x**k for k in range(n)] + [(-1) ** i / weight(x)] for i, x in enumerate(points)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([function(x) for x in points]))
        coefficients = list(solution[:n])
        points, errors = extrema(
            lambda x, c=coefficients: weight(x) * (mp.polyval(c[::-1], x) - function(x)),
            interval,
            n + 1,
        )
        if max(errors) < min(errors) * mp.mpf("1.001"):
            break
    return coefficients, max(errors)


def extrema(error, interval, count, samples=2000):
    """Find the largest error between each two sign changes: `count` points, sizes."""
    low, high = interval
    grid = [low + (high - low) * mp.mpf(i) / samples for i in range(samples + 1)]
    values = [error(x) for x in grid]
    found = []  # the grid point of each run of one sign
    for i, value in enumerate(values):
        if value == 0:
            continue
        if found and mp.sign(values[found[-1]]) == mp.sign(value):
            if abs(value) > abs(values[found[-1]]):
                found[-1] = i
        else:
            found.append(i)
    while len(found) > count:  # a spurious run at an end
        found.pop(0 if abs(values[found[0]]) < abs(values[found[-1]]) else -1)
    if len(found) < count:
        raise ArithmeticError("the error does not alternate: change the starting points")
    return [grid[i] for i in found], [abs(values[i]) for i in found]


def rounded(x, bits):
    """Return the nearest number of the type, exactly."""
    with mp.workprec(24 if bits == 32 else 53):
        return +x


def literal(x, bits):
    return mp.nstr(x, 9 if bits == 32 else 17, min_fixed=0, max_fixed=0) + "f" * (bits == 32)


def tables():
    """Yield name, type, coefficients as written in the header, and both errors."""
    for name, bits, n, function, weight, interval in TABLES:
        exact, error = minimax(function, weight, interval, n)
        coefficients = [rounded(c, bits) for c in exact]
        _, errors = extrema(
            lambda x, c=coefficients, f=function, w=weight: w(x) * (mp.polyval(c[::-1], x) - f(x)),
            interval,
            1,
        )
        yield name, bits, [literal(c, bits) for c in coefficients], error, max(errors)
    for bits in (32, 64):
        high = rounded(mp.log(2), bits)
        low = rounded(mp.log(2) - high, bits)
        error = (mp.log(2) - high - low) / mp.log(2)
        yield "log(2)", bits, [literal(high, bits), literal(low, bits)], error, error


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the header")
    check = parser.parse_args().check
    mp.mp.prec = 200
    text = HEADER.read_text() if check else ""
    missing = 0
    for name, bits, literals, exact, final in tables():
        half_ulp = mp.mpf(2) ** (-24 if bits == 32 else -53)
        print(f"{name}, float{bits}: error {mp.nstr(exact / half_ulp, 3)} half ulps, ", end="")
        print(f"{mp.nstr(final / half_ulp, 3)} with rounded coefficients")
        for item in literals:
            absent = check and item not in text
            missing += absent
            print("    " + item + "," + "   not in the header" * absent)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
