"""The page of a stranger follows a task with tickets that expire, through restarts of the node and a sleep, and counts no gap and
no repeat. Its code is the one that docs/streams.md tells pages to use."""

import json
import threading
import time
import urllib.parse

import pytest

import audit
import pages
from stranger import Stranger
from test_sign_in import Desk
from writers import post

LIFE = 2  # seconds that a ticket is good for
WORKFLOW = b"""
name: shop
version: 1.0.0
input: {type: object, properties: {topic: {type: string}}}
agents:
  anna: {role: writer, name: Anna, model: rehearsal/anna}
  ben: {role: writer, name: Ben, model: rehearsal/ben}
  judge: {role: evaluator, name: Judge, model: rehearsal/judge}
phases:
  - {id: start, kind: signal, name: start}
  - {id: write, kind: write, agents: [anna, ben], prompt: "Write on {{topic}}."}
  - {id: judge, kind: evaluate, agents: [judge]}
  - {id: close, kind: signal, name: close}
"""
# What the ticket opens, and what the page listens to.
TYPES = ["task_updated", "phase_changed", "output_updated", "finalists_selected", "ranking_updated", "custom"]
# The rows that the page folds, as the tables have them.
TABLES = """
SELECT json_build_object(
    'task', (SELECT pressroom.task_json(t) FROM pressroom.tasks t WHERE task_id = '{task}'),
    'phases', (SELECT json_agg(pressroom.phase_json(p) ORDER BY p.id) FROM pressroom.phases p WHERE task_id = '{task}'),
    'outputs', (SELECT json_agg(pressroom.output_json(o) ORDER BY o.id) FROM pressroom.outputs o WHERE task_id = '{task}'),
    'rankings', (SELECT json_agg(pressroom.ranking_json(r) ORDER BY r.id) FROM pressroom.rankings r WHERE task_id = '{task}'))"""
COUNT = "SELECT count(*) FROM pressroom.events"
FOLD = """() => {
  const list = (map) => { const rows = [...map.values()].sort((a, b) => (a.id < b.id ? -1 : 1)); return rows.length ? rows : null; };
  const { task, phases, outputs, rankings } = shop.rows;
  return { task, phases: list(phases), outputs: list(outputs), rankings: list(rankings) };
}"""


@pytest.fixture(scope="module")
def stranger():
    with Stranger() as stranger:
        yield stranger


@pytest.fixture(scope="module")
def desk(cluster, stranger):
    node = cluster.add({"streams.drain": "100ms", "processor.heartbeat": "100ms", "processor.lease_timeout": "1s"}, f"""
auth: {{modes: [keys]}}
http: {{allowed_origins: ["{stranger.origin}"]}}
providers: {{rehearsal: {{kind: rehearsal, tokens_per_second: 60}}}}
""")
    desk = Desk(node)
    desk.publish(WORKFLOW)
    stranger.service, stranger.key = desk.url, desk.key("shop", "stream")["key"]
    return desk


class Numbers:
    """A context that posts 0, 1, 2, … as events of a task, as long as the node takes them."""

    def __init__(self, desk, task):
        self.desk, self.task = desk, task
        self.count = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._post)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _post(self):
        while not self.over.wait(0.05):
            try:
                post(self.desk, self.task, {"number": self.count})
                self.count += 1
            except OSError:  # it may have been written all the same: the tables say so
                pass


def url(stranger, desk):
    return f"{stranger.origin}/?{urllib.parse.urlencode({'service': desk.url, 'types': ','.join(TYPES)})}"


def wait(page, condition, argument=None):
    page.wait_for_function(f"(wanted) => {condition}", arg=argument, timeout=pages.SLOW)


def wait_for_more(page):
    """Until the page has got further events."""
    wait(page, "shop.kept.length > wanted + 3", page.evaluate("shop.kept.length"))


def test_a_stranger_counts_no_gap_and_no_repeat(plain, cluster, desk, stranger):
    page = plain.page
    task = desk.start("shop", {"topic": "A window on the work"})
    stranger.ticket = {"task_id": task, "types": TYPES, "include": ["usage", "errors"], "expires_in": LIFE}
    with Numbers(desk, task):
        page.goto(url(stranger, desk))
        wait(page, "window.shop && shop.kept.length > 0")
        assert page.evaluate("shop.kept[0].type") == "state"
        desk.request("POST", f"/api/v1/tasks/{task}/signals/start", b'{"data": {}}')

        # Two tickets expire while drafts are written.
        wait(page, "shop.tickets >= 3")
        wait_for_more(page)

        # The node is killed, and comes back on the same port.
        desk.node.kill()
        desk.node.launch()
        wait_for_more(page)

        # The page sleeps: nothing of it runs, while its ticket expires, the node is killed again, and the events go on.
        sleeper = page.context.new_cdp_session(page)
        tickets = page.evaluate("shop.tickets")
        page.evaluate("shop.longest = 0")
        sleeper.send("Debugger.enable")
        sleeper.send("Debugger.pause")
        written = cluster.database.query(COUNT)
        begin = time.monotonic()
        desk.node.kill()
        desk.node.launch()
        while time.monotonic() < begin + 2 * LIFE or cluster.database.query(COUNT) < written + 20:
            time.sleep(0.1)
        sleeper.send("Debugger.resume")
        wait(page, "shop.tickets > wanted", tickets)
        assert page.evaluate("shop.longest") > LIFE * 1000, "it has slept"
        wait_for_more(page)

    desk.request("POST", f"/api/v1/tasks/{task}/signals/close", b'{"data": {}}')
    wait(page, "shop.rows.task.status === 'completed'")
    kept = page.evaluate("shop.kept")
    assert [event["type"] for event in kept].count("state") == 1 and not any(event["type"] == "reset" for event in kept)

    events = [{"type": event["type"], "id": event["data"]["cursor"], "data": event["data"]} for event in kept if event["type"] in TYPES]
    start = audit.position(kept[0]["data"]["cursor"])
    rows = [row for row in audit.log(cluster.database)
            if row["task_id"] == task and row["type"] in TYPES and audit.position(row["id"]) > start]
    audit.assert_complete(events, rows)
    numbers = [row["payload"]["data"]["number"] for row in rows if row["type"] == "custom"]
    assert len(numbers) > 40 and numbers == sorted(numbers)
    assert page.evaluate(FOLD) == cluster.database.query(TABLES.format(task=task))


def test_a_page_that_missed_the_end_stops(plain, desk, stranger):
    page = plain.page
    task = desk.start("shop", {"topic": "The last page"})
    desk.request("POST", f"/api/v1/tasks/{task}/cancel")
    stranger.ticket = {"task_id": task, "types": TYPES}
    state = desk.request("GET", f"/api/v1/tasks/{task}/state")
    assert state["status"] == "cancelled"
    bodies = [f"retry: 10\nid: {state['cursor']}\nevent: state\ndata: {json.dumps(state)}\n\n"]

    def answer(route):
        # Cut off before `end`; the browser comes back to the service itself.
        if bodies:
            route.fulfill(status=200, content_type="text/event-stream", body=bodies.pop(), headers={"access-control-allow-origin": "*"})
        else:
            route.continue_()

    page.route("**/api/v1/tasks/*/stream*", answer)
    with page.expect_response(lambda response: response.status == 204):
        page.goto(url(stranger, desk))
    page.evaluate("() => new Promise((done) => setTimeout(done, 1000))")  # longer than it would wait for another ticket
    assert page.evaluate("[shop.tickets, shop.rows.task.status]") == [1, "cancelled"]
