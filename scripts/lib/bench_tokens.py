"""What a token of a text in progress costs a server, in processor time.

    python3 bench_tokens.py drafts --url URL --model PORT --single service=PID --tree postgres=PID …
                            followed  the same, with one draft and many readers of its task
                            proxied   --port PORT: the model's streams themselves, through nginx
                            published --port PORT: each token posted to Nchan, for many readers of one channel

All streams run before the measurement begins, and go on after it; it counts the tokens that were sent meanwhile, those of each
reader. Fails when the readers had less than 95 % of them.
"""
import argparse
import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

from bench_processes import Meter

MARK = "~"  # in each token of the model server


def fetch(url: str, body: bytes | None = None, kind: str = "application/json") -> dict:
    with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": kind}), timeout=60) as answer:
        return json.load(answer)


class Readers:
    """The program `readers`."""

    def __init__(self, program: str, port: int, count: int, path: str, body: str | None = None, token: str | None = None):
        options = ["--path", path, "--mark", MARK] + (["--body", body] if body else []) + (["--token", token] if token else [])
        self.count = count
        self.process = subprocess.Popen(
            [program, str(port), str(count), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def look(self) -> dict:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline())
        if found["refused"]:
            sys.exit(f"{found['refused']} readers were refused")
        return found

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while self.look()["ready"] < self.count:
            if time.monotonic() > deadline:
                sys.exit(f"not all of {self.count} readers had their first bytes")
            time.sleep(0.05)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Model:
    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}"
        self.before = self.look()

    def look(self) -> dict:
        return fetch(self.url + "/count")

    def tokens(self) -> int:
        return self.look()["tokens"]

    def wait(self, requests: int) -> None:
        deadline = time.monotonic() + 60
        while (now := self.look()["requests"] - self.before["requests"]) < requests:
            if time.monotonic() > deadline:
                sys.exit(f"the model had {now} of {requests} requests")
            time.sleep(0.05)


class Publisher(threading.Thread):
    """Posts tokens to Nchan as the model server would send them, with what Pressroom's event says of each."""

    def __init__(self, port: int, rate: float):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.rate, self.count, self.is_over = rate, 0, False

    def run(self) -> None:
        start = time.monotonic()
        while not self.is_over:
            time.sleep(max(0.0, start + self.count / self.rate - time.monotonic()))
            body = {"type": "output_delta", "task_id": "0" * 36, "output_id": "0" * 36, "version_number": 1}
            body |= {"offset": 5 * self.count, "text": " wor" + MARK}
            self.connection.request("POST", "/pub?id=bench", json.dumps(body, separators=(",", ":")))
            self.connection.getresponse().read()
            self.count += 1

    def tokens(self) -> int:
        return self.count


def start_drafts(options: argparse.Namespace, count: int) -> str:
    """The id of one of so many tasks with one draft each."""
    with open("Benchmarks/workflows/draft.yaml", "rb") as file:
        fetch(options.url + "/api/v1/workflows", file.read(), "application/yaml")
    for _ in range(count):
        task = fetch(options.url + "/api/v1/tasks", b'{"workflow":"bench-draft"}')["task_id"]
    return task


def wait_for_ends(url: str) -> None:
    deadline = time.monotonic() + 120
    while fetch(url + "/api/v1/tasks?workflow=bench-draft&status=pending,running,waiting&limit=1")["items"]:
        if time.monotonic() > deadline:
            sys.exit("not all drafts had ended after 120 s")
        time.sleep(0.1)
    if failed := fetch(url + "/api/v1/tasks?workflow=bench-draft&status=failed&limit=1")["items"]:
        sys.exit(f"a draft has failed: {json.dumps(failed[0]['error'])}")


def pairs(values: list[str]) -> dict[str, int]:
    return {name: int(pid) for name, pid in (value.split("=") for value in values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("load", choices=["drafts", "followed", "proxied", "published"])
    parser.add_argument("--url", help="of the service")
    parser.add_argument("--port", type=int, help="of the peer")
    parser.add_argument("--model", type=int, help="the port of the model server")
    parser.add_argument("--readers", required=True, help="the program")
    parser.add_argument("--count", type=int, required=True, help="drafts, or readers of one draft")
    parser.add_argument("--rate", type=float, default=100, help="tokens a second that are published")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--single", action="append", default=[], metavar="NAME=PID")
    parser.add_argument("--tree", action="append", default=[], metavar="NAME=PID")
    options = parser.parse_args()

    source = Publisher(options.port, options.rate) if options.load == "published" else Model(options.model)
    if options.load in ("drafts", "followed"):
        port = urllib.parse.urlsplit(options.url).port
        if options.load == "drafts":
            readers = Readers(options.readers, port, 1, "/api/v1/stream?from=now")
            readers.wait()
        task = start_drafts(options, options.count if options.load == "drafts" else 1)
        if options.load == "followed":
            readers = Readers(options.readers, port, options.count, f"/api/v1/tasks/{task}/stream")
    elif options.load == "proxied":
        body = '{"model":"w","stream":true,"messages":[{"role":"user","content":"Write."}]}'
        readers = Readers(options.readers, options.port, options.count, "/v1/chat/completions", body)
    else:
        readers = Readers(options.readers, options.port, options.count, "/sub?id=bench")
        time.sleep(0.5)  # Nchan sends a new reader nothing before the first message
        source.start()
    if isinstance(source, Model):
        source.wait(1 if options.load == "followed" else options.count)
    readers.wait()
    time.sleep(1)

    copies = options.count if options.load in ("followed", "published") else 1
    meter = Meter(pairs(options.tree), pairs(options.single) | {"readers": readers.process.pid})
    sent, read, start = source.tokens(), readers.look(), time.monotonic()
    time.sleep(options.seconds)
    used, seconds, now = meter.used(), time.monotonic() - start, readers.look()
    sent = (source.tokens() - sent) * copies
    delivered = now["marks"] - read["marks"]
    report = {"tokens_per_second": round(sent / seconds), "delivered": delivered, "delivered_of_sent": round(delivered / max(1, sent), 3)}
    report["bytes_per_token"] = round((now["bytes"] - read["bytes"]) / max(1, delivered))
    report["reads_per_token"] = round((now["chunks"] - read["chunks"]) / max(1, delivered), 2)
    for name, processor in used.items():
        report[f"{name}_us_per_token"] = round(processor / max(1, sent) * 1e6, 2)
        report[f"{name}_cores"] = round(processor / seconds, 2)
    if options.load == "published":
        source.is_over = True
        source.join()
    elif options.url:
        wait_for_ends(options.url)
    report["closed_by_server"] = readers.look()["closed"]
    readers.close()
    print(json.dumps(report))
    if delivered < 0.95 * sent:
        sys.exit(f"the readers had {delivered} of {sent} tokens")


if __name__ == "__main__":
    main()
