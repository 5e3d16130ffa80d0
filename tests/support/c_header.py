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


def listed_statuses():
    """Return the statuses that each function can return beside CMLP_OK, in the order of its comment."""
    return {
        name: re.fullmatch(r".*Statuses: ([A-Z_, ]+)\.", comment)[1].split(", ")
        for name, comment in function_comments().items()
    }
