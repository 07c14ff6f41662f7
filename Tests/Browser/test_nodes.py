"""The page in front of two nodes that come and go, while a task runs on whichever is there."""

import pytest
from playwright.sync_api import expect

import pages
from fixtures import EXAMPLES
from proxy import Proxy

SETTINGS = {"streams.drain": "100ms", "processor.heartbeat": "100ms", "processor.lease_timeout": "1s"}
SLOWLY = "providers: {rehearsal: {kind: rehearsal, tokens_per_second: 60}}"


@pytest.fixture
def nodes(cluster):
    for _ in range(2):
        node = cluster.add(SETTINGS, SLOWLY)
    node.publish((EXAMPLES / "approval.yaml").read_bytes())
    return cluster.nodes


def test_a_task_is_followed_from_node_to_node(page, nodes, seeded):
    proxy = Proxy(*(("127.0.0.1", node.port) for node in nodes), random=seeded)
    task = nodes[0].start("approval", {"topic": "From hand to hand"})
    page.goto(f"{proxy.url}/#/tasks/{task}")
    expect(page.locator("#wire")).to_have_text("Live")
    for round in range(4):
        node = nodes[round % 2]
        (node.kill if round < 2 else node.stop)()
        proxy.cut()
        expect(page.locator("#wire")).to_have_text("Live", timeout=pages.SLOW)  # on the other node
        node.launch()
    node.request("POST", f"/api/v1/tasks/{task}/signals/approved", b'{"data": {}}')  # it has waited for this
    pages.expect_status(page, "Completed")
    counts = pages.assert_fold_is_state(page)
    assert counts["states"] == 1, "it resumed from its cursor, not from a new state"
    ids, log = pages.durable_ids(page, task), nodes[0].log(task)
    assert ids == log[log.index(ids[0]):]
    proxy.pull()
