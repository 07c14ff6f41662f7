"""A browser behind the proxies, which speak HTTP/2 to it, while nodes come and go."""

import audit
from writers import Writers, post


def test_every_event_source_outlives_the_nodes(plain, proxy, nodes, tasks, cluster):
    """More of them than a browser opens over HTTP/1.1, and at last without any node for a while."""
    start = post(nodes[0], tasks[0], "start")
    ways = {"all": f"api/v1/stream?cursor={start}"}
    filters = {"all": lambda row: audit.position(row["id"]) > audit.position(start)}
    for count in range(12):
        task = tasks[count % 2]
        ways[f"of {count}"] = f"api/v1/tasks/{task}/stream" + ("?from=earliest" if count % 3 else "")
        filters[f"of {count}"] = audit.of_task(task)
    plain.follow(proxy.url, **ways)
    assert plain.page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
    with Writers(cluster.database, nodes, tasks):
        for node in nodes:
            node.kill()
            plain.wait_for_progress()
            node.launch()
            plain.wait_for_progress()
        opened = plain.ask("one.opened")
        for node in nodes:
            node.kill()
        plain.wait("Object.entries(wanted).every(([name, opened]) => streams[name].opened > opened)", opened)
        for node in nodes:
            node.launch()
        plain.wait_for_progress()
    assert "closed" not in plain.ask("one.source.readyState === EventSource.CLOSED ? 'closed' : 'open'").values()
    # Without any node the response is the proxy's own.
    plain.assert_complete(cluster.database, nodes[0], filters, overloaded=True)
