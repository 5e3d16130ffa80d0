"""Browser tabs and pages that the tests of this folder share."""

import pytest
from browser import Watched, chromium, settle

from cmlp import MLPClassifier
from cmlp.datasets import load_digits28
from cmlp.story import story_network


@pytest.fixture(scope="session")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def data():
    return load_digits28()


@pytest.fixture(scope="session")
def model(data):
    return MLPClassifier.from_preset("3b1b", random_state=1, alpha=1e-3, max_iter=20).fit(
        data.X_train, data.y_train
    )


@pytest.fixture(scope="session")
def path(model, tmp_path_factory):
    target = tmp_path_factory.mktemp("page") / "digits.html"
    model.to_html(target)
    return target


SCREEN = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def tabs(browser):
    """Two tabs that the tests share, because opening one takes longer than loading a page."""
    return [browser.new_page(viewport=SCREEN) for _ in range(2)]


@pytest.fixture
def watch(browser, tabs):
    """Open pages with `watch(path, ...)`; afterwards none may have a message, an error or a request."""
    opened, extra, free = [], [], list(tabs)

    def open_page(path, fragment="", **options):
        if options or not free:
            extra.append(browser.new_page(**{"viewport": SCREEN, **options}))
        page = extra[-1] if options or not free else free.pop()
        page.set_viewport_size(options.get("viewport", SCREEN))
        opened.append(Watched(page, path, fragment))
        return opened[-1]

    yield open_page
    for one in opened:
        one.close()
    for page in extra:
        page.close()
    assert [one.faults for one in opened] == [[] for _ in opened]


@pytest.fixture(scope="session")
def story_path(tmp_path_factory):
    """The page of the story's network."""
    target = tmp_path_factory.mktemp("page") / "story.html"
    story_network().to_html(target)
    return target


@pytest.fixture
def shown(watch, models, tmp_path):
    """Open the page of one of a module's tables with `shown(kind, ...)`."""

    def open_page(kind, **options):
        models[kind].to_html(tmp_path / "page.html", **options)
        page = watch(tmp_path / "page.html")
        settle(page)
        return page

    return open_page
