"""Pages as files: what they contain, how large they are, what is refused, and the command."""

import base64
import hashlib
import re
import zlib
from importlib import resources

import numpy as np
import pytest
from internals import model_of
from page_parts import HOSTILE, Parts

# The page's limits are compared with the core's names, and hostile texts with what is shown of
# them.
from cmlp import MLPClassifier, MLPRegressor, Network, TabularRegressor
from cmlp import __main__ as cli
from cmlp._bridge import _core
from cmlp._data.losses import traits_of
from cmlp._export.page import description, document, film, table
from cmlp._export.page.assembly import asset, fill
from cmlp._export.page.document import page_of
from cmlp.datasets import Dataset, load_digits28
from cmlp.exceptions import NotFittedError
from cmlp.story import story_network

MOST_CODE = 140_000  # bytes of markup, style and script
MOST_WITH_FILM = 202_000  # the same, with the film and its side doors, in three languages


def rows(n_inputs, n=20, seed=0):
    return np.random.RandomState(seed).random_sample((n, n_inputs))


def code_size(page):
    return sum(page.sizes[part] for part in ("markup", "style", "script"))


@pytest.mark.parametrize("activation, loss", [("logistic", "squared_error"), ("gelu", "focal")])
def test_page_of_digits_is_small(activation, loss):
    page = page_of(
        model_of(
            Network(
                [784, 16, 16, 10],
                activation,
                output="logistic",
                loss=loss,
                input_scale=1 / 255,
                random_state=0,
            )
        )
    )
    assert code_size(page) <= MOST_CODE
    assert page.sizes["examples"] <= 120_000
    assert page.sizes["weights"] <= 13002 * 4 * 4 / 3 + 1000
    assert sum(page.sizes.values()) == len(page.html.encode())
    assert len(Parts(page.html).examples()["targets"]) == 800


def test_page_with_the_film_is_small_and_has_its_scripts_compressed():
    page = page_of(model_of(story_network()))
    assert code_size(page) <= MOST_WITH_FILM
    assert page.sizes["doors"] <= 2_000
    assert len(page.html.encode()) <= 480_000
    assert len(Parts(page.html).examples()["targets"]) == 1200 + 300
    assert sum(page.sizes.values()) == len(page.html.encode())
    packed = re.search(r'id="packed">([^\n]+)</script>', page.html)[1]
    text = zlib.decompress(base64.b85decode(packed))
    assert b"FIGURES.chain" in text and b"class Network" in text and b"figures/" not in text
    digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
    assert f"'sha256-{digest}'" in Parts(page.html).policy


@pytest.mark.parametrize(
    ("scripts", "fewest"),
    [
        (film.FILM_SCRIPTS, 300),
        ([*table._NETWORK, *table._SCRIPTS], 100),
    ],
)
def test_no_two_files_of_a_scope_define_one_name(scripts, fewest):
    # A second function of a name silently replaces the first.
    defined = {}
    for name in scripts:
        text = asset(f"{name}.js")
        names = re.findall(r"^(?:async )?(?:function\*?|class|const|let) (\w+)", text, re.M)
        for several in re.findall(r"^(?:const|let) [\[{]([^=]*?)[\]}] =", text, re.M):
            names += re.findall(r"\w+", several)
        for one in names:
            defined.setdefault(one, []).append(name)
    assert len(defined) > fewest
    assert {one: files for one, files in defined.items() if len(files) > 1} == {}


def test_pages_without_javascript_say_so_in_one_sentence(tmp_path):
    TabularRegressor(n_estimators=1, n_epochs=1).fit(rows(3), rows(3)[:, 0]).to_html(
        tmp_path / "table.html"
    )
    table = (tmp_path / "table.html").read_text(encoding="utf-8")
    networks = (story_network(), Network([784, 16, 16, 10], random_state=0))
    for html in (table, *(page_of(model_of(one)).html for one in networks)):
        (text,) = re.findall(r"<noscript><p>(.*?)</p></noscript>", html)
        assert "JavaScript" in text and text.count(".") == 1


def test_page_contains_the_formatted_sources_without_comments():
    net = Network(
        [784, 16, 16, 10], "logistic", output="logistic", loss="squared_error", random_state=0
    )
    html = page_of(model_of(net)).html
    assets = resources.files("cmlp._export.page") / "assets"
    for name in ("base", "page"):
        assert (assets / f"{name}.css").read_text(encoding="utf-8") in html
    for name in ("network/network", "explore/touch", "drawing/canvas", "explore/page"):
        lines = (assets / f"{name}.js").read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line.strip() and line not in html] == [
            line for line in lines if line.strip().startswith(("//", "/**", "* ", "*/"))
        ]


