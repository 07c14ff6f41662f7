"""Compares services that run side by side, as processor time of the service and its PostgreSQL for the same work.

    python3 bench_sides.py --side NAME,URL,SERVICE_PID,POSTGRES_PID[,KEY] --side … --load LOAD[=COUNT] … --rounds N \\
        --readers PROGRAM [--workflow FILE.yaml]

Each load is done by every side in turn, in another order in each round, so that what else the machine does meets all alike.
Loads: `state` (GET of a finished task's state), `start` (POST /tasks), `fan-out` (events of a client to 200 readers of the
tenant), `steps` (tasks of the workflow, from their POST to their end).

A side whose name is `scraped` is asked for its metrics once a second.

Writes JSON: for each load and side the median of the µs of processor time for a request, an event or a step, and the median
over the rounds of the ratio of the first side to each other one.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from bench_processes import Meter

READERS = 200
WORKFLOWS = pathlib.Path(__file__).resolve().parents[2] / "Benchmarks/workflows"


class Side:
    def __init__(self, text: str):
        self.name, self.url, service, postgres, *key = text.split(",")
        self.headers = {"Authorization": "Bearer " + key[0]} if key else {}
        self.key = key[0] if key else None
        self.meter = Meter({"postgres": int(postgres)}, {"service": int(service)})
        if self.name == "scraped":
            threading.Thread(target=self.scrape, daemon=True).start()

    def scrape(self) -> None:
        while True:
            with urllib.request.urlopen(self.url + "/metrics", timeout=60) as answer:
                answer.read()
            time.sleep(1)

    def send(self, path: str, body: bytes | None = None, kind: str = "application/json") -> dict:
        request = urllib.request.Request(self.url + "/api/v1" + path, body, self.headers | {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{self.name}: {path}: {error.code} {error.read().decode()[:500]}")

    def publish(self, file: pathlib.Path) -> str:
        text = file.read_text(encoding="utf-8")
        self.send("/workflows", text.encode(), "application/yaml")
        return re.search(r"^name: (\S+)", text, re.MULTILINE)[1]

    def start(self, workflow: str) -> str:
        return self.send("/tasks", json.dumps({"workflow": workflow, "input": {"topic": "swifts"}}).encode())["task_id"]

    def await_idle(self, workflow: str) -> None:
        deadline = time.monotonic() + 300
        while self.send(f"/tasks?limit=1&status=pending,running,waiting&workflow={workflow}")["items"]:
            if time.monotonic() > deadline:
                sys.exit(f"{self.name}: tasks of {workflow} did not end")
            time.sleep(0.02)

    def request(self, path: str, count: int, clients: int, body: str | None = None) -> None:
        """So many requests by h2load; all must succeed."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            command = ["h2load", "--h1", "--requests", str(count), "--clients", str(min(clients, count))]
            for name, value in self.headers.items():
                command += ["--header", f"{name.lower()}: {value}"]
            if body:
                file.write(body)
                file.flush()
                command += ["--data", file.name, "--header", "content-type: application/json"]
            output = subprocess.run(command + [self.url + "/api/v1" + path], stdout=subprocess.PIPE, text=True, check=True).stdout
        accepted = re.search(r"status codes: (\d+) 2xx", output)
        if not accepted or int(accepted[1]) != count:
            sys.exit(f"{self.name}: not all of {count} requests to {path} succeeded: {output[-600:]}")

    def seconds(self) -> float:
        """Of processor time, since the last call."""
        used = self.meter.used()
        self.meter.start()
        return used["postgres"] + used["service"]


class Loads:
    """What a side is asked to do, and how many pieces of work it was."""

    def __init__(self, workflow: pathlib.Path, readers: str):
        self.workflow, self.readers = workflow, readers
        self.finished: dict[Side, str] = {}
        self.open: dict[Side, str] = {}
        self.names: dict[Side, tuple[str, str]] = {}

    def prepare(self, side: Side) -> None:
        self.names[side] = side.publish(self.workflow), side.publish(WORKFLOWS / "waiting.yaml")
        self.finished[side] = side.start(self.names[side][0])
        side.await_idle(self.names[side][0])
        self.open[side] = side.start(self.names[side][1])

    def state(self, side: Side, count: int) -> int:
        side.request(f"/tasks/{self.finished[side]}/state", count, 4)
        return count

    def start(self, side: Side, count: int) -> int:
        side.request("/tasks", count, 8, json.dumps({"workflow": self.names[side][1], "input": {}}))
        return count

    def fan_out(self, side: Side, count: int) -> int:
        port = side.url.rpartition(":")[2]
        command = [self.readers, port, str(READERS), "--path", "/api/v1/stream?from=now", "--mark", "~"]
        command += ["--token", side.key] if side.key else []
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def look() -> dict:
            process.stdin.write("\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        while look()["ready"] < READERS:
            time.sleep(0.02)
        side.seconds()
        side.request(f"/tasks/{self.open[side]}/events", count, 4, json.dumps({"data": "~" + "x" * 500}))
        deadline = time.monotonic() + 60
        while look()["marks"] < count * READERS:
            if time.monotonic() > deadline:
                sys.exit(f"{side.name}: the readers have not had all events: {look()}")
            time.sleep(0.01)
        self.used = side.seconds()
        process.stdin.close()
        process.wait()
        return count

    def steps(self, side: Side, count: int) -> int:
        name = self.names[side][0]
        side.request("/tasks", count, 16, json.dumps({"workflow": name, "input": {"topic": "swifts"}}))
        side.await_idle(name)
        return count * side.send(f"/steps?count=true&limit=1&task_id={self.finished[side]}")["total"]

    def run(self, load: str, side: Side, count: int) -> float:
        """µs of processor time for each piece."""
        self.used = None
        side.seconds()
        pieces = getattr(self, load.replace("-", "_"))(side, count)
        used = side.seconds() if self.used is None else self.used
        return used / pieces * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", action="append", required=True)
    parser.add_argument("--load", action="append", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--readers")
    parser.add_argument("--workflow", default="log-steps", help="a file of Benchmarks/workflows, without .yaml")
    options = parser.parse_args()
    sides = [Side(text) for text in options.side]
    loads = Loads(WORKFLOWS / f"{options.workflow}.yaml", options.readers)
    for side in sides:
        loads.prepare(side)
    report = {"rounds": options.rounds}
    for text in options.load:
        load, _, count = text.partition("=")
        name = load.replace("-", "_")
        found: dict[str, list[float]] = {side.name: [] for side in sides}
        for side in sides:
            loads.run(load, side, max(4, int(count) // 4))  # warm
        for number in range(options.rounds):
            # Each side comes first, last and in the middle as often.
            turn = number // 2 % len(sides)
            order = sides[turn:] + sides[:turn]
            for side in order if number % 2 == 0 else reversed(order):
                found[side.name].append(loads.run(load, side, int(count)))
        first = found[sides[0].name]
        for side in sides:
            report[f"{name}_us_{side.name}"] = round(statistics.median(found[side.name]), 1)
        for side in sides[1:]:
            ratios = [own / other for own, other in zip(first, found[side.name])]
            report[f"{name}_to_{side.name}"] = round(statistics.median(ratios), 3)
    print(json.dumps(report))


main()
