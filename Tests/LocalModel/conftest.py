"""A real small model, and a service that is configured for it: $PRESSROOM_BINARY, each on a free port of loopback."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import pytest

from run import EXAMPLES, Run
from service import Service

HERE = pathlib.Path(__file__).resolve().parent


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answers(url):
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as response:
        return response.status == 200
    return False


@contextlib.contextmanager
def started(command, directory, log, url, seconds):
    """Runs a program until the end of the block, which begins when `url` answers."""
    with open(log, "wb") as output:
        process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + seconds
        while not answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(errors="replace")[-4000:]
                pytest.exit(f"{command[0]} is not ready (status {process.poll()}):\n{text}", returncode=1)
            time.sleep(0.1)  # any program: how it tells that it is ready is not known
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def directory():
    with tempfile.TemporaryDirectory(prefix="pressroom-model-") as path:
        os.chmod(path, 0o755)  # started by root, the private PostgreSQL runs as somebody else
        yield pathlib.Path(path)


@pytest.fixture(scope="session")
def model(directory):
    """The port of the model's server."""
    port = free_port()
    command = [sys.executable, str(HERE / "serve.py"), str(port)]
    with started(command, directory, directory / "model.log", f"http://127.0.0.1:{port}/health", 180):
        yield port


@pytest.fixture(scope="session")
def service(directory, model):
    binary = os.environ.get("PRESSROOM_BINARY")
    if not binary:
        pytest.exit("PRESSROOM_BINARY must name the program", returncode=2)
    configuration = (EXAMPLES / "pressroom.local.yaml").read_text()
    assert ":18082/" in configuration
    (directory / "pressroom.yaml").write_text(configuration.replace(":18082/", f":{model}/"))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [os.path.abspath(binary), "serve", "--http-port", str(port)]
    with started(command, directory, directory / "service.log", f"{url}/health/ready", 120):
        yield Service(url)


@pytest.fixture(scope="session")
def example(service):
    """The example as it is, run to its end."""
    return Run(service, (EXAMPLES / "local-model.yaml").read_text())


@pytest.fixture(scope="session")
def cut_short(service):
    """The example with a judge who may not say enough for a verdict."""
    text = (EXAMPLES / "local-model.yaml").read_text()
    judge = "bob:   {role: evaluator, name: Bob, model: local/smollm2, temperature: 0.5, max_tokens: 80}"
    assert judge in text
    text = text.replace(judge, judge.replace("80}", "3}")).replace("name: local-model\n", "name: local-model-cut-short\n")
    return Run(service, text)