def test_page_with_the_bundled_digits_names_their_source_and_licence():
    net, X = (
        Network([784, 16, 16, 10], "logistic", output="logistic", random_state=0),
        np.eye(784)[:20],
    )
    page, own = (
        page_of(model_of(net)).html,
        page_of(model_of(net), (X, np.arange(20) % 10) * 2).html,
    )
    for text in (
        "% of 1000 test digits",
        "MNIST by Yann LeCun, Corinna Cortes and Christopher Burges",
        "CC BY-SA 3.0",
    ):
        assert text in page and text not in own
    assert "% of 20 test images right" in own


def test_page_with_fields_is_small():
    X, y = rows(4), np.arange(20) % 3
    assert (
        code_size(page_of(model_of(Network([4, 8, 3], random_state=0)), (X, y, X, y))) <= MOST_CODE
    )


def test_examples_that_compress_badly_are_fewer():
    X, y = (255 * rows(784, 900)).astype(np.uint8), np.arange(900) % 10
    page = page_of(model_of(Network([784, 4, 10], random_state=0)), (X, y, X, y))
    assert 100_000 < page.sizes["examples"] <= 120_000
    packed = Parts(page.html).examples()
    assert 0 < packed["train"] < len(packed["targets"])


PAGES = {
    "network": lambda: page_of(model_of(Network([2, 3, 2], random_state=0))),
    "table": lambda: page_of(model_of(TabularRegressor(max_time=1e-9).fit(rows(3), range(20)))),
}


