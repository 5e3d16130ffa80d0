"""``cmlp page`` without a model file: the network of the story, and the browser."""

import re
import sys
import types
import webbrowser

import pytest

from cmlp import __main__ as cli
from cmlp.story import story_network


def test_command_without_a_model_shows_the_story_network(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["page"]) == 0
    expected = tmp_path / "expected.html"
    story_network().to_html(expected)
    assert (tmp_path / "cmlp.html").read_bytes() == expected.read_bytes()
    assert re.match(r"cmlp\.html: \d+ KB\. Open it in a browser", capsys.readouterr().out)


@pytest.mark.parametrize("options, opened", [([], 1), (["--no-open"], 0)])
def test_command_opens_the_page_on_a_terminal(tmp_path, monkeypatch, options, opened):
    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", "any")
    browser = types.SimpleNamespace(open=lambda address: calls.append(address) or True)
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert cli.main(["page", *options]) == 0
    assert calls == [(tmp_path / "cmlp.html").as_uri() + "#explore"] * opened


def test_page_without_a_name_replaces_only_a_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "cmlp.html"
    page.write_text("my own page")
    assert cli.main(["page"]) == 1
    error = "cmlp: error: cmlp.html exists and is not a page of cmlp: choose another file with cmlp page -o FILE\n"
    assert capsys.readouterr() == ("", error) and page.read_text() == "my own page"
    assert cli.main(["page", "-o", "cmlp.html"]) == 0  # the user has named it
    assert re.match(r"cmlp\.html: \d+ KB, replaced\.", capsys.readouterr().out)
    assert cli.main(["page"]) == 0  # as the file is a page now
    assert re.match(r"cmlp\.html: \d+ KB, replaced\.", capsys.readouterr().out)
