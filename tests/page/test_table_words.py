"""The page of a table in English, German and Spanish: its words, its numbers, and what somebody types."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from browser import settle
from page_parts import Parts, page_of

from cmlp import TabularClassifier, TabularRegressor

LANGUAGES = ("en", "de", "es")
FOLDER = Path(__file__).parents[2] / "src/cmlp/_export/page/assets/table/words"
SMALL = {"n_estimators": 1, "hidden_layer_sizes": (8,), "n_epochs": 20, "random_state": 0}


@pytest.fixture(scope="module")
def models():
    rng = np.random.RandomState(0)
    X = np.stack([rng.random_sample(200) * 9, rng.randint(0, 90_000, 200)], axis=1)
    y = 20_000 * X[:, 0] + 8000 * rng.standard_normal(200)
    late = np.where(y + 60_000 * rng.standard_normal(200) > 90_000, "late", "on time")
    return {
        "number": TabularRegressor(**SMALL).fit(X, y),
        "classes": TabularClassifier(**SMALL).fit(X, late),
    }


def test_texts_have_the_same_keys_and_placeholders_in_every_language():
    english, *others = (
        json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in LANGUAGES
    )
    for other in others:
        assert list(other) == list(english)
        for key, text in english.items():
            parts = [sorted(re.findall(r"\{\w+\}", one)) for one in (text, other[key])]
            assert parts[0] == parts[1], key


@pytest.mark.parametrize(
    ("kind", "target", "title"),
    [
        ("classes", None, "late or on time?"),
        ("classes", "Arrival", "Arrival: late or on time?"),
        ("number", None, "A number from 2 columns"),
        ("number", "price", "price from 2 columns"),
    ],
)
def test_title_says_what_is_predicted(kind, target, title, models):
    page = Parts(page_of(models[kind], target=target))
    assert page.texts["title"] == page.texts["h1"] == [title]


WORDS = {
    "en": ("A typical case", "late or on time?", "Why", "Too close to call: could be either"),
    "de": ("Ein typischer Fall", "late oder on time?", "Warum", "Zu knapp, um zu entscheiden"),
    "es": ("Un caso típico", "¿late o on time?", "¿Por qué", "Demasiado igualado"),
}


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_page_has_the_words_and_numbers_of_the_language(language, models, watch, tmp_path):
    models["classes"].to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html", f"?lang={language}")
    settle(page)
    typical, title, why, close = WORDS[language]
    assert page.evaluate("[root.lang, document.title]") == [language, title]
    assert (page.text("#reset"), page.text("h1")) == (typical, title)
    assert page.text("#question").startswith(why)
    low, high = page.evaluate("ends(columns[0])")
    page.evaluate("(x) => change(0, x)", (low + high) / 2)
    assert page.evaluate("result").index(max(page.evaluate("result"))) in (0, 1)
    assert page.text("#ends").startswith(close)
    number = r"\d\.\d %" if language == "en" else r"\d,\d %"
    for selector in ("#outputs b >> nth=0", "#facts"):
        assert re.search(number, page.text(selector))
    leftover = "WORD_KEYS.filter((key) => document.body.innerText.includes(`{`) || !words(key))"
    assert page.evaluate(leftover) == []


@pytest.mark.slow
def test_typed_numbers_are_read_if_they_can_be_read_in_one_way(models, watch, tmp_path):
    models["number"].to_html(tmp_path / "page.html", target="price", unit="EUR")
    # text, is whole: in English, in German
    cases = [
        ("1.5", False, [1.5], [1.5]),
        ("1,5", False, [1.5], [1.5]),
        ("1,234", False, [1234, 1.234], [1.234]),
        ("1.234", False, [1.234], [1234, 1.234]),
        ("1,234", True, [1234], [1.234]),
        ("0,125", False, [0.125], [0.125]),
        ("1,234,567", False, [1234567], [1234567]),
        ("1.234,5", False, [1234.5], [1234.5]),
        ("-12 345", True, [-12345], [-12345]),
        ("1e3", False, [1000], [1000]),
        ("1,2,3", False, [], []),
        ("x", False, [], []),
    ]
    for k, language in enumerate(("en", "de"), 2):
        page = watch(tmp_path / "page.html", f"?lang={language}")
        for case in cases:
            found = page.evaluate("([text, isWhole]) => readingsOf(text, isWhole)", case[:2])
            assert found == case[k], (language, *case[:2])
    field = page.page.locator("#column-0")  # in German
    field.fill("3,25")
    assert page.evaluate("row[0]") == 3.25 and re.search(r"\d\.\d{3}", page.text("#headline"))
    field.fill("1.234")
    assert page.evaluate("row[0]") == 3.25
    hint = page.text("#hint-0")
    assert "1234 oder 1,234" in hint and "gilt noch für 3,25" in hint
    assert field.get_attribute("aria-invalid") == "true"
    page.evaluate("rest()")
    assert page.evaluate("location.hash").startswith("#row=3.25,")  # whatever the language
    page.page.locator("#reset").click()
    assert field.get_attribute("aria-invalid") == "false"
