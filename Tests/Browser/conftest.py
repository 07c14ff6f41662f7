"""A running service at $PRESSROOM_URL with the example workflows published, and pages that note what they get."""

import os
import urllib.parse

import pytest

from fixtures import EXAMPLES, browser, cluster, plain, seeded  # noqa: F401
from proxy import Proxy
from service import Service

# Notes every event that the page's streams deliver, and how long each text was each time it changed.
RECORDER = """
window.recorded = { events: [], lengths: {}, violations: [] };
document.addEventListener("securitypolicyviolation", (event) => recorded.violations.push(event.violatedDirective));
window.EventSource = class extends EventSource {
  addEventListener(type, listener, options) {
    super.addEventListener(type, (event) => {
      if (event.type !== "error") recorded.events.push({ type, id: event.lastEventId, url: this.url, data: event.data });
      listener.call(this, event);
    }, options);
  }
};
new MutationObserver(() => {
  for (const copy of document.querySelectorAll(".output .copy.writing")) {
    const id = copy.closest(".output").dataset.outputId;
    const lengths = recorded.lengths[id] ??= [];
    if (lengths.at(-1) !== copy.textContent.length) lengths.push(copy.textContent.length);
  }
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""


@pytest.fixture(scope="session")
def service():
    url = os.environ.get("PRESSROOM_URL")
    if not url:
        pytest.exit("PRESSROOM_URL must name a running service, such as http://127.0.0.1:8080", returncode=2)
    service = Service(url.rstrip("/"))
    for name in ("launch-post", "approval"):
        service.publish((EXAMPLES / f"{name}.yaml").read_bytes())
    return service


@pytest.fixture
def proxy(service):
    target = urllib.parse.urlsplit(service.url)
    proxy = Proxy((target.hostname, target.port))
    yield proxy
    proxy.pull()


@pytest.fixture(scope="session")
def finished(service):
    """The state of a completed launch-post task."""
    task_id = service.start("launch-post", {"topic": "A finished task"})
    service.wait_for_end(task_id)
    return service.get(f"/api/v1/tasks/{task_id}/state")


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    context.add_init_script(RECORDER)
    yield context
    context.close()


@pytest.fixture
def page(context):
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == [], "the page threw"
    assert page.evaluate("recorded.violations") == [], "the page broke its content security policy"
