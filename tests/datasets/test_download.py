"""Downloads of the whole data sets: from a local server, with mirrors that fail in every way."""

import functools
import gzip
import hashlib
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from idx_files import NAMES, idx

from cmlp import datasets
from cmlp.datasets import _download

# The mirrors and checksums of the real files have no public name: a local server takes their place.

pooch = pytest.importorskip("pooch", reason="downloads need pooch")


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder quietly, and counts the requests of the server."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.server.requested.append(self.path)
        if self.path.startswith("/truncated/"):
            content = (self.server.folder / self.path.rsplit("/", 1)[1]).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
        elif self.path.startswith("/changed/"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"another content")
        else:
            super().do_GET()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve a small data set as MNIST; the cache is a new folder."""
    folder = tmp_path / "served"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in NAMES:
        count = 5 if name.startswith("train") else 2
        shape = (count, 28, 28) if "images" in name else count
        content = idx(rng.integers(0, 10, shape, dtype=np.uint8))
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
    ) as httpd:
        httpd.folder, httpd.requested = folder, []
        httpd.url = f"http://127.0.0.1:{httpd.server_port}/"
        threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.delenv("CMLP_DATA", raising=False)
        monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
        monkeypatch.setattr(_download, "MNIST", source(folder, httpd.url))
        yield httpd
        httpd.shutdown()


def source(folder, *mirrors):
    checksums = {
        f"{name}.gz": hashlib.sha256((folder / f"{name}.gz").read_bytes()).hexdigest()
        for name in NAMES
    }
    return _download.Mirrors("MNIST", "mnist", mirrors, checksums)


def test_first_call_downloads_and_later_calls_read_the_cache(server, tmp_path, capfd):
    data = datasets.load_mnist()
    assert data.X_train.shape == (5, 784) and data.y_test.shape == (2,)
    assert len(server.requested) == 4
    assert (tmp_path / "cache/cmlp/mnist/train-images-idx3-ubyte.gz").exists()
    assert "100%" in capfd.readouterr().err  # the progress bar
    np.testing.assert_array_equal(datasets.load_mnist().X_train, data.X_train)
    assert len(server.requested) == 4


def test_changed_file_in_the_cache_is_downloaded_again(server, tmp_path):
    expected = datasets.load_mnist().y_test
    (tmp_path / "cache/cmlp/mnist/t10k-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    np.testing.assert_array_equal(datasets.load_mnist().y_test, expected)
    assert len(server.requested) == 5


@pytest.mark.parametrize("first", ["missing/", "truncated/", "changed/"])
def test_second_mirror_is_used_if_the_first_one_fails(server, first, monkeypatch):
    monkeypatch.setattr(_download, "MNIST", source(server.folder, server.url + first, server.url))
    assert datasets.load_mnist().X_train.shape == (5, 784)
    assert len(server.requested) == 8


@pytest.mark.parametrize(
    "mirror, reason", [("missing/", "404"), ("truncated/", ""), ("changed/", "hash")]
)
def test_error_names_each_mirror_and_keeps_no_file(server, tmp_path, mirror, reason, monkeypatch):
    monkeypatch.setattr(_download, "MNIST", source(server.folder, server.url + mirror))
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load_mnist()
    message = str(caught.value)
    assert f"{server.url}{mirror}train-images-idx3-ubyte.gz" in message and reason in message
    assert "CMLP_DATA" in message
    assert not list((tmp_path / "cache").rglob("*ubyte*"))


def test_error_without_a_connection_explains_cmlp_data(server, monkeypatch):
    server.shutdown()
    server.server_close()
    with pytest.raises(FileNotFoundError, match="the download failed") as caught:
        datasets.load_mnist()
    assert "CMLP_DATA" in str(caught.value) and "'mnist'" in str(caught.value)


def test_folder_in_cmlp_data_has_precedence(server, tmp_path, monkeypatch):
    monkeypatch.setenv("CMLP_DATA", str(tmp_path))
    server.folder.rename(tmp_path / "mnist")
    assert datasets.load_mnist().X_train.shape == (5, 784)
    assert not server.requested
