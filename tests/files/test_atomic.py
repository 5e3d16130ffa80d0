"""Saving is atomic: after a kill, an error or concurrent saves, the old or a complete new file exists, and no other."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import cmlp
from cmlp import Network

# Faults of the file system are injected at each step of writing a file.
from cmlp._data import disk

on_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs files without a name"
)
on_posix = pytest.mark.skipif(os.name != "posix", reason="needs modes and signals of POSIX")
OLD, NEW = Network([20, 30, 2], random_state=0), Network([20, 30, 2], random_state=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.cmlp"


@pytest.fixture(params=["unnamed", "named"])
def way(request, monkeypatch):
    """Test with unnamed files (O_TMPFILE), and with temporary files as on other systems."""
    if request.param == "named":
        monkeypatch.setattr(disk, "_write_unnamed", lambda *arguments: False)
    elif not sys.platform.startswith("linux"):
        pytest.skip("needs files without a name")
    return request.param


def is_(network, path):
    return bool((cmlp.load(path).params == network.params).all())


def test_file_is_replaced(path, way):
    OLD.save(path)
    assert is_(OLD, path)
    NEW.save(path)
    assert is_(NEW, path)
    assert os.listdir(path.parent) == [path.name]


@on_linux
def test_every_file_and_folder_is_closed(path, way):
    before = len(os.listdir("/proc/self/fd"))
    for network in (OLD, NEW):
        network.save(path)
    assert len(os.listdir("/proc/self/fd")) == before


@on_posix
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_mode_is_kept_and_a_new_file_follows_the_umask(path, way, umask):
    former = os.umask(umask)
    try:
        OLD.save(path)
    finally:
        os.umask(former)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    NEW.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@on_posix
def test_links_are_followed(path, way):
    target = path.parent / "folder" / "target"
    target.parent.mkdir()
    path.symlink_to(target)
    for network in (OLD, NEW):
        network.save(path)
        assert path.is_symlink() and is_(network, target)
    assert os.listdir(target.parent) == ["target"]


@on_posix
def test_only_regular_files_are_replaced(path, way):
    with pytest.raises(IsADirectoryError):
        OLD.save(path.parent)
    os.mkfifo(path)
    with pytest.raises(ValueError, match="regular file"):
        OLD.save(path)
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("name", ["new/", "new/.", "new/..", "model.cmlp/", ""])
def test_path_of_a_folder_is_refused(path, way, monkeypatch, name):
    monkeypatch.chdir(path.parent)
    OLD.save(path)
    with pytest.raises(IsADirectoryError):
        NEW.save(name)
    assert os.listdir() == [path.name] and is_(OLD, path)


def test_error_of_a_full_disk_names_the_file(path, way, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OSError, match=re.escape(f"[Errno 28] No space left on device: {str(path)!r}") + "$"
    ):
        OLD.save(path)
    assert os.listdir(path.parent) == []


@on_posix
def test_reading_a_pipe_or_a_device_raises_instead_of_waiting(path):
    os.mkfifo(path)
    for name in (path, "/dev/zero"):
        with pytest.raises(OSError, match=f"Not a regular file: '{name}'"):
            cmlp.load(name)


def test_relative_paths_and_long_names(path, way, monkeypatch):
    monkeypatch.chdir(path.parent)
    OLD.save("model")
    NEW.save("model")
    assert is_(NEW, "model")
    name = "x" * 255  # a temporary name in the same folder cannot be longer
    OLD.save(name)
    NEW.save(name)
    assert is_(NEW, name)
    assert sorted(os.listdir()) == ["model", name]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_failure_keeps_the_old_file(path, way, call, monkeypatch):
    OLD.save(path)

    def fail(*arguments, **keywords):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        NEW.save(path)
    monkeypatch.undo()
    assert is_(OLD, path) and os.listdir(path.parent) == [path.name]


@on_posix
def test_full_disk_keeps_the_old_file(path, way):
    """The operating system limits files to 1 KB."""
    import resource

    OLD.save(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        with pytest.raises(OSError):
            NEW.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, former)
    assert is_(OLD, path) and os.listdir(path.parent) == [path.name]


def test_exception_of_the_writer_propagates(path, way):
    def interrupted(write):
        write(memoryview(b"abc"))
        raise KeyboardInterrupt

    OLD.save(path)
    with pytest.raises(KeyboardInterrupt):
        disk.write_atomically(path, interrupted)
    assert is_(OLD, path) and os.listdir(path.parent) == [path.name]


@on_linux
@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["fsync", "link", "replace"])
def test_kill_at_each_system_call(path, call, when, exists):
    """A process kills itself before or after each relevant system call."""
    if exists:
        OLD.save(path)
    program = f"""
        import os, signal, cmlp
        real = os.{call}
        def fatal(*arguments, **keywords):
            result = real(*arguments, **keywords) if {when == "after"} else None
            os.kill(os.getpid(), signal.SIGKILL)
        os.{call} = fatal
        cmlp.Network([20, 30, 2], random_state=1).save({str(path)!r})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True)
    assert done.returncode == (-signal.SIGKILL if exists or call != "replace" else 0), done.stderr
    if path.exists():
        assert is_(OLD, path) or is_(NEW, path)
    assert path.exists() or not exists
    NEW.save(path)
    assert is_(NEW, path) and os.listdir(path.parent) == [path.name]


@on_linux
@pytest.mark.slow
def test_kill_at_random_times(path):
    """A process is killed at random times while it saves in a loop."""
    OLD.save(path)
    program = f"""
        import cmlp
        networks = [cmlp.Network([20, 30, 2], random_state=seed) for seed in (0, 1)]
        print("ready", flush=True)
        while True:
            for network in networks:
                network.save({str(path)!r})
    """
    for i in range(20):
        command = [sys.executable, "-c", textwrap.dedent(program)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(0.003 * i)
            process.kill()
        assert is_(OLD, path) or is_(NEW, path)
        assert set(os.listdir(path.parent)) <= {path.name, path.name + ".cmlp-save"}
    NEW.save(path)
    assert os.listdir(path.parent) == [path.name]


@on_linux
def test_file_renamed_by_a_concurrent_save_leaves_no_second_name(path, monkeypatch):
    """Another save renames this one's file, and this save links it again: two names of one file, not renamed."""
    OLD.save(path)
    replace, calls = os.replace, []

    def renamed_by_another(source, target):
        calls.append(source)
        replace(source, target)
        if len(calls) == 1:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", source)

    monkeypatch.setattr(os, "replace", renamed_by_another)
    NEW.save(path)
    assert len(calls) == 2 and is_(NEW, path) and os.listdir(path.parent) == [path.name]


def test_concurrent_saves_and_loads(path, way):
    OLD.save(path)
    until, errors = time.monotonic() + 1, []

    def save(network):
        try:
            while time.monotonic() < until:
                network.save(path)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(network,)) for network in (OLD, NEW, OLD)]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        cmlp.load(path)
    for thread in threads:
        thread.join()
    assert errors == []
    assert os.listdir(path.parent) == [path.name]
