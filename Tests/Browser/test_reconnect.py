"""Bare EventSources in a browser, and all that can happen between them and the service while events are written: each
event of the tables arrives, once and in order."""

import functools
import time

import pytest

import audit
from fixtures import EXAMPLES
from plain_page import DIRECTORY
from proxy import Proxy
from writers import Writers, post, waiting_task

SETTINGS = {"public_directory": DIRECTORY, "streams.drain": "100ms", "streams.max_unsent_bytes": "64KiB",
            "processor.heartbeat": "100ms", "processor.lease_timeout": "1s"}


@pytest.fixture
def nodes(cluster):
    """Two nodes, both up."""
    while len(cluster.nodes) < 2:
        cluster.add(SETTINGS).publish((EXAMPLES / "approval.yaml").read_bytes())
    for node in cluster.nodes:
        if node.process.poll() is not None:
            node.launch()
    return cluster.nodes


@pytest.fixture
def tasks(nodes):
    return [waiting_task(nodes[0], topic) for topic in ("One", "Two")]


@pytest.fixture
def proxy(nodes, seeded):
    proxy = Proxy(*(("127.0.0.1", node.port) for node in nodes), random=seeded)
    yield proxy
    proxy.pull()


@pytest.fixture
def follow(plain, cluster, nodes, tasks):
    """Opens streams of all sorts at an address; answers what tells whether they had everything."""
    one, two = tasks
    ticks = {"custom.tick", "custom.last"}
    filters = {
        "tenant": lambda row: True,
        "one": audit.of_task(one),
        "two": audit.of_task(two),
        "narrowed": lambda row: row["type"] in ticks,
        "narrower": audit.of_task(two, ticks),
    }

    def follow(url):
        plain.follow(
            url, tenant="api/v1/stream?from=earliest", one=f"api/v1/tasks/{one}/stream",
            two=f"api/v1/tasks/{two}/stream?from=earliest", narrowed="api/v1/stream?from=earliest&types=custom.tick,custom.last",
            narrower=f"api/v1/stream?from=earliest&task_id={two}&types=custom.tick,custom.last")
        return functools.partial(plain.assert_complete, cluster.database, nodes[0], filters)

    return follow


def test_connections_break_in_the_middle_of_frames(plain, cluster, nodes, tasks, proxy, follow):
    proxy.targets = proxy.targets[:1]
    assert_complete = follow(proxy.url)
    with Writers(cluster.database, nodes, tasks):
        proxy.patience = (1, 4000)
        proxy.cut()
        proxy.wait_until_broken(40)
        proxy.patience = None
        plain.wait_for_progress()
    assert_complete()
    assert min(plain.ask("one.opened").values()) > 2


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_service_starts_again_on_its_port(plain, cluster, nodes, tasks, follow, end):
    assert_complete = follow(nodes[1].url)
    with Writers(cluster.database, nodes, tasks):
        for _ in range(3):
            getattr(nodes[1], end)()
            nodes[1].launch()
            plain.wait_for_progress()
    assert_complete()
    assert min(plain.ask("one.opened").values()) > 3


def test_each_connection_is_with_another_node(plain, cluster, nodes, tasks, proxy, follow, seeded):
    assert_complete = follow(proxy.url)
    with Writers(cluster.database, nodes, tasks):
        for _ in range(6):
            end = seeded.choice(["cut", "stop", "kill"])
            if end == "cut":
                proxy.cut()
            else:
                node = seeded.choice(nodes)
                getattr(node, end)()
                plain.wait_for_progress()  # on the other node, as often as it takes to find it
                node.launch()
            plain.wait_for_progress()
    assert_complete()


def test_a_reload_goes_on_from_what_was_kept(plain, cluster, nodes, tasks, proxy, follow):
    assert_complete = follow(proxy.url)
    with Writers(cluster.database, nodes, tasks):
        for _ in range(4):
            plain.wait_for_progress()
            plain.page.reload()
        plain.wait_for_progress()
        plain.page.goto("about:blank")
        plain.page.go_back()
        plain.wait_for_progress()
    assert_complete()


