"""Schemathesis over the whole of openapi.json, with all its checks, as an admin, as one who only reads, and as nobody.

PRESSROOM_TEST_SCHEMA_CASES=n says how many requests each of them sends at least (150), PRESSROOM_TEST_SEED=n repeats those of
a failure.
"""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

from nodes import Cluster

HERE = pathlib.Path(__file__).resolve().parent
CASES = int(os.environ.get("PRESSROOM_TEST_SCHEMA_CASES") or 150)
SCOPES = {"admin": "read,write,admin,stream,act", "reader": "read", "nobody": None}
# Streams end by themselves, soon; nothing is refused for how often it is asked.
SETTINGS = {"auth.modes": "keys", "streams.max_age": "1s", "streams.drain": "0s", "http.requests_per_minute": "0",
            "http.failed_credentials_per_minute": "0"}


@pytest.fixture(scope="module")
def cluster():
    with tempfile.TemporaryDirectory(prefix="pressroom-schema-") as path, Cluster(pathlib.Path(path)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def node(cluster):
    return cluster.add(SETTINGS)


def api_key(cluster, scopes):
    output = subprocess.run(
        [os.environ["PRESSROOM_BINARY"], "key", "create", "--tenant", "default", "--user", "walker", "--scopes", scopes, "--json",
         "--database-url", cluster.database.url],
        cwd=cluster.directory, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)["key"]


def description(node, directory):
    """As the service gives it. Without authentication no credential is needed, which this service has."""
    document = node.get("/openapi.json")
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    for place in [document, *operations]:
        if "security" in place:
            place["security"] = [entry for entry in place["security"] if entry]
    path = directory / "openapi.json"
    path.write_text(json.dumps(document))
    return path, len(operations)


@pytest.mark.parametrize("principal", SCOPES)
def test_every_answer_is_as_described(cluster, node, principal):
    seed = int(os.environ.get("PRESSROOM_TEST_SEED") or random.randrange(1 << 32))
    path, count = description(node, cluster.directory)
    program = shutil.which("schemathesis", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
    assert program, "Schemathesis is not installed"
    # A large number is for all phases, and for shrinking what fails.
    phases = "examples,coverage,fuzzing,stateful" if CASES >= 1_000 else "examples,fuzzing"
    command = [
        program, f"--config-file={HERE / 'schemathesis.toml'}", "run", str(path), f"--url={node.url}", "--checks=all",
        f"--max-examples={-(-CASES // count)}", f"--phases={phases}", f"--seed={seed}", "--suppress-health-check=all",
        "--request-timeout=30", "--continue-on-failure", "--warnings=off"]
    if SCOPES[principal]:
        command.append(f"--header=Authorization: Bearer {api_key(cluster, SCOPES[principal])}")
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "160", "SCHEMATHESIS_HOOKS": str(HERE / "checks.py")}
    result = subprocess.run(command, cwd=cluster.directory, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    print(f"PRESSROOM_TEST_SEED={seed}\n{result.stdout}")  # shown when the test fails
    assert result.returncode == 0, f"as {principal}, seed {seed}"
    cases = re.search(r"([\d,]+) (?:test cases )?generated", result.stdout)
    assert cases and int(cases[1].replace(",", "")) >= (CASES if CASES >= 1_000 else min(CASES, count)), "less was asked than was to be"
    assert node.is_ready(), "the service is not well afterwards"
