"""A real service that takes the tokens of an identity provider."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile

import pytest

from issuer import AUDIENCE, ISSUER, Key, KeySetServer
from nodes import Cluster

# Stopped by a time limit, the tests clean up as they do after Ctrl-C.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="module")
def cluster():
    with tempfile.TemporaryDirectory(prefix="pressroom-tokens-") as path, Cluster(pathlib.Path(path)) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def keys():
    """One key for each algorithm, by its name."""
    return {algorithm: Key(f"key-{algorithm}", algorithm) for algorithm in ("RS256", "PS384", "ES256", "ES384", "EdDSA")}


@pytest.fixture
def key_set(keys):
    server = KeySetServer(list(keys.values()))
    yield server
    server.stop()


SETTINGS = {"auth.jwt.issuer": ISSUER, "auth.jwt.audience": AUDIENCE, "auth.jwt.create_tenants": "true", "auth.jwt.leeway": "2s",
            # All tests come from one address.
            "http.failed_credentials_per_minute": "0"}


def add_node(cluster, key_set, **settings):
    return cluster.add({"auth.modes": "keys, jwt", "auth.jwt.jwks": key_set.url, **SETTINGS, **settings})


@pytest.fixture(scope="module")
def standing_key_set(keys):
    server = KeySetServer(list(keys.values()))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def node(cluster, standing_key_set):
    """One whose provider is well, for what tokens say."""
    return add_node(cluster, standing_key_set)


@pytest.fixture
def own_node(cluster, key_set):
    """One of the test's own, whose provider the test may break."""
    node = add_node(cluster, key_set)
    yield node
    node.stop()


def api_key(cluster, tenant="default"):
    """Made on the database, as an operator does."""
    output = subprocess.run(
        [os.environ["PRESSROOM_BINARY"], "key", "create", "--tenant", tenant, "--user", "ops", "--scopes", "read", "--json",
         "--database-url", cluster.database.url],
        cwd=cluster.directory, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)["key"]
