"""Runs tasks of a workflow, posted by h2load as fast as the service takes them, with one reader of the tenant.

    python3 bench_tasks.py WORKFLOW.yaml --tasks N --url URL --service PID --postgres PID --psql "psql …" [options]

Writes JSON: tasks and steps a second, from the first POST until none is open; processor time of the service and of
PostgreSQL for each step; with --sizes, the bytes of events, of rows and of the database for each task. Fails when a task
fails, a POST is refused, or the model had other than --requests requests a task.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from bench_processes import Meter

# Tables whose rows are in events, and the functions that make JSON of them.
ROWS = {
    "tasks": "task",
    "phases": "phase",
    "steps": "step",
    "outputs": "output",
    "output_versions": "output_version",
    "evaluations": "evaluation",
    "rankings": "ranking",
    "logs": "log",
    "attempts": "attempt",
    "calls": "call",
}
OPEN = "pending,running,waiting"


class Tenant:
    """The API as one tenant uses it."""

    def __init__(self, url: str, token: str | None):
        self.url, self.token = url + "/api/v1", token
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, path: str, body: bytes | None = None, kind: str = "application/json") -> dict:
        request = urllib.request.Request(self.url + path, body, self.headers | {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{path}: {error.code} {error.read().decode()[:500]}")

    def tasks(self, workflow: str, statuses: str) -> list[dict]:
        """The newest of a workflow, if there is one."""
        query = urllib.parse.urlencode({"workflow": workflow, "status": statuses, "limit": 1})
        return self.send("/tasks?" + query)["items"]


class Database:
    def __init__(self, psql: str):
        self.psql = psql.split()

    def row(self, statement: str) -> list[str]:
        command = self.psql + ["--command", statement]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip().split("|")

    def number(self, statement: str) -> float:
        return float(self.row(statement)[0] or 0)

    def tables(self) -> dict[str, int]:
        """Bytes of each table, with its indexes and long texts."""
        found = self.row(
            "SELECT json_object_agg(relname, pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relnamespace = 'pressroom'::regnamespace AND relkind = 'r'"
        )
        return json.loads("|".join(found))


class Reader:
    """The program `readers`, with one reader of a tenant."""

    def __init__(self, program: str, url: str, token: str | None):
        port = str(urllib.parse.urlsplit(url).port)
        options = ["--path", "/api/v1/stream?from=now"] + (["--token", token] if token else [])
        self.process = subprocess.Popen([program, port, "1", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while not self.look()["ready"]:
            time.sleep(0.02)

    def look(self) -> dict:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def definition(options: argparse.Namespace) -> tuple[str, str]:
    """The workflow's name and text, with another provider and number of drafts where these are asked for. A version never
    changes, so each has a name of its own."""
    with open(options.workflow, encoding="utf-8") as file:
        text = file.read()
    suffix = ""
    if options.provider:
        text = re.sub(r"model: \w+/", f"model: {options.provider}/", text)
        suffix += "-" + options.provider
    if options.drafts:
        names = [f"w{number + 1}" for number in range(options.drafts)]
        writer = re.search(r"^  w1: (.*)$", text, re.MULTILINE)[1]
        text = re.sub(r"^  w[2-9]: .*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"^  w1: .*$", "\n".join(f"  {name}: {writer}" for name in names), text, flags=re.MULTILINE)
        text = re.sub(r"agents: \[w1[^\]]*\]", f"agents: [{', '.join(names)}]", text)
        suffix += f"-{options.drafts}"
    name = re.search(r"^name: (\S+)", text, re.MULTILINE)[1] + suffix
    return name, re.sub(r"^name: .*$", "name: " + name, text, flags=re.MULTILINE)


def h2load(tenant: Tenant, path: str, requests: int, clients: int, *options: str) -> subprocess.Popen:
    """Starts so many requests of a tenant, over so many connections."""
    command = ["h2load", "--h1", "--requests", str(requests), "--clients", str(max(1, min(clients, requests))), *options]
    if tenant.token:
        command += ["--header", "authorization: Bearer " + tenant.token]
    return subprocess.Popen(command + [tenant.url + path], stdout=subprocess.PIPE, text=True)


def finish(run: subprocess.Popen, requests: int, what: str) -> None:
    """Waits for the end of h2load; each response must be a success."""
    output = run.communicate()[0]
    accepted = re.search(r"status codes: (\d+) 2xx", output)
    if not accepted or int(accepted[1]) != requests:
        sys.exit(f"not all of {requests} {what}: {output[-600:]}")


def post(tenants: list[Tenant], body: str, tasks: int, connections: int) -> None:
    """Starts the tasks, each tenant as many, and returns when all are accepted."""
    share = tasks // len(tenants)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(body)
        file.flush()
        options = ["--data", file.name, "--header", "content-type: application/json"]
        runs = [h2load(tenant, "/tasks", share, connections // len(tenants), *options) for tenant in tenants]
        for run in runs:
            finish(run, share, "tasks were accepted")


def run_all(tenants: list[Tenant], workflow: str, body: str, options: argparse.Namespace, tasks: int) -> float:
    """Seconds from the first POST until no task is open; with --at-once, of all waves together."""
    wave = options.at_once or tasks
    pause = 0.005 if options.at_once else 0.05
    seconds = 0.0
    for first in range(0, tasks, wave):
        start = time.monotonic()
        post(tenants, body, min(wave, tasks - first), options.connections)
        for tenant in tenants:
            while tenant.tasks(workflow, OPEN):
                if time.monotonic() - start > options.timeout:
                    sys.exit(f"after {options.timeout} s, not all of {tasks} tasks had ended")
                time.sleep(pause)
        seconds += time.monotonic() - start
    for tenant in tenants:
        for task in tenant.tasks(workflow, "failed,cancelled"):
            sys.exit(f"a task of {workflow} has failed: {json.dumps(task['error'])}")
    return seconds


def sizes(database: Database, since: str, tasks: int) -> dict:
    """Bytes of events and of rows for each task that was started since."""
    own = f"(SELECT task_id FROM pressroom.tasks WHERE created_at >= '{since}')"
    events = database.row(
        "SELECT count(*), coalesce(sum(octet_length(payload::text)), 0) FROM pressroom.events WHERE task_id IN " + own
    )
    contents = sum(
        database.number(f"SELECT sum(octet_length(pressroom.{row}_json(r)::text)) FROM pressroom.{table} r WHERE r.task_id IN {own}")
        for table, row in ROWS.items()
    )
    return {
        "events_per_task": round(float(events[0]) / tasks, 1),
        "event_bytes_per_task": round(float(events[1]) / tasks),
        "row_bytes_per_task": round(contents / tasks),
        "event_to_row_bytes": round(float(events[1]) / contents, 2),
    }


def model_requests(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count", timeout=10) as answer:
        return json.load(answer)["requests"]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workflow", help="a file of Benchmarks/workflows")
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", action="append", help="of a tenant; several tenants share the tasks")
    parser.add_argument("--service", type=int, required=True, help="its process")
    parser.add_argument("--postgres", type=int, required=True, help="its first process")
    parser.add_argument("--psql", required=True, help="the command that runs a statement on the service's database")
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--warm", type=int, default=0, help="tasks before, that do not count")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--at-once", type=int, help="post so many, wait for their end, and so on")
    parser.add_argument("--input", default='{"topic": "swifts"}')
    parser.add_argument("--provider", help="in place of the workflow's")
    parser.add_argument("--drafts", type=int, help="writers, in place of the workflow's")
    parser.add_argument("--model", type=int, help="the port of the model server")
    parser.add_argument("--model-pid", type=int)
    parser.add_argument("--requests", type=int, help="that the model must have had, for each task")
    parser.add_argument("--follow", help="the program `readers`: one follows the first tenant")
    parser.add_argument("--sizes", action="store_true", help="bytes of events, rows and database")
    parser.add_argument("--tables", action="store_true", help="bytes of each table that has grown")
    parser.add_argument("--timeout", type=float, default=300)
    return parser.parse_args()


def main() -> None:
    options = parse()
    name, text = definition(options)
    tenants = [Tenant(options.url, token) for token in options.token or [None]]
    database = Database(options.psql)
    body = json.dumps({"workflow": name, "input": json.loads(options.input)})
    for tenant in tenants:
        tenant.send("/workflows", text.encode(), "application/yaml")
    if options.warm:
        run_all(tenants, name, body, options, options.warm)
        database.row("CHECKPOINT")

    tasks = max(1, options.tasks // len(tenants)) * len(tenants)
    since = database.row("SELECT clock_timestamp()")[0]
    steps = database.number("SELECT count(*) FROM pressroom.steps")
    requests = model_requests(options.model) if options.model else 0
    size, tables = database.number("SELECT pg_database_size(current_database())"), database.tables()
    reader = Reader(options.follow, options.url, tenants[0].token) if options.follow else None
    single = {"service": options.service} | ({"model": options.model_pid} if options.model_pid else {})
    meter = Meter({"postgres": options.postgres}, single | ({"reader": reader.process.pid} if reader else {}))
    seconds = run_all(tenants, name, body, options, tasks)
    used = meter.used()
    report = {"tasks": tasks, "seconds": round(seconds, 3), "tasks_per_second": round(tasks / seconds, 1)}
    steps = database.number("SELECT count(*) FROM pressroom.steps") - steps
    report["steps_per_second"] = round(steps / seconds)
    for process in ("service", "postgres"):
        report[f"{process}_us_per_step"] = round(used[process] / steps * 1e6)
    report["us_per_step"] = round((used["service"] + used["postgres"]) / steps * 1e6)
    if options.model:
        requests = model_requests(options.model) - requests
        report["requests_per_task"] = requests / tasks
    report |= {f"{process}_cores": round(used[process] / seconds, 2) for process in used}
    if reader:
        report["reader_bytes_per_task"] = round(reader.look()["bytes"] / tasks)
        reader.close()
    if options.sizes:
        database.row("CHECKPOINT")
        report["database_bytes_per_task"] = round((database.number("SELECT pg_database_size(current_database())") - size) / tasks)
        report |= sizes(database, since, tasks)
    if options.tables:
        grown = {table: now - tables.get(table, 0) for table, now in database.tables().items()}
        for table, growth in sorted(grown.items(), key=lambda item: -item[1]):
            if growth / tasks >= 1:
                report[f"{table}_bytes_per_task"] = round(growth / tasks)
    report["task_id"] = tenants[0].send("/tasks?limit=1&workflow=" + name)["items"][0]["task_id"]
    print(json.dumps(report))
    if options.requests and requests != options.requests * tasks:
        sys.exit(f"the model had {requests} requests, not {options.requests} for each of {tasks} tasks")


if __name__ == "__main__":
    main()
