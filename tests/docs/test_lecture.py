"""The lecture: its plans fit their minutes, and the handout is enough for its exercises."""

import json
import re
from itertools import pairwise

import pytest
from c_build import ROOT

LECTURE = ROOT / "docs/lecture"
if not LECTURE.exists():
    pytest.skip("the documentation is in the source tree only", allow_module_level=True)
EXERCISES, HANDOUT, PLAN = (
    (LECTURE / f"{name}.md").read_text(encoding="utf-8") for name in ("exercises", "handout", "index")
)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("column, length", [(0, 90), (1, 45)])
def test_plan_fits_its_minutes(column, length):
    rows = [row.split("|")[1 + column].strip() for row in re.findall(r"^\| \d.*", PLAN, re.MULTILINE)]
    spans = [tuple(map(int, row.split("–"))) for row in rows if row != "–"]
    assert spans[0][0] == 0 and spans[-1][1] == length
    assert all(before[1] == after[0] and after[0] < after[1] for before, after in pairwise(spans))


def test_both_plans_have_the_cost_and_say_when_backpropagation_is_left_out():
    (cost,) = re.findall(r"^\| \S+ \| (\S+) \|.*The cost of one example", PLAN, re.MULTILINE)
    assert re.fullmatch(r"\d+–\d+", cost) and 'the gradient "can be computed"' in PLAN


def test_handout_is_the_exercises_without_their_answers():
    without = re.sub(r"<details>.*?</details>\s*", "", EXERCISES, flags=re.DOTALL)
    assert HANDOUT.partition("## 1.")[2].strip() == without.partition("## 1.")[2].strip()


def test_notebook_ends_with_the_code_of_the_handout():
    (code,) = PYTHON.findall(HANDOUT)
    last = json.loads((LECTURE / "lecture.ipynb").read_text(encoding="utf-8"))["cells"][-1]
    assert "".join(last["source"]) == code.rstrip()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(5, 9))
def test_answer_needs_the_code_of_the_handout_only(number, capsys):
    names = {}
    exec(PYTHON.findall(HANDOUT)[0], names)
    answer = EXERCISES.partition(f"## {number}. ")[2].partition("\n## ")[0]
    for code in PYTHON.findall(answer):
        exec(code, names)
    assert capsys.readouterr().out