@pytest.mark.parametrize("kind", PAGES)
def test_policy_allows_exactly_the_scripts_of_the_page(kind):
    page = Parts(PAGES[kind]().html)

    def digests(texts):
        return [
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for text in texts
        ]

    rules = dict(rule.strip().split(" ", 1) for rule in page.policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == digests(page.texts["script"])
    assert rules["style-src"].split() == digests(page.texts["style"])
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert not re.search(
        r"https?:|url\(", "".join(text for texts in page.texts.values() for text in texts)
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_labels_names_and_title_cannot_break_the_page(text):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(rows(2), columns=[text, "other"])
    y = np.array([text, "other"])[np.arange(20) % 2]
    model = MLPClassifier((3,), max_iter=1, random_state=0)
    with pytest.warns(UserWarning):  # it has not converged
        model.fit(X, y)
    html = page_of(model_of(model), (X, y, X, y), title=text).html
    page, plain = Parts(html), Parts(page_of(model_of(model), (X, y, X, y), title="plain").html)
    shown = description.clean_label(text)
    assert page.texts["title"] == page.texts["h1"] == [shown]
    assert page.texts["script"] == plain.texts["script"]
    assert sorted(page.model()["labels"]) == sorted([shown, "other"])
    assert page.model()["inputs"] == [shown, "other"]
    assert not re.search("[\0-\x08\u202a-\u202e\u2066-\u2069]", html)
    for block in page.blocks.values():
        assert not set(block) & set("<>&") and block.isascii()


def test_labels_keep_marks_but_lose_overrides():
    assert description.clean_label("a\u200fb\u202ec\x00\ud800") == "a\u200fbc\ufffd?"


def test_fill_does_not_search_what_it_puts_in():
    assert fill("{{a}}-{{b}}", {"a": "{{b}}", "b": "{{a}}"}) == "{{b}}-{{a}}"


# ----------------------------------------------------------------------------------------------------- which models


def functions(script):
    """Return the names in the table of a script."""
    text = (resources.files("cmlp._export.page") / f"assets/network/{script}.js").read_text("utf-8")
    return set(re.findall(r"^\t(\w+): [\[(]", text, re.M))


def test_every_activation_and_loss_of_the_core_is_supported():
    assert set(_core.ACTIVATIONS) == functions("network") | functions("functions")
    assert functions("functions").isdisjoint(description._COMMON)
    assert functions("distances") == {name for name in _core.LOSSES if traits_of(name).allows_all}
    assert functions("likelihoods") == _core.LOSSES.keys() - functions("distances")


@pytest.mark.parametrize(
    "sizes, what",
    [
        ([257, 2], "at most 256 inputs, except 784, got 257"),
        ([2, *[3] * 9, 2], "at most 8 hidden layers, got 9"),
        ([2, 1025, 2], "at most 1024 neurons in a hidden layer, got 1025"),
        ([2, 101], "at most 100 outputs, got 101"),
    ],
)
def test_too_large_models_are_refused(sizes, what, tmp_path):
    with pytest.raises(ValueError, match=what):
        Network(sizes, random_state=0).to_html(tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_error_of_a_wrong_argument_names_the_method():
    with pytest.raises(TypeError, match=r"^to_html\(\) got an unexpected keyword argument 'units'"):
        Network([2, 2, 2]).to_html("page.html", units="EUR")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(bad, tmp_path):
    net = Network([2, 3, 2], random_state=0)
    net.params[3] = bad
    with pytest.raises(ValueError, match="a weight is NaN or infinite"):
        net.to_html(tmp_path / "page.html")


def test_unfitted_estimator_is_refused(tmp_path):
    with pytest.raises(NotFittedError):
        MLPClassifier().to_html(tmp_path / "page.html")


def test_model_keeps_its_type_and_weights():
    for dtype in ("float32", "float64"):
        net = Network([3, 4, 2], "elu", dtype=dtype, activation_parameter=0.5, random_state=0)
        model = Parts(page_of(model_of(net)).html).model()
        assert np.array_equal(np.frombuffer(base64.b64decode(model["params"]), dtype), net.params)
        assert model["dtype"] == dtype
        assert model["parameters"][0] == 0.5


# ---------------------------------------------------------------------------------------------------------- examples


def embedded(model, data=None):
    page = Parts(page_of(model_of(model), data).html)
    return page.model(), page.examples()


def test_bundled_digits_fit_the_classes():
    data = load_digits28()
    kept = np.isin(data.y_train, [3, 8])
    model = MLPClassifier((4,), max_iter=1, input_scale=1 / 255, random_state=0)
    with pytest.warns(UserWarning):
        model.fit(data.X_train[kept][:200], data.y_train[kept][:200].astype(str))
    description, packed = embedded(model)
    assert (
        description["labels"] == ["3", "8"]
        and description["kind"] == "binary"
        and description["noun"] == "digit"
    )
    assert packed["targets"][:500] == (data.y_train[kept] == 8).astype(int).tolist()[:500]


@pytest.mark.parametrize(
    "net",
    [
        Network([784, 3]),
        Network([784, 10], output="identity", loss="squared_error"),
        Network([5, 10]),
    ],
)
def test_models_that_do_not_read_digits_get_no_examples(net):
    assert embedded(net)[1] is None


def test_labels_of_a_data_set_name_the_outputs():
    data = load_digits28()
    clothes = Dataset(data.X_train[:20], data.y_train[:20], data.X_test[:20], data.y_test[:20])
    clothes.labels = [f"label {n}" for n in range(10)]
    described, _ = embedded(Network([784, 10]), clothes)
    assert described["labels"] == list(clothes.labels) and described["noun"] == "image"
    described, _ = embedded(Network([784, 10]), tuple(clothes))
    assert described["labels"] == list("0123456789") and described["noun"] == "image"


@pytest.mark.parametrize("scale, factor", [(1 / 255, 255), (1, 1), (1 / 256, 255)])
def test_white_is_the_input_of_a_white_pixel(scale, factor):
    model = description.Described(model_of(Network([784, 10], input_scale=scale)))
    assert document.default_digits(model).white == pytest.approx(factor * scale)


@pytest.mark.parametrize("white", [255, 1])
def test_scaled_images_have_the_pixels_of_the_data(white):
    """The weights on the page are those for pixels, folded in float64."""
    scale = np.full(784, 0.13 * white), np.full(784, 3.2 / white)
    net = Network([784, 5, 10], "tanh", input_scale=scale, random_state=0)
    model = description.Described(model_of(net))
    digits = document.default_digits(model)
    assert digits.white == white and digits.test[0].max() == pytest.approx(white)
    X = digits.test[0][:50]
    outputs = model.net.forward(model.params, X.astype(np.float64), scale=model.scale)
    np.testing.assert_allclose(outputs, net.forward(X), atol=1e-6)


def test_scaled_numbers_keep_their_digits():
    X, y = 1e12 + rows(4), np.arange(20) % 3
    net = Network([4, 8, 3], input_scale=([1e12] * 4, [2.0] * 4), random_state=0)
    parts = Parts(page_of(model_of(net), (X, y, X, y)).html)
    assert parts.model()["scale"] == [[1e12] * 4, [2.0] * 4]
    packed = zlib.decompress(base64.b64decode(parts.examples()["data"]))
    np.testing.assert_array_equal(np.frombuffer(packed, "<f8").reshape(40, 4)[:20], X)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda X, y: (X, y, X), "data must be X_train, y_train, X_test, y_test, got 3 values"),
        (lambda X, y: (X[:, :2], y, X, y), r"X_train must have the shape \(n, 3\)"),
        (lambda X, y: (X, y, X, y[:-1]), r"y_test n entries; got the shapes \(20, 3\) and \(19,\)"),
        (lambda X, y: (X[:0], y[:0], X, y), "with n at least 1"),
        (lambda X, y: (X * np.nan, y, X, y), "X_train must have finite numbers"),
        (lambda X, y: (X, y + 1, X, y), "y_train must have class indices from 0 to 1"),
    ],
)
def test_data_that_do_not_fit_are_refused(change, message):
    X, y = rows(3), np.arange(20) % 2
    with pytest.raises(ValueError, match=message):
        page_of(model_of(Network([3, 2], random_state=0)), change(X, y))


