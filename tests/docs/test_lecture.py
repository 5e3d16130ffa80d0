"""The lecture: its plans fit their minutes, and the handout needs no Python, and the answers are right."""

import json
import re
from itertools import pairwise

import numpy as np
import pytest
from c_build import ROOT
from page_parts import DOORS, SCENES

from cmlp.datasets import load_digits28
from cmlp.story import story_network

LECTURE = ROOT / "docs/lecture"
if not LECTURE.exists():
    pytest.skip("the documentation is in the source tree only", allow_module_level=True)
EXERCISES, HANDOUT, PLAN = (
    (LECTURE / f"{name}.md").read_text(encoding="utf-8")
    for name in ("exercises", "handout", "index")
)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
CODE = PYTHON.findall(EXERCISES.partition("## On the computer")[2])[
    0
]  # with which exercises 8 to 11 begin


LESSON, LECTURE_PLAN = (
    re.findall(
        r"^\| (\d+)–(\d+) \| (.*)", PLAN.partition(title)[2].partition("\n:::\n")[0], re.MULTILINE
    )
    for title in ("## A lesson of 45 minutes", "## A lecture of 90 minutes")
)


@pytest.mark.parametrize("plan, length", [(LESSON, 45), (LECTURE_PLAN, 90)])
def test_plan_fits_its_minutes(plan, length):
    spans = [(int(start), int(end)) for start, end, _ in plan]
    assert spans[0][0] == 0 and spans[-1][1] == length
    assert all(before[1] == after[0] and after[0] < after[1] for before, after in pairwise(spans))


def test_plans_have_all_scenes_in_order_and_all_doors():
    told = [
        [name for *_, row in plan for name in re.findall(r"`#([a-z]+)`", row.partition(" | ")[0])]
        for plan in (LESSON, LECTURE_PLAN)
    ]
    assert told[0] == SCENES
    asked = {name for *_, row in LESSON for name in re.findall(r"`#([a-z]+)`", row)}
    assert {*told[1], *asked} >= {*DOORS}
    assert any("The cost of one example" in row for *_, row in LESSON)
    assert 'it "can be computed"' in PLAN


def test_every_question_of_the_handout_has_lines_and_an_answer_and_needs_no_python():
    titles = re.findall(r"^## (\d)\. (.*)", HANDOUT, re.MULTILINE)
    assert (
        titles == re.findall(r"^(\d)\. \*\*(.*?)\.\*\*", EXERCISES, re.MULTILINE)
        and len(titles) == 7
    )
    for number, title in titles:
        question, line, _ = HANDOUT.partition(f"## {number}. {title}\n")[2].partition("<hr")
        assert line and question.strip().endswith("?") and "##" not in question
    first_page = HANDOUT.partition('<hr class="sheet">')[0]
    assert (
        "## 4. " in first_page and "## 5. " not in first_page
    )  # the exercises of the lesson of 45 minutes
    asked = re.findall(r"exercises? (\d)(?: and (\d))?", " ".join(row for *_, row in LESSON))
    assert {number for pair in asked for number in pair if number} == {"1", "2", "3", "4"}
    assert not PYTHON.findall(HANDOUT) and HANDOUT.count('"line"') > 20
    table = [
        re.findall(r"-?\d[.\d]*", row.replace("−", "-"))
        for row in re.findall(r"^\| .*\d.*", HANDOUT, re.MULTILINE)
    ]
    assert table == [
        [f"{z}" for z in range(-3, 4)],
        [f"{1 / (1 + np.exp(-z)):.2f}" for z in range(-3, 4)],
    ]


def test_answers_about_the_page_are_those_of_the_network():
    net, data = story_network(), load_digits28()
    active = net.activations(data.X_test[:300])[1] > 0.5
    shares = np.array([active[data.y_test[:300] == digit].mean(axis=0) for digit in range(10)])
    others = [digit for digit in range(10) if digit not in (4, 6)]
    assert (shares[[4, 6], 15] == 1).all() and shares[others, 15].max() < 0.2
    assert 0.7 < shares[1, 1] < 0.8 and np.delete(shares[:, 1], 1).max() < 0.1
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    behind = sigmoid(0.6 - sigmoid(1.5 * 0.8 - 0.5))
    before, after = (sigmoid(w3 * behind + 0.1) for w3 in (1.2, 1.4))
    slopes = behind, before * (1 - before), 2 * (before - 1)
    assert all(f"{slope:.3f}".replace("-", "−") in EXERCISES for slope in slopes)
    predicted = (before - 1) ** 2 + 0.2 * np.prod(slopes)
    assert f"to {predicted:.4f}. Measured: {(after - 1) ** 2:.4f}." in " ".join(EXERCISES.split())
    noise = np.random.RandomState(1).randint(0, 256, (1000, 784)).astype(np.uint8)
    largest = net.forward(noise).max(axis=1)
    bright, none = (largest > 0.9).sum(), (largest < 0.05).sum()
    assert f"{bright} have an output above 0.9, and {none} have no output above 0.05" in " ".join(
        EXERCISES.split()
    )
    right = (net.forward(data.X_test[:300]).argmax(axis=1) == data.y_test[:300]).sum()
    assert f"{right} of the 300 digits in the page, or {right / 300:.1%}".replace(
        "%", " %"
    ) in PLAN.replace("\n", " ")


def test_notebook_ends_with_the_code_of_the_exercises():
    code = CODE
    last = json.loads((LECTURE / "lecture.ipynb").read_text(encoding="utf-8"))["cells"][-1]
    assert "".join(last["source"]) == code.rstrip()


@pytest.mark.slow
@pytest.mark.parametrize("number", ["8. ", "9. ", "10. ", "11. ", "Your turn"])
def test_answer_needs_the_code_above_the_exercises_only(number, capsys):
    names = {}
    exec(CODE, names)
    answer = EXERCISES.partition(f"## {number}")[2].partition("\n## ")[0]
    for code in PYTHON.findall(answer):
        exec(code, names)
    printed = capsys.readouterr().out
    assert all(text in printed for text in re.findall(r"```text\n(.*?)```", answer, re.DOTALL))
    assert (
        printed
        and [
            line
            for line in re.findall(r"^print.*  # (.*)", answer, re.MULTILINE)
            if line not in printed
        ]
        == []
    )
