"""The site of a stranger: a page on an origin of its own that follows a task as docs/streams.md tells, and its server, which holds
the API key and gives the page tickets."""

import contextlib
import http.server
import json
import pathlib
import re
import urllib.request

from background import Background

# The browser finds every name below it on this machine: see `browser` in fixtures.py.
HOST = "shop.pressroom.example"
DOCUMENTATION = pathlib.Path(__file__).resolve().parents[2] / "docs" / "streams.md"

# What the stranger's page has of its own: it keeps every event that it gets, and notices when its time stops.
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Shop</title>
<script type="module">
  import { follow, taskRows } from "./follow.js";
  const wanted = new URLSearchParams(location.search);
  const types = wanted.get("types").split(",");
  const { rows, take } = taskRows();
  window.shop = { kept: [], tickets: 0, longest: 0, rows };
  let last = performance.now();
  setInterval(() => {
    shop.longest = Math.max(shop.longest, performance.now() - last);
    last = performance.now();
  }, 50);
  follow(wanted.get("service"), async () => {
    const answer = await fetch("tickets", { method: "POST" });
    if (!answer.ok) throw new Error(String(answer.status));
    shop.tickets += 1;
    return answer.json();
  }, types, (type, data) => {
    take(type, data);
    shop.kept.push({ type, data });
  });
</script>
"""


def documented():
    """The module that the documentation gives to pages."""
    blocks = re.findall(r"^```js\n(.*?)^```$", DOCUMENTATION.read_text(), re.MULTILINE | re.DOTALL)
    modules = [block for block in blocks if "export function follow(" in block]
    assert len(modules) == 1, "docs/streams.md has one module for pages"
    return modules[0]


class Stranger(Background):
    """A context that serves the site on a port of its own. `ticket` is what the server sends to the service for each ticket."""

    def __init__(self):
        self.service = self.key = None
        self.ticket = {}
        outer, module = self, documented()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path == "/follow.js":
                    return self.answer(200, "text/javascript", module)
                self.answer(200, "text/html", PAGE)

            def do_POST(self):
                try:
                    self.answer(201, "application/json", outer._new_ticket())
                except OSError:  # the service is away, or refuses
                    self.answer(502, "application/json", "{}")

            def answer(self, status, kind, text):
                body = text.encode()
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://{HOST}:{self.server.server_port}"

    def _new_ticket(self):
        request = urllib.request.Request(f"{self.service}/api/v1/stream-tickets", json.dumps(self.ticket).encode(), {
            "content-type": "application/json", "authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read().decode()
