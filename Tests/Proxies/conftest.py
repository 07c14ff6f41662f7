"""Nodes, and each of the proxies in front of them."""

import pytest

import programs
from certificate import Certificate
from fixtures import EXAMPLES, browser, cluster, plain, seeded  # noqa: F401
from plain_page import DIRECTORY
from reader import client
from until import until
from writers import waiting_task

# Heartbeats are several to a proxy's timeout, as with the settings of both that people run.
SETTINGS = {"public_directory": DIRECTORY, "streams.heartbeat": "1s", "streams.drain": "100ms", "processor.lease_timeout": "1s",
            "processor.heartbeat": "100ms"}


@pytest.fixture(scope="module")
def certificate(cluster):
    return Certificate(cluster.directory)


@pytest.fixture(scope="module")
def both(cluster):
    """Two nodes; a test may leave them dead."""
    nodes = [cluster.add(SETTINGS) for _ in range(2)]
    nodes[0].publish((EXAMPLES / "approval.yaml").read_bytes())
    return nodes


@pytest.fixture(scope="module", params=programs.ALL)
def proxy(request, cluster, certificate, both):
    addresses = [f"127.0.0.1:{node.port}" for node in both]
    with programs.ALL[request.param](cluster.directory / request.param, certificate, addresses) as proxy:
        yield proxy


@pytest.fixture
def nodes(both, proxy, certificate):
    """The two nodes, both up, and the proxy knows of it."""
    for node in both:
        if node.process.poll() is not None:
            node.launch()
    with client(certificate, "HTTP/1.1") as http:
        until(lambda: http.get(f"{proxy.url}/health/ready").status_code == 200)
    return both


@pytest.fixture
def tasks(nodes):
    return [waiting_task(nodes[0], topic) for topic in ("One", "Two")]


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
def version(request):
    return request.param


@pytest.fixture
def http(version, certificate):
    with client(certificate, version) as http:
        yield http
