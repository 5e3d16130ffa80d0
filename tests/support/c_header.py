"""What the comments of the public headers say about statuses."""

import re

from c_build import HEADER, HEADERS


def header_statuses():
    """Return the names of the statuses, without their prefix."""
    text = HEADER.read_text("utf-8")
    (body,) = re.findall(r"typedef int32_t cmlp_status;\s*enum \{(.*?)\}", text, re.DOTALL)
    names = re.findall(r"^ +CMLP_(?:ERROR_)?(\w+) = ", body, re.MULTILINE)
    return [name for name in names if name != "STATUS_SIGNED"]


def function_comments():
    """Return the comment of each function that returns a status, as one line."""
    paths = [*HEADERS, HEADER.with_name("cmlp_file.h")]
    text = "".join(path.read_text("utf-8") for path in paths)
    documented = re.findall(
        r"/\*((?:[^*]|\*(?!/))*)\*/\n(?:CMLP_CHECKED|static inline) cmlp_status (\w+[a-z])\(", text
    )
    return {name: " ".join(comment.replace("\n *", " ").split()) for comment, name in documented}


def parts_of_functions():
    """Return the parts that each exported function needs: lists of which one is enough."""
    found = {}
    for path in HEADERS:
        declared = re.findall(
            r"/\*((?:[^*]|\*(?!/))*)\*/\n((?:CMLP_(?:API|CHECKED) [^;]*;[^\n]*\n)+)",
            path.read_text("utf-8"),
        )
        for comment, functions in declared:
            parts = re.search(r"Parts: ([\w, ]+)\.\s*\Z", comment)
            needed = [part.split(" or ") for part in parts[1].split(", ")] if parts else []
            found |= dict.fromkeys(re.findall(r"(cmlp_\w+)\(", functions), needed)
    return found


def listed_statuses():
    """Return the statuses that each function can return beside CMLP_OK, in the order of its comment."""
    return {
        name: re.fullmatch(r".*Statuses: ([A-Z_, ]+)\.(?: Parts: .*)?", comment)[1].split(", ")
        for name, comment in function_comments().items()
    }
