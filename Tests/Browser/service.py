"""The service as a plain HTTP client sees it; nothing of the page."""

import json
import urllib.error
import urllib.request


class Service:
    def __init__(self, url):
        self.url = url

    def request(self, method, path, body=None, content_type="application/json"):
        request = urllib.request.Request(self.url + path, method=method, data=body)
        if body is not None:
            request.add_header("content-type", content_type)
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
            return json.loads(text) if text else None

    def get(self, path):
        return self.request("GET", path)

    def publish(self, yaml):
        return self.request("POST", "/api/v1/workflows", yaml, "application/yaml")

    def start(self, workflow, value):
        body = json.dumps({"workflow": workflow, "input": value}).encode()
        return self.request("POST", "/api/v1/tasks", body)["task_id"]

    def wait_for_end(self, task_id):
        for event, _, _ in self.stream(task_id):
            if event == "end":
                return

    def wait_for(self, task_id, event_type):
        for event, _, _ in self.stream(task_id, "?from=earliest"):
            if event == event_type:
                return

    def stream(self, task_id, query=""):
        """(event, id, data) of a task's stream, until the service closes it."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/tasks/{task_id}/stream{query}", headers={"accept": "text/event-stream"})
        with urllib.request.urlopen(request, timeout=60) as response:
            event, identifier, data = None, None, []
            for raw in response:
                line = raw.decode().rstrip("\r\n")
                if line == "":
                    if event is not None:
                        yield event, identifier, json.loads("\n".join(data)) if data else None
                    event, identifier, data = None, None, []
                    continue
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if field == "event":
                    event = value
                elif field == "id":
                    identifier = value
                elif field == "data":
                    data.append(value)

    def log(self, task_id):
        """The cursors of every durable event of a finished task, in order."""
        return [identifier for event, identifier, _ in self.stream(task_id, "?from=earliest")
                if event not in ("end", "state", "output_delta", "step_delta") and identifier]
