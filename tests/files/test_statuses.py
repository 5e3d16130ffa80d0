"""C and Python give each kind of bad file the same status."""

import pytest
from bad_files import FILES, STATUSES, good_files
from hostile_files import status_in_c

import cmlp

# What is wrong, with the statuses of a reader that verifies the data and of one that does not.
EXPECTED = {
    what.removesuffix("*"): (status, "CMLP_OK" if what.endswith("*") else status)
    for status, kinds in STATUSES.items()
    for what in kinds
}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return good_files(tmp_path_factory.mktemp("good"))


def status_in_python(path, **options):
    try:
        cmlp.load(path, **options)
    except cmlp.exceptions.ModelFormatError as error:
        return error.status
    return "CMLP_OK"


def test_every_kind_has_files():
    assert EXPECTED.keys() == FILES.keys()


@pytest.mark.parametrize("what", EXPECTED)
def test_c_and_python_give_the_status_of_its_kind(good, tmp_path, what):
    for i, make in enumerate(FILES[what]):
        content, path = make(good), tmp_path / str(i)
        path.write_bytes(content)
        for verify, status in zip((True, False), EXPECTED[what], strict=True):
            assert status_in_c(content, verify) == status, (i, verify)
            for mmap in (False, True):
                assert status_in_python(path, verify=verify, mmap=mmap) == status, (i, verify, mmap)
