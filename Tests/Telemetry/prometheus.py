"""Debian's Prometheus, in a directory of its own, which scrapes nodes on loopback and listens nowhere else."""

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from nodes import free_port


def program(name):
    path = os.environ["PATH"] + os.pathsep + "/usr/sbin"
    return shutil.which(name, path=path) or pytest.exit(f"{name} was not found", 2)


class Prometheus:
    def __init__(self, directory, targets, rules, token=None):
        directory.mkdir()
        self.directory = directory
        self.url = f"http://127.0.0.1:{free_port()}"
        shutil.copy(rules, directory / "alerts.yml")
        authorization = f"authorization: {{credentials: {json.dumps(token)}}}, " if token else ""
        (directory / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            "rule_files: [alerts.yml]\n"
            f"scrape_configs:\n  - {{job_name: pressroom, {authorization}static_configs: [{{targets: {json.dumps(targets)}}}]}}\n")

    def __enter__(self):
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen(
                [program("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                 f"--web.listen-address={self.url.removeprefix('http://')}"],
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                pytest.fail(f"Prometheus is not ready:\n{(self.directory / 'log').read_text()[-3000:]}")
            time.sleep(0.1)
        return self

    def _is_ready(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as response:
            return response.status == 200
        return False

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def get(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            answer = json.loads(error.read())
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]

    def query(self, expression):
        """(labels, value) of each series."""
        return [(result["metric"], float(result["value"][1])) for result in self.get("query", query=expression)["result"]]
