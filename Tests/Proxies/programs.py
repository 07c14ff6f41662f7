"""nginx, Caddy and HAProxy with the settings of docs/proxies.md, on loopback, apart from what the system has of them."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

import settings
from nodes import free_port


class Program:
    """A proxy in front of two nodes, at `https://localhost:<port>`."""

    command: list

    def __init__(self, directory, certificate, addresses):
        directory.mkdir()
        self.directory = directory
        self.certificate = certificate
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        (directory / "settings").write_text(self.settings(addresses))

    def settings(self, addresses):
        raise NotImplementedError

    def __enter__(self):
        path = os.environ["PATH"] + os.pathsep + "/usr/sbin"
        program = shutil.which(self.command[0], path=path) or pytest.exit(f"{self.command[0]} was not found", 2)
        home = {name: str(self.directory) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen(
                [program, *self.command[1:]], cwd=self.directory, env={**os.environ, **home}, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 30
            while not self._listens():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{self.command[0]} does not listen:\n{(self.directory / 'log').read_text()}")
                time.sleep(0.05)  # the proxies announce nothing
        except BaseException:
            self.__exit__()
            raise
        return self

    def _listens(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            return True
        return False

    def __exit__(self, *_):
        """At once: its session, as some have workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Nginx(Program):
    command = ["nginx", "-e", "stderr", "-p", ".", "-c", "settings", "-g", "daemon off;"]

    def settings(self, addresses):
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        own = " ".join(f"{kind}_temp_path {self.directory}/{kind};" for kind in kinds)
        page = settings.filled("nginx", {
            **settings.nodes(addresses), "listen 443": f"listen 127.0.0.1:{self.port}", "60s": settings.TIMEOUT,
            "/etc/ssl/pressroom.pem": self.certificate.chain, "/etc/ssl/pressroom.key": self.certificate.key})
        return (f"worker_processes 2;\npid {self.directory}/pid;\nerror_log stderr;\nevents {{ worker_connections 1024; }}\n"
                f"http {{\naccess_log off;\n{own}\n{page}}}\n")


class Caddy(Program):
    command = ["caddy", "run", "--config", "settings", "--adapter", "caddyfile"]

    def settings(self, addresses):
        page = settings.filled("caddy", {
            **settings.nodes(addresses), "pressroom.example {": f"https://localhost:{self.port} {{", "60s": settings.TIMEOUT,
            "/etc/ssl/pressroom.pem": self.certificate.chain, "/etc/ssl/pressroom.key": self.certificate.key})
        return "{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\n" + page


class HAProxy(Program):
    command = ["haproxy", "-db", "-f", "settings"]

    def settings(self, addresses):
        page = settings.filled("haproxy", {
            **settings.nodes(addresses), "bind :443": f"bind 127.0.0.1:{self.port}", "60s": settings.TIMEOUT,
            "/etc/ssl/pressroom-with-key.pem": self.certificate.both})
        return "global\n    maxconn 1000\n\n" + page


ALL = {"nginx": Nginx, "caddy": Caddy, "haproxy": HAProxy}
