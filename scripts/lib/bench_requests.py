"""What a request costs the service and PostgreSQL, in processor time.

    python3 bench_requests.py state   --url URL --service PID --postgres PID [--token TEXT] --workflow NAME --count N
                              start   … --count N: POST /tasks; counts until every task waits for its signal
                              fan-out … --count N --readers N --follow PROGRAM: events that one client posts, to readers of
                                      the tenant's stream
                              scrape  … --seconds N: GET /metrics 20 times in each other second, less what the others took

Writes JSON. Fails when a request is refused, or when a reader has not had every event.
"""
import argparse
import http.client
import json
import sys
import tempfile
import time
import urllib.parse
from collections import Counter

from bench_processes import Meter
from bench_tasks import Tenant, finish, h2load
from bench_tokens import MARK, Readers

JSON = ["--header", "content-type: application/json"]
WAITING = "bench-waiting"


def publish_waiting(tenant: Tenant) -> str:
    """The body of a POST that starts a task which stays open."""
    with open("Benchmarks/workflows/waiting.yaml", "rb") as file:
        tenant.send("/workflows", file.read(), "application/yaml")
    return json.dumps({"workflow": WAITING})


def wait_until_waiting(tenant: Tenant) -> None:
    deadline = time.monotonic() + 60
    while tenant.tasks(WAITING, "pending,running"):
        if time.monotonic() > deadline:
            sys.exit("after 60 s, not all tasks waited for their signal")
        time.sleep(0.05)


def costs(used: dict[str, float], count: int, what: str) -> dict:
    both = {"": used["service"] + used["postgres"], "service_": used["service"], "postgres_": used["postgres"]}
    return {f"{of}us_per_{what}": round(seconds / count * 1e6, 1) for of, seconds in both.items()}


def state(options: argparse.Namespace, tenant: Tenant, meter: Meter) -> dict:
    path = f"/tasks/{tenant.tasks(options.workflow, 'completed')[0]['task_id']}/state"
    finish(h2load(tenant, path, options.count // 10 + 1, options.connections), options.count // 10 + 1, "states were read")
    body = len(json.dumps(tenant.send(path), separators=(",", ":"), ensure_ascii=False).encode())
    meter.start()
    finish(h2load(tenant, path, options.count, options.connections), options.count, "states were read")
    return costs(meter.used(), options.count, "request") | {"body_bytes": body}


def start(options: argparse.Namespace, tenant: Tenant, meter: Meter) -> dict:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(publish_waiting(tenant))
        file.flush()
        for count in (options.count // 10 + 1, options.count):
            meter.start()
            finish(h2load(tenant, "/tasks", count, options.connections, "--data", file.name, *JSON), count, "tasks were accepted")
            wait_until_waiting(tenant)
    return costs(meter.used(), options.count, "request")


def fan_out(options: argparse.Namespace, tenant: Tenant, meter: Meter) -> dict:
    task = tenant.send("/tasks", publish_waiting(tenant).encode())["task_id"]
    wait_until_waiting(tenant)
    port = urllib.parse.urlsplit(options.url).port
    readers = Readers(options.follow, port, options.readers, "/api/v1/stream?from=now", token=options.token)
    readers.wait()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"type": "custom.bench", "data": {"pad": "x" * 400 + MARK}}, file)
        file.flush()
        wanted = 0
        for count in (options.count // 10 + 1, options.count):
            wanted += count * options.readers
            meter.start()
            began = time.monotonic()
            finish(h2load(tenant, f"/tasks/{task}/events", count, 1, "--data", file.name, *JSON), count, "events were accepted")
            while (found := readers.look()["marks"]) < wanted and time.monotonic() < began + 120:
                time.sleep(0.01)
    used, seconds, closed = meter.used(), time.monotonic() - began, readers.look()["closed"]
    readers.close()
    if found != wanted:
        sys.exit(f"the readers had {found} events, not {wanted}")
    report = costs(used, options.count, "event") | costs(used, options.count * options.readers, "delivery")
    return report | {"deliveries_per_second": round(options.count * options.readers / seconds), "closed_by_server": closed}


def scrape(options: argparse.Namespace, _: Tenant, meter: Meter) -> dict:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(options.url).netloc, timeout=30)
    idle, busy = Counter(), Counter()
    rounds, count, size = max(1, round(options.seconds)), 20, 0
    for _ in range(rounds):
        meter.start()
        time.sleep(1)
        idle.update(meter.used())
        meter.start()
        began = time.monotonic()
        for number in range(1, count + 1):
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            size = len(answer.read())
            if answer.status != 200:
                sys.exit(f"/metrics: {answer.status}")
            time.sleep(max(0.0, began + number / count - time.monotonic()))
        busy.update(meter.used())
    used = {name: max(0.0, busy[name] - idle[name]) for name in busy}
    return costs(used, rounds * count, "scrape") | {"body_bytes": size, "idle_us_per_second": round(idle.total() / rounds * 1e6)}


def main() -> None:
    loads = {"state": state, "start": start, "fan-out": fan_out, "scrape": scrape}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("load", choices=loads)
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", help="of the sender")
    parser.add_argument("--service", type=int, required=True, help="its process")
    parser.add_argument("--postgres", type=int, required=True, help="its first process")
    parser.add_argument("--workflow", help="whose newest task is read")
    parser.add_argument("--count", type=int, default=1000, help="requests")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--follow", help="the program `readers`")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    meter = Meter({"postgres": options.postgres}, {"service": options.service})
    print(json.dumps(loads[options.load](options, Tenant(options.url, options.token), meter)))


main()
