"""The parts of a page's file, and names that must not change it."""

import json
import tempfile
from html.parser import HTMLParser
from pathlib import Path

from cmlp._export.page.table import write_english

SCENES = ["numbers", "sum", "knobs", "cost", "hill", "try", "wishes", "turn", "learn", "exam"]
DOORS = [
    *("read", "edge", "squash", "layers", "gradient", "ways", "curves"),
    *("chain", "inside", "batches", "playground"),
]
# A drawn 3 and a drawn 4, as the address of the film has them.
THREE = (
    "290-215-402-148-505-125-610-152-690-226-702-318-640-396-548-446-455-478-560-490-655-528-722"
    "-604-738-704-690-800-600-868-490-894-380-872-292-806"
)
FOUR = "620-120-200-620-820-620.600-350-600-900"

HOSTILE = [
    "\"quote'",
    "</script><script>alert(1)</script>",
    "nul\0\x07",
    "\u202eabc\u2066",
    "<!-- & {{script}}",
    "שלום",
]


class Parts(HTMLParser):
    """The texts of script, style and title elements, and the policy."""

    def __init__(self, page):
        super().__init__()
        self.texts, self.inside, self.policy = (
            {"script": [], "style": [], "title": [], "h1": []},
            None,
            None,
        )
        self.blocks = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.inside = tag if tag in self.texts else None
        if attributes.get("type") == "application/json":
            self.inside = attributes["id"]
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside in self.texts:
            self.texts[self.inside].append(data)
        elif self.inside:
            self.blocks[self.inside] = self.blocks.get(self.inside, "") + data

    def model(self):
        return json.loads(self.blocks["model"])

    def facts(self):
        """Return how good the model of a table is: a text for each answer."""
        return [write_english(texts) for texts in self.model()["facts"]]

    def examples(self):
        return json.loads(self.blocks["examples"])


def page_of(model, **options):
    """Return the page of a model as `to_html` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        model.to_html(path, **options)
        return path.read_text("utf-8")