def test_targets_out_of_the_range_of_the_loss_are_refused():
    X = rows(3)
    with pytest.raises(ValueError, match="y_test has values out of the range of the loss 'gamma'"):
        page_of(
            model_of(Network([3, 1], output="exp", loss="gamma")), (X, np.ones(20), X, np.zeros(20))
        )


def test_images_must_not_be_negative():
    X, y = rows(784) - 0.5, np.arange(20) % 10
    with pytest.raises(ValueError, match=r"data must have pixels from 0 \(black\) up"):
        page_of(model_of(Network([784, 10])), (X, y, X, y))


def test_regressor_with_several_targets():
    X = rows(3)
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    with pytest.warns(UserWarning):
        model.fit(X, X[:, :2])
    described, packed = embedded(model, (X, X[:, :2], X[:5], X[:5, :2]))
    assert described["kind"] == "numbers" and described["labels"] == ["output 1", "output 2"]
    assert np.array(packed["targets"]).shape == (25, 2)


def test_row_is_right_if_all_of_its_labels_are():
    X = rows(3)
    labels = np.stack([X[:, 0] > 0.5, X[:, 1] > 0.5, X[:, 2] > 2], axis=1).astype(int)
    model = MLPClassifier((4,), max_iter=40, learning_rate_init=0.1, batch_size=10, random_state=0)
    with pytest.warns(UserWarning):
        model.fit(X, labels)
    right = model.score(X, labels)
    assert 0 < right < 1 / 3  # other than the share of labels that are right in all rows
    page = page_of(model_of(model), (X, labels, X, labels)).html
    assert f"{100 * right:.1f} % of {len(X)} test" in page


def test_sixteen_levels():
    assert document.sixteen_levels(np.array([0, 8, 9, 255.0, 300]), 255).tolist() == [
        0,
        0,
        1,
        15,
        15,
    ]


# ----------------------------------------------------------------------------------------------- files, the command


def test_failure_keeps_the_existing_page(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("before")
    net = Network([2, 3, 2], random_state=0)
    net.params[0] = np.nan
    with pytest.raises(ValueError):
        net.to_html(path)
    assert path.read_text() == "before"
    net.params[0] = 1
    net.to_html(path)
    assert path.read_bytes() == page_of(model_of(net)).html.encode()


def test_the_same_model_gives_the_same_page():
    assert (
        page_of(model_of(Network([2, 3, 2], random_state=0))).html
        == page_of(model_of(Network([2, 3, 2], random_state=0))).html
    )


def test_command_makes_a_page_beside_the_model(tmp_path, capsys):
    net = Network([3, 2], random_state=0)
    net.save(tmp_path / "net.cmlp")
    assert cli.main(["page", str(tmp_path / "net.cmlp"), "--title", "My <net>"]) == 0
    path = tmp_path / "net.html"
    assert path.read_bytes() == page_of(model_of(net), title="My <net>").html.encode()
    assert capsys.readouterr().out.startswith(f"{path}: ")


def test_command_embeds_the_images_that_it_is_told(tmp_path, capsys):
    Network([784, 12], input_scale=1 / 255, random_state=0).save(tmp_path / "net.cmlp")
    assert (
        cli.main(
            ["page", str(tmp_path / "net.cmlp"), "-o", str(tmp_path / "x.html"), "--data", "sample"]
        )
        == 0
    )
    assert len(Parts((tmp_path / "x.html").read_text("utf-8")).examples()["targets"]) == 800


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["missing.cmlp"], "No such file"),
        (["bad.cmlp"], "cannot be loaded"),
        (
            ["net.cmlp", "--data", "sample", "-o", "x.html"],
            "--data: X_train must have the shape (n, 3)",
        ),
        (
            ["net.cmlp"],
            "net.html exists and is not a page of cmlp: choose another file with cmlp page -o FILE",
        ),
        (
            ["net.cmlp", "-o", "net.cmlp"],
            "the output would replace net.cmlp: choose another file with -o",
        ),
        (["net.cmlp", "-o", "folder/x.html"], "folder: No such folder"),
    ],
)
def test_command_reports_errors_in_one_line(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Network([3, 2], random_state=0).save("net.cmlp")
    for name in ("net.html", "bad.cmlp"):
        (tmp_path / name).write_text("no model")
    assert cli.main(["page", *arguments]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("cmlp: error: ") and errors.count("\n") == 1 and message in errors
    assert (tmp_path / "net.html").read_text() == "no model"
