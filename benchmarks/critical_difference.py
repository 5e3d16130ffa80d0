"""The critical-difference diagram: mean ranks of methods over data sets, and which differences may be chance.

Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 2006: the Friedman test's ranks, and the
critical difference of Nemenyi's test at 5 %.
"""

import math

import numpy as np

WIDTH, MARGIN, TOP, LINE = 760, 250, 40, 22
STYLE = "font: 14px sans-serif; fill: #222"


def mean_ranks(errors):
    """Return the mean rank of each column of an array (data sets, methods); 1 is the smallest error."""
    from scipy.stats import rankdata

    return np.array([rankdata(row) for row in errors]).mean(axis=0)


def critical_difference(n_methods, n_sets):
    """Return the difference of mean ranks from which two methods differ significantly (5 %)."""
    from scipy.stats import studentized_range

    q = studentized_range.ppf(0.95, n_methods, np.inf) / math.sqrt(2)
    return float(q * math.sqrt(n_methods * (n_methods + 1) / (6 * n_sets)))


def groups(ranks, difference):
    """Return (first, last) of the largest groups of sorted ranks that are within the critical difference."""
    found = []
    for first in range(len(ranks)):
        last = int(np.searchsorted(ranks, ranks[first] + difference, side="right")) - 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def diagram(names, errors):
    """Return the diagram as SVG; `errors` has a row for each data set and a column for each name."""
    ranks, n = mean_ranks(errors), len(names)
    order = np.argsort(ranks, kind="stable")
    names, ranks = [names[i] for i in order], ranks[order]
    difference = critical_difference(n, len(errors))
    bars = groups(ranks, difference)
    axis = TOP + 34
    first_name = axis + 14 + 8 * len(bars)
    height = first_name + LINE * ((n + 1) // 2) + 14

    def at(rank):
        return MARGIN + (WIDTH - 2 * MARGIN) * (rank - 1) / (n - 1)

    parts = [
        f'<line x1="{at(1):.1f}" y1="{TOP - 12}" x2="{at(1 + difference):.1f}" y2="{TOP - 12}" stroke-width="3"/>',
        text(at(1), TOP - 18, f"critical difference {difference:.2f}"),
        f'<line x1="{at(1)}" y1="{axis}" x2="{at(n)}" y2="{axis}"/>',
    ]
    for rank in range(1, n + 1):
        parts.append(f'<line x1="{at(rank):.1f}" y1="{axis - 6}" x2="{at(rank):.1f}" y2="{axis}"/>')
        parts.append(text(at(rank), axis - 10, str(rank), "middle"))
    for i, (first, last) in enumerate(bars):
        y = axis + 12 + 8 * i
        left, right = at(ranks[first]) - 4, at(ranks[last]) + 4
        parts.append(f'<line x1="{left:.1f}" y1="{y}" x2="{right:.1f}" y2="{y}" stroke-width="4"/>')
    for i, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        is_left = i < (n + 1) // 2
        y = first_name + LINE * (i + 1 if is_left else n - i)
        end = MARGIN - 10 if is_left else WIDTH - MARGIN + 10
        parts.append(
            f'<polyline points="{at(rank):.1f},{axis} {at(rank):.1f},{y - 5} {end},{y - 5}" fill="none"/>'
        )
        label = f"{name} ({rank:.1f})"
        parts.append(text(end - 6, y, label, "end") if is_left else text(end + 6, y, label))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="Mean ranks of {n} methods on {len(errors)} tables">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n<g stroke="#222" stroke-width="1.2">\n{body}\n</g>\n</svg>\n'
    )


def text(x, y, content, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" stroke="none" style="{STYLE}">{content}</text>'
