"""Browser tabs and pages that the tests of this folder share."""

import pytest
from browser import MEDIA, Shared, Watched, chromium, settle

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
    """Load pages with `watch(path, ...)`; afterwards none may have a message, an error or a request."""
    opened, extra, free = [], [], list(tabs)

    def open_page(path, fragment="", viewport=SCREEN, has_touch=False, scale=1, **media):
        if has_touch or scale != 1 or not free:
            page = browser.new_page(
                viewport=viewport, has_touch=has_touch, device_scale_factor=scale
            )
            extra.append(page)
        else:
            page = free.pop()
            page.set_viewport_size(viewport)
        page.emulate_media(**{**MEDIA, **media})
        opened.append(Watched(page, path))
        opened[-1].load(fragment)
        return opened[-1]

    yield open_page
    for one in opened:
        one.close()
    for page in extra:
        page.close()
    assert [one.faults for one in opened] == [[] for _ in opened]


@pytest.fixture(scope="module")
def loaded(browser):
    """The pages that a module's tests read, by their paths. What they show first must be the same in the end."""
    pages = {}
    yield pages
    left = {path.name: page.left() for path, page in pages.items()}
    for page in pages.values():
        page.page.close()
    assert left == {path.name: [] for path in pages}


@pytest.fixture
def read(browser, loaded):
    """Show a page of a network with `read(path, ...)` without loading it again, for tests that change nothing of it.

    Drawings, answers, training and what is opened are set back; functions and constants of the page must be as they
    were. A call in the same test shows another place on the same page. Tests that break functions of the page, follow
    the browser's history or load again need `watch`.
    """
    used = {}

    def show(path, fragment="", **options):
        if path not in loaded:
            loaded[path] = Shared(browser.new_page(viewport=SCREEN), path, SCREEN)
        page = used[path] = loaded[path]
        page.show(fragment, **options)
        return page

    yield show
    for path, page in used.items():
        broken, faults = page.broken(), page.faults
        if broken or faults:  # the next test gets a new one
            loaded.pop(path).page.close()
        assert (broken, faults) == ([], [])


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
