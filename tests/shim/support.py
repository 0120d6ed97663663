"""Starts a script under the shim, listens to its records, and counts its threads from outside."""

import collections
import contextlib
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SHIM = HERE.parent.parent / "assets" / "shim"
SCRIPTS = HERE / "scripts"
DEADLINE_S = 240  # TensorFlow's import alone takes seconds, and more on a busy machine


class Listener:
    """A launcher's ear: a datagram socket in a directory of its own."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._directory.name, "socket")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self._records = []

    def records(self, event=None):
        """Every record so far, or those of one event."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._records.append(json.loads(self._socket.recv(1 << 20)))
        return [record for record in self._records if event in (None, record["event"])]

    def close(self):
        """Ends listening."""
        self._socket.close()
        self._directory.cleanup()


def environment(config, *path):
    """An environment whose Python starts the shim; `config` is a dict, a raw text or None."""
    names = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TFTOP", "OMP_"))}
    names["PYTHONPATH"] = os.pathsep.join(str(entry) for entry in (SHIM, *path))
    names["PYTHONDONTWRITEBYTECODE"] = "1"
    if config is not None:
        names["TFTOP_SHIM"] = config if isinstance(config, str) else json.dumps(config)
    return names


def run(arguments, config, *path, python=sys.executable, **named):
    """Runs Python to its end: stdout, stderr and exit code as text."""
    return subprocess.run(
        [python, *arguments], env=environment(config, *path), capture_output=True, text=True, timeout=DEADLINE_S, **named
    )


class Target:
    """A script of the matrix that holds its threads while the test looks."""

    def __init__(self, python, script, *arguments, **caps):
        self.listener = Listener()
        config = dict(caps, socket=self.listener.path) if caps else None
        self._stderr = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [python, str(SCRIPTS / script), *arguments],
            env=environment(config),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        self.pid = self._process.pid
        try:
            self.facts = self._ready()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _ready(self):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            if select.select([self._process.stdout], [], [], 0.1)[0]:
                line = self._process.stdout.readline()
                if line.startswith("READY"):
                    return json.loads(line[5:])
                if not line:
                    raise AssertionError("the script ended:\n" + self.stderr())
            self.listener.records()  # the socket must not fill up while TensorFlow starts
        raise AssertionError("the script is not ready:\n" + self.stderr())

    def stderr(self):
        """What the script wrote on stderr so far."""
        self._stderr.seek(0)
        return self._stderr.read()

    def threads(self, pid=None):
        """TensorFlow's own name of a thread -> how many, seen from outside."""
        command = [os.environ["TFTOP_BINARY"], "report", str(pid or self.pid), "--for", "1s", "--json", "--no-children"]
        found = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
        return collections.Counter(thread["name"] for thread in json.loads(found.stdout)["threads"])

    def end(self):
        """Lets the script end by itself; its exit code."""
        self._process.stdin.close()
        return self._process.wait(DEADLINE_S)

    def close(self):
        """Leaves nothing behind."""
        if self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired, BrokenPipeError):
                self._process.stdin.close()
                self._process.wait(30)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._stderr.close()
        self.listener.close()