def test_a_page_that_slept_goes_on_where_it_was(plain, cluster, nodes, tasks, proxy):
    """For a page that does nothing for a while, more gathers than a node keeps for a slow reader: it gets that from the log."""
    plain.follow(proxy.url, all=f"api/v1/tasks/{tasks[0]}/stream?from=earliest")
    debugger, paused = plain.page.context.new_cdp_session(plain.page), []
    debugger.on("Debugger.paused", lambda event: paused.append(event))
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")
    post(nodes[0], tasks[0], "the page stops where it takes this")
    deadline = time.monotonic() + 30
    while not paused:
        assert time.monotonic() < deadline, "the page did not stop"
        debugger.send("Debugger.setSkipAllPauses", {"skip": False})  # asks for what has happened
    for count in range(300):
        post(nodes[count % 2], tasks[0], {"count": count, "text": "x" * 60_000})
    debugger.send("Debugger.resume")
    debugger.detach()
    plain.assert_complete(cluster.database, nodes[0], {"all": audit.of_task(tasks[0])})
    assert plain.ask("one.opened")["all"] == 1, "it was cut off, although it slept for less than two heartbeats"


def test_after_the_end_204_stops_it_for_good(plain, cluster, nodes, tasks, proxy):
    one, two = tasks
    ending, going_on = f"/api/v1/tasks/{one}/stream", f"/api/v1/tasks/{two}/stream"
    plain.follow(proxy.url, ending=ending, going_on=going_on)
    nodes[0].request("POST", f"/api/v1/tasks/{one}/signals/approved", b'{"data": {}}')
    plain.wait("streams.ending.source.readyState === EventSource.CLOSED")
    kept = plain.kept("ending")
    start = audit.position(kept[0]["id"])
    rows = [row for row in audit.log(cluster.database) if row["task_id"] == one and audit.position(row["id"]) > start]
    assert kept[-1]["type"] == "end" and kept[-1]["data"] == {"status": "completed", "cursor": rows[-1]["id"]}
    audit.assert_complete(kept, rows)

    # It does not come back: not for a new event of the task, and not while another stream is cut off and comes back.
    post(nodes[0], one, {"too": "late"})
    proxy.cut()
    plain.wait("streams.going_on.opened === 2")
    post(nodes[0], two, None, "custom.last")
    plain.wait("streams.going_on.kept.at(-1).type === 'custom.last'")
    assert [proxy.requests.count(path) for path in (ending, going_on)] == [2, 2], "one connection, and the one that got 204"
    assert plain.kept("ending") == kept
    assert plain.ask("one.opened") == {"ending": 1, "going_on": 2}, "a 204 opens nothing"


@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "cut off"])
def test_a_new_epoch_resets(plain, cluster, nodes, tasks, proxy, is_connected):
    one, two = tasks
    plain.follow(proxy.url, task=f"api/v1/tasks/{one}/stream", tenant="api/v1/stream?from=now")
    old = post(nodes[0], one, "before")
    plain.wait("Object.values(streams).every((one) => one.kept.at(-1)?.id === wanted)", old)
    if not is_connected:
        proxy.pull()
    cluster.database.query("UPDATE pressroom.stream_heads SET epoch = 'after' || (position % 1000)")
    if not is_connected:
        proxy.plug_in()
    plain.wait("Object.values(streams).every((one) => one.kept.some((event) => event.type === 'reset'))")
    plain.wait("streams.task.kept.at(-1).type === 'state'")
    new = [post(nodes[count % 2], task, count) for count, task in enumerate((one, two, one))]
    plain.wait("Object.values(streams).every((one) => one.kept.at(-1)?.id === wanted)", new[-1])

    log = audit.log(cluster.database)
    for name, first in (("task", "state"), ("tenant", "reset")):
        kept = plain.kept(name)
        types = [event["type"] for event in kept]
        assert types.count("reset") == 1
        reset = types.index("reset")
        assert kept[reset]["data"]["reason"] == "epoch"
        assert types[reset:].index(first) == (1 if name == "task" else 0)
        begin = kept[types.index(first, reset)]
        rows = [row for row in log if audit.position(row["id"]) > audit.position(begin["id"]) and (name == "tenant" or row["task_id"] == one)]
        audit.assert_complete(kept[reset:], rows)
        assert {event["id"].split(".")[0] for event in kept[:reset]} == {old.split(".")[0]}
