"""A PostgreSQL of the module's own, to which it adds its nodes, and a collector of traces."""

import pathlib
import signal
import tempfile

import pytest

from collector import Collector
from nodes import Cluster

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Stopped by a time limit, the tests clean up as they do after Ctrl-C.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="module")
def cluster():
    with tempfile.TemporaryDirectory(prefix="pressroom-telemetry-") as path, Cluster(pathlib.Path(path)) as cluster:
        yield cluster


@pytest.fixture
def collector():
    with Collector() as collector:
        yield collector
