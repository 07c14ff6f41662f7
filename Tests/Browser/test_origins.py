"""Pages of strangers, in a browser on the service's machine: loopback keeps out other machines, not other pages."""

import http.server
import json
import threading
import urllib.parse

import pytest

import pages

# The browser finds every name below it on this machine: see `browser` in fixtures.py.
DOMAIN = "pressroom.example"

FORM = """([url, type, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action: url, enctype: type });
  for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
  document.body.append(form);
  form.submit();
}"""

# The status of a request; "opaque" where the browser does not tell it, "blocked" where it does not send it or hides it.
FETCH = """async ([url, options]) => {
  try {
    const response = await fetch(url, options);
    return response.type === "opaque" ? "opaque" : [response.status, await response.text()];
  } catch {
    return "blocked";
  }
}"""


@pytest.fixture(scope="module")
def stranger():
    """The address of an empty page on another port, under a name of its own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"<!doctype html><title>Strange</title><body></body>"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://strange.{DOMAIN}:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def targets(service):
    """Paths that change something, of a task that waits for a signal and of a question; and a look at all of it."""
    signalled = service.start("approval", {"topic": "Hands off"})
    service.wait_for(signalled, "phase_changed")
    while service.get(f"/api/v1/tasks/{signalled}")["status"] != "waiting":
        pass
    asked = service.start(pages.publish_question(service, "strangers"), {"topic": "strangers"})
    service.wait_for(asked, "human_task_updated")
    question = service.get(f"/api/v1/tasks/{asked}/state")["human_tasks"][0]["id"]
    paths = [f"tasks/{signalled}/{action}" for action in ("pause", "cancel", "signals/approved", "events")]
    paths += [f"human-tasks/{question}/{action}" for action in ("claim", "cancel", "complete")]

    def look():
        state = service.get(f"/api/v1/tasks/{signalled}/state?include=logs")
        return {
            "signalled": {**state, "live": None}, "asked": {**service.get(f"/api/v1/tasks/{asked}/state"), "live": None},
            "tasks": [row["task_id"] for row in service.get("/api/v1/tasks?limit=500")["items"]],
            "workflows": [row["id"] for row in service.get("/api/v1/workflows?limit=500")["items"]],
            "schedules": service.get("/api/v1/schedules"),
        }

    yield [f"/api/v1/{path}" for path in paths], look
    for task in (signalled, asked):
        service.request("POST", f"/api/v1/tasks/{task}/cancel")


def statuses(page, url):
    """The status of each response that the page gets from the service, though its scripts cannot read it."""
    seen = []
    page.on("response", lambda response: response.url.startswith(url) and seen.append((response.request.method, response.status)))
    return seen


def test_a_page_of_another_origin_changes_nothing(page, service, stranger, targets):
    paths, look = targets
    before = look()
    page.goto(stranger)
    seen = statuses(page, service.url)
    for path in paths:
        # What a browser sends without asking the service first.
        for body in ({}, {"body": "{}"}, {"body": json.dumps({"data": 1}), "headers": {"content-type": "text/plain"}}):
            options = {"method": "POST", "mode": "no-cors", "credentials": "include", **body}
            assert page.evaluate(FETCH, [service.url + path, options]) in ("opaque", "blocked"), path
    assert seen == [("POST", 403)] * (3 * len(paths))
    # What it asks first, and is not allowed.
    start = {"method": "POST", "headers": {"content-type": "application/json"}, "body": '{"workflow":"approval","input":{"topic":"mine"}}'}
    for path, options in [("/api/v1/tasks", start), (paths[0].rsplit("/", 1)[0], {"method": "DELETE"}), ("/api/v1/workflows", start)]:
        assert page.evaluate(FETCH, [service.url + path, options]) == "blocked", path
    # Nor does it read anything.
    assert page.evaluate(FETCH, [f"{service.url}/api/v1/tasks", {}]) == "blocked"
    assert page.evaluate("""url => new Promise((done) => {
      const source = new EventSource(url);
      source.onopen = () => done("open");
      source.onerror = () => { source.close(); done("error"); };
    })""", f"{service.url}/api/v1/stream") == "error"
    assert look() == before


@pytest.mark.parametrize("encoding", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_a_form_of_another_origin_changes_nothing(page, service, stranger, targets, encoding):
    paths, look = targets
    before = look()
    for path in [*paths, "/api/v1/tasks", "/api/v1/workflows"]:
        page.goto(stranger)
        with page.expect_response(service.url + path) as response:
            page.evaluate(FORM, [service.url + path, encoding, {'{"data": 1, "x": "': '"}'}])
        assert response.value.status == 403, path
        page.wait_for_url(service.url + path)  # the refusal is shown, and the next page can come
    assert look() == before


def test_a_name_that_was_made_to_point_here_is_refused(page, service, targets):
    paths, look = targets
    before = look()
    port = urllib.parse.urlsplit(service.url).port
    rebound = f"http://rebound.{DOMAIN}:{port}"
    # Its own page is not shown there. What runs in the refusal is what a page would be that came from somewhere else, before
    # its name meant this machine: to the browser the service is its own origin.
    assert page.goto(f"{rebound}/").status == 421
    start = {"method": "POST", "headers": {"content-type": "application/json"}, "body": '{"workflow":"approval","input":{"topic":"mine"}}'}
    requests = [("/api/v1/tasks", {}), ("/", {}), ("/openapi.json", {}), ("/health", {}), ("/api/v1/tasks", start),
                (paths[0].rsplit("/", 1)[0], {"method": "DELETE"}), (paths[0].rsplit("/", 1)[0] + "/state", {})]
    requests += [(path, {"method": "POST"}) for path in paths]
    for path, options in requests:
        answer = page.evaluate(FETCH, [rebound + path, options])
        assert isinstance(answer, list), (path, options, answer)
        status, text = answer
        assert status == 421 and "Hands off" not in text, (path, status, text)
    assert page.evaluate("""() => new Promise((done) => {
      const source = new EventSource("/api/v1/stream");
      source.onopen = () => done("open");
      source.onerror = () => done(source.readyState === EventSource.CLOSED ? "closed" : "waits");
    })""") == "closed"
    assert look() == before
