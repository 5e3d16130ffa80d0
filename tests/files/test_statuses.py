"""docs/model-file.md lists the status of each kind of bad file: C and Python give it."""

import re

import pytest
from bad_files import FILES, good_files
from c_build import ROOT
from hostile_files import status_in_c

import cmlp

PAGE = ROOT / "docs/model-file.md"
if not PAGE.exists():
    pytest.skip("the page is in the source tree only", allow_module_level=True)
ROW = re.compile(r"^\| `(CMLP_ERROR_\w+)` \| (.+) \|$", re.MULTILINE)
# What is wrong, with the statuses of a reader that verifies the data and of one that does not (a star).
STATUSES = {
    what.removesuffix("*"): (status, "CMLP_OK" if what.endswith("*") else status)
    for status, kinds in ROW.findall(PAGE.read_text("utf-8"))
    for what in kinds.split("; ")
}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return good_files(tmp_path_factory.mktemp("good"))


def status_in_python(path, **options):
    try:
        cmlp.load(path, **options)
    except cmlp.ModelFormatError as error:
        return error.status
    return "CMLP_OK"


def test_every_row_has_files():
    assert STATUSES.keys() == FILES.keys()


@pytest.mark.parametrize("what", STATUSES)
def test_c_and_python_give_the_status_of_the_page(good, tmp_path, what):
    for i, make in enumerate(FILES[what]):
        content, path = make(good), tmp_path / str(i)
        path.write_bytes(content)
        for verify, status in zip((True, False), STATUSES[what], strict=True):
            assert status_in_c(content, verify) == status, (i, verify)
            for mmap in (False, True):
                assert status_in_python(path, verify=verify, mmap=mmap) == status, (i, verify, mmap)
