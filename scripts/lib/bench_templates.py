"""Runs the tasks that the data set of scripts/bench scale is made of copies of: some that complete, one that fails and
one that is cancelled.

    python3 bench_templates.py URL
"""
import json
import sys
import time
import urllib.request

WORKFLOW = """
name: scale
version: 1.0.0
description: Two drafts, one after the other, for `pressroom-bench scale`.
agents:
  writer: {role: writer, model: nothing/bench}
phases:
  - {id: first, kind: write, agents: [writer], prompt: "Two sentences on {{topic}}."}
"""
SECOND = """
  - {id: second, kind: write, agents: [writer], prompt: "Two more."}
"""
# The topic is no URL.
REFUSED = """
  - {id: second, kind: http, url: "{{topic}}", retry: {max_attempts: 1}}
"""
WAIT = """
name: scale-wait
version: 1.0.0
phases:
  - {id: wait, kind: signal, name: go, timeout: 1h}
"""


def send(method: str, path: str, body: bytes, kind: str = "application/json") -> dict:
    request = urllib.request.Request(sys.argv[1] + "/api/v1" + path, body or None, {"Content-Type": kind}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def publish(definition: str) -> None:
    send("POST", "/workflows", definition.encode(), "application/yaml")


def start(workflow: str) -> str:
    return send("POST", "/tasks", json.dumps({"workflow": workflow, "input": {"topic": "swifts"}}).encode())["task_id"]


def wait(task: str, statuses: set[str]) -> None:
    deadline = time.monotonic() + 60
    while send("GET", "/tasks/" + task, b"")["status"] not in statuses:
        if time.monotonic() > deadline:
            sys.exit(f"the task {task} did not become {statuses}")
        time.sleep(0.05)


publish(WORKFLOW + SECOND)
publish(WORKFLOW.replace("name: scale", "name: scale-fail") + REFUSED)
publish(WAIT)
for task in [start("scale") for _ in range(5)]:
    wait(task, {"completed"})
wait(start("scale-fail"), {"failed"})
cancelled = start("scale-wait")
wait(cancelled, {"running", "waiting"})
send("POST", f"/tasks/{cancelled}/cancel", b"")
