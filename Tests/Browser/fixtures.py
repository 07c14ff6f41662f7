"""What the tests of the proxies use too: a browser, nodes that a test may stop and kill, and choices by a seed."""

import os
import pathlib
import random
import shutil
import signal
import tempfile

import pytest
from playwright.sync_api import sync_playwright

from nodes import Cluster
from plain_page import PlainPage

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"

# Stopped by a time limit, the tests clean up as they do after Ctrl-C.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture
def seeded():
    """Random choices that can be made again: `PRESSROOM_TEST_SEED=n`."""
    seed = int(os.environ.get("PRESSROOM_TEST_SEED") or random.randrange(1 << 32))
    print(f"PRESSROOM_TEST_SEED={seed}")  # shown when the test fails
    return random.Random(seed)


@pytest.fixture(scope="module")
def cluster():
    """A PostgreSQL, to which a module adds its nodes."""
    with tempfile.TemporaryDirectory(prefix="pressroom-nodes-") as path, Cluster(pathlib.Path(path)) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell")
        # Names of strangers, who need no DNS to point to this machine.
        rules = "--host-resolver-rules=MAP *.pressroom.example 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", rules])
        yield browser
        browser.close()


@pytest.fixture
def plain(browser):
    """The page of bare EventSources."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield PlainPage(page)
    context.close()
    assert errors == [], "the page threw"
