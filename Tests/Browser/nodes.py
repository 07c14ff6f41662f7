"""A PostgreSQL of the test's own, and nodes on it that can be stopped, killed and started again on their ports."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

from service import Service


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _postgres_program(name):
    directories = [os.environ.get("PRESSROOM_PG_BIN", ""), *os.environ["PATH"].split(os.pathsep)]
    versions = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    directories += map(str, sorted(versions, key=lambda path: -int(re.sub(r"\D", "", path.parts[-2]))))
    return shutil.which(name, path=os.pathsep.join(filter(None, directories))) or pytest.exit(f"{name} was not found", 2)


class Database:
    """On a Unix socket only. Started by root, it runs as `postgres`, since it does not run as root."""

    def __init__(self, directory):
        self.directory = directory
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        directory.mkdir()
        if self.user:
            shutil.chown(directory, "postgres", "postgres")
        self.data = directory / "data"
        self._run("initdb", "--username=pressroom", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.start()
        self.url = f"host={directory} user=pressroom dbname=postgres"

    def start(self):
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.directory}' -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "--wait", f"--log={self.directory}/log", f"--options={options}", "start")

    def _run(self, program, *arguments):
        result = subprocess.run([_postgres_program(program), f"--pgdata={self.data}", *arguments], cwd=self.directory,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
                                stderr=subprocess.STDOUT, text=True, **self.user)
        assert result.returncode == 0, f"{program}: {result.stdout}"

    def query(self, sql):
        """The one JSON value that a statement answers, or nothing."""
        text = subprocess.run([_postgres_program("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                               "--set=ON_ERROR_STOP=1", "--command", sql, self.url],
                              check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(text) if text.strip() else None

    def stop(self):
        self._run("pg_ctl", "--wait", "--mode=immediate", "stop")


class Node(Service):
    """`pressroom serve` on a port of its own, with settings such as `{"streams.heartbeat": "1s"}` and a configuration
    file for what only that can say."""

    def __init__(self, database, directory, settings, configuration=""):
        binary = os.environ.get("PRESSROOM_BINARY") or pytest.exit("PRESSROOM_BINARY must name the program", 2)
        directory.mkdir()
        (directory / "pressroom.yaml").write_text(configuration)
        self.directory = directory
        self.port = free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.command = [os.path.abspath(binary), "serve", "--http-port", str(self.port), "--database-url", database.url]
        for key, value in settings.items():
            self.command += ["--set", f"{key}={value}"]
        self.process = None

    def launch(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = (self.directory / "log").read_text(errors="replace")[-4000:]
                pytest.fail(f"the node is not ready (status {self.process.poll()}):\n{text}")
            time.sleep(0.05)
        return self

    def is_ready(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as response:
            return response.status == 200
        return False

    def stop(self):
        """As an operator does, with SIGTERM."""
        self.process.terminate()
        try:
            assert self.process.wait(60) == 0, "the node did not stop cleanly"
        finally:
            self.kill()

    def kill(self):
        """With SIGKILL, which leaves it no time for anything."""
        self.process.kill()
        self.process.wait()


class Cluster:
    """One database and its nodes; a context that stops all of them."""

    def __init__(self, directory):
        os.chmod(directory, 0o755)
        self.directory = directory
        self.database = Database(directory / "postgres")
        self.nodes = []

    def __enter__(self):
        return self

    def add(self, settings, configuration=""):
        node = Node(self.database, self.directory / f"node-{len(self.nodes) + 1}", settings, configuration)
        self.nodes.append(node)
        return node.launch()

    def __exit__(self, *_):
        for node in self.nodes:
            if node.process is not None:
                node.kill()
        self.database.stop()
