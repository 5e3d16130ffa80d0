"""Derive the polynomial coefficients of src/cmlp/core/kernels/elements/math_tmpl.h.

Each polynomial is the minimax approximation (Remez's exchange algorithm) of its function, weighted so that the error is
relative to the final result. The coefficients are rounded to the type. ``python tests/support/math_coefficients.py``
prints them with the errors before and after rounding; tests/core/test_functions.py compares them with the header.
"""

import pathlib

import mpmath as mp

HEADER = pathlib.Path(__file__).parents[2] / "src/cmlp/core/kernels/elements/math_tmpl.h"


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


# exp: |r| <= log(2) / 2, slightly more because x / log(2) is rounded. The error is relative to
# exp(r) - 1, as tanh needs it.
EXP_RANGE = (-mp.log(2) / 2 * mp.mpf("1.0001"), mp.log(2) / 2 * mp.mpf("1.0001"))


def exp_weight(r):
    return abs(r**2 / mp.expm1(r)) if r else mp.mpf(0)


# log: s = f / (2 + f), f from sqrt(1/2) - 1 to 1/2. The error is relative to log(1 + f) ~ 2 s.
LOG_RANGE = (mp.mpf(0), mp.mpf("0.04"))


def log_weight(z):
    return z / 2


# The normal distribution's tail Phi(-u), for gelu: (1 + u) exp(u**2 / 2) Phi(-u) in t = (u - 4) /
# (u + 4).
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


def horner(coefficients, x):
    """Evaluate a polynomial whose coefficients are given constant first."""
    value = mp.mpf(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def minimax(function, weight, interval, n):
    """Return n coefficients, constant first, and the weighted error of their polynomial."""
    low, high = interval
    # Start near the Chebyshev extrema, shifted so that no point falls on a zero of the weight.
    angles = [mp.pi * (i + mp.mpf("0.4")) / (n + mp.mpf("0.9")) for i in range(n + 1)]
    points = [low + (high - low) * (1 - mp.cos(angle)) / 2 for angle in angles]
    for _ in range(30):
        rows = [[x**k for k in range(n)] + [(-1) ** i / weight(x)] for i, x in enumerate(points)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([function(x) for x in points]))
        coefficients = list(solution[:n])
        points, errors = extrema(
            lambda x, c=coefficients: weight(x) * (horner(c, x) - function(x)),
            interval,
            n + 1,
        )
        if max(errors) < min(errors) * mp.mpf("1.001"):
            break
    return coefficients, max(errors)


def extrema(error, interval, count, samples=2000):
    """Return the points and sizes of the largest error between each two sign changes, `count` of them."""
    low, high = interval
    grid = [low + (high - low) * mp.mpf(i) / samples for i in range(samples + 1)]
    values = [error(x) for x in grid]
    found = []  # the grid index of the largest error of each sign run
    for i, value in enumerate(values):
        if value == 0:
            continue
        if found and mp.sign(values[found[-1]]) == mp.sign(value):
            if abs(value) > abs(values[found[-1]]):
                found[-1] = i
        else:
            found.append(i)
    while len(found) > count:  # a spurious run at either end
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
    """Return name, bits, coefficients as written in the header, and both errors of each table."""
    with mp.workprec(200):
        return [*_tables()]


def _tables():
    for name, bits, n, function, weight, interval in TABLES:
        exact, error = minimax(function, weight, interval, n)
        coefficients = [rounded(c, bits) for c in exact]
        _, errors = extrema(
            lambda x, c=coefficients, f=function, w=weight: w(x) * (horner(c, x) - f(x)),
            interval,
            1,
        )
        yield name, bits, [literal(c, bits) for c in coefficients], error, max(errors)
    for bits in (32, 64):
        high = rounded(mp.log(2), bits)
        low = rounded(mp.log(2) - high, bits)
        error = (mp.log(2) - high - low) / mp.log(2)
        yield "log(2)", bits, [literal(high, bits), literal(low, bits)], error, error


def missing_from_header():
    """Return the derived coefficients that the header does not contain."""
    text = HEADER.read_text(encoding="utf-8")
    return [
        f"{name}: {item}"
        for name, _, literals, *_ in tables()
        for item in literals
        if item not in text
    ]


def main():
    """Print the tables with their errors in half units in the last place."""
    for name, bits, literals, exact, final in tables():
        half_ulp = mp.mpf(2) ** (-24 if bits == 32 else -53)
        print(f"{name}, float{bits}: error {mp.nstr(exact / half_ulp, 3)} half ulps, ", end="")
        print(f"{mp.nstr(final / half_ulp, 3)} with rounded coefficients")
        for item in literals:
            print(f"    {item},")


if __name__ == "__main__":
    main()
