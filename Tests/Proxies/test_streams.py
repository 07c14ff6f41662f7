"""Streams through the proxies, with the settings of docs/proxies.md."""

import asyncio
import concurrent.futures
import contextlib
import itertools

import httpx
import pytest

import audit
import programs
from conftest import SETTINGS
from reader import HEADERS, PLACES, Frames, Reader, client, events, frames, opened
from until import until
from writers import Writers, post, waiting_task


def stream_of(proxy, task):
    return f"{proxy.url}/api/v1/tasks/{task}/stream"


def post_through(http, proxy, task, data):
    response = http.post(f"{proxy.url}/api/v1/tasks/{task}/events", json={"type": "custom", "data": data})
    assert response.status_code == 202
    return response.json()["cursor"]


def test_each_event_comes_when_it_is_written(http, proxy, nodes, tasks):
    with opened(http, stream_of(proxy, tasks[0])) as response:
        coming = events(response)
        assert next(coming)[0] == "state", "before anything else is written"
        for count in range(10):
            cursor = post_through(http, proxy, tasks[0], count)
            assert [(event, identifier, data["data"]) for event, identifier, data in [next(coming)]] == [("custom", cursor, count)]


def test_other_answers_are_compressed(http, proxy, nodes):
    response = http.get(f"{proxy.url}/api/v1/workflows/approval", headers={"accept-encoding": "gzip"})
    assert response.json()["name"] == "approval"
    assert response.headers.get("content-encoding") == (None if isinstance(proxy, programs.HAProxy) else "gzip")


def test_what_a_proxy_made_weak_is_known_again(http, proxy, nodes, tasks):
    for path in (f"tasks/{tasks[0]}/state", f"tasks/{tasks[0]}", "workflows/approval"):
        url = f"{proxy.url}/api/v1/{path}"
        whole = http.get(url, headers={"accept-encoding": "gzip"})
        tag = whole.headers["etag"]
        known = http.get(url, headers={"accept-encoding": "gzip", "if-none-match": tag})
        assert (known.status_code, known.content) == (304, b""), path
        # A 304 has no body to compress, so the tag may be the strong one again.
        assert known.headers["etag"].removeprefix("W/") == tag.removeprefix("W/")
        assert known.headers["cache-control"] == whole.headers["cache-control"] == "no-cache"
    # For a change it names the version too.
    url = f"{proxy.url}/api/v1/tasks/{tasks[1]}"
    tag = http.get(url, headers={"accept-encoding": "gzip"}).headers["etag"]
    assert http.post(f"{url}/pause", headers={"if-match": tag}).status_code == 200
    assert http.post(f"{url}/resume", headers={"if-match": tag}).status_code == 412


def test_a_stream_goes_on_after_its_last_event(http, proxy, nodes, tasks):
    cursors = [post_through(http, proxy, tasks[0], count) for count in range(3)]
    cursor = cursors[0]
    for _ in range(4):
        with opened(http, stream_of(proxy, tasks[0]), cursor) as response:
            coming = events(response)
            wanted = cursors[cursors.index(cursor) + 1:]
            assert [next(coming)[1] for _ in wanted] == wanted
        cursor = wanted[-1]
        cursors += [post_through(http, proxy, tasks[0], count) for count in range(5)]


def test_a_stream_that_has_ended_gets_204(http, proxy, nodes, tasks):
    response = http.post(f"{proxy.url}/api/v1/tasks/{tasks[0]}/signals/approved", json={"data": {}})
    assert response.status_code == 202
    with opened(http, stream_of(proxy, tasks[0])) as response:
        *_, (event, cursor, _) = events(response)
    assert event == "end"
    response = http.get(stream_of(proxy, tasks[0]), headers={**HEADERS, "last-event-id": cursor})
    assert (response.status_code, response.content) == (204, b"")


def test_streams_go_on_when_nodes_die(http, proxy, nodes, tasks, cluster):
    start = post(nodes[0], tasks[0], "start")
    paths = [f"{proxy.url}/api/v1/stream"] * 3 + [stream_of(proxy, task) for task in tasks]
    readers = [Reader(http, path, start) for path in paths]

    def progress():
        counts = [len(reader.kept) for reader in readers]
        until(lambda: all(len(reader.kept) > count for reader, count in zip(readers, counts)) or any(map(has_failed, reading)))

    def has_failed(future):
        """Never: it throws what the reader threw."""
        return future.done() and future.result() is not None

    with concurrent.futures.ThreadPoolExecutor(len(readers)) as pool:
        reading = [pool.submit(reader.read_until, "custom.last") for reader in readers]
        try:
            with Writers(cluster.database, nodes, tasks):
                for node in nodes:  # whichever a stream is on, that one dies
                    progress()
                    node.kill()
                    progress()
                    node.launch()
                    progress()
            for task in (tasks[1], tasks[0]):
                post(nodes[0], task, None, "custom.last")
            for future in reading:
                future.result(60)
        finally:  # the pool waits for them
            for reader in readers:
                reader.stop()
    log = [row for row in audit.log(cluster.database) if audit.position(row["id"]) > audit.position(start)]
    last = [row["id"] for row in log if row["type"] == "custom.last"]
    for reader, task in zip(readers, [None, None, None, *tasks]):
        until_first = log[:[row["id"] for row in log].index(last[0]) + 1]
        audit.assert_complete(reader.kept, until_first if task is None else [row for row in log if row["task_id"] == task])
        assert reader.cuts > 0


def test_without_a_node_an_event_source_is_told_to_come_back(http, proxy, nodes, tasks):
    start = post(nodes[0], tasks[0], "start")
    for node in nodes:
        node.kill()
    with opened(http, stream_of(proxy, tasks[0]), start) as response:
        assert response.read() == b"retry: 3000\nevent: overloaded\ndata: null\n\n"
    assert http.get(f"{proxy.url}/api/v1/tasks").status_code in (502, 503)
    for node in nodes:
        node.launch()
    reader = Reader(http, stream_of(proxy, tasks[0]), start)
    last = post(nodes[1], tasks[0], None, "custom.last")
    reader.read_until("custom.last")
    assert [event["id"] for event in reader.kept] == [last]


def test_heartbeats_keep_quiet_streams_alive(proxy, nodes, tasks, certificate):
    """For longer than the proxy's timeouts."""

    def idle(version):
        with client(certificate, version) as http, opened(http, stream_of(proxy, tasks[0]) + "?from=now") as response:
            coming = frames(response)
            return next(coming)[0], [kind for kind, _, _ in itertools.islice(coming, 8) if kind not in PLACES]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert list(pool.map(idle, ["HTTP/1.1", "HTTP/2"])) == [("opened", [])] * 2


def test_twenty_streams_share_one_connection(proxy, nodes, tasks, certificate):
    async def follow(http, begun):
        async with http.stream("GET", stream_of(proxy, tasks[0]) + "?from=now", headers=HEADERS) as response:
            assert response.http_version == "HTTP/2"
            frames, identifiers = Frames(), []
            async for piece in response.aiter_bytes():
                begun.set()
                for event, identifier, _ in frames.take(piece):
                    if event == "custom.last":
                        return identifiers
                    identifiers += [identifier] if event == "custom" else []

    async def all_of_them():
        async with client(certificate, "HTTP/2", httpx.AsyncClient, httpx.Limits(max_connections=1)) as http:
            begun = [asyncio.Event() for _ in range(20)]
            following = [asyncio.create_task(follow(http, event)) for event in begun]
            for event in begun:
                await asyncio.wait_for(event.wait(), 20)
            wanted = [(await http.post(f"{proxy.url}/api/v1/tasks/{tasks[0]}/events", json={"type": "custom", "data": count})).json()["cursor"]
                      for count in range(10)]
            await asyncio.to_thread(post, nodes[0], tasks[0], None, "custom.last")
            return wanted, await asyncio.wait_for(asyncio.gather(*following), 20)

    with concurrent.futures.ThreadPoolExecutor() as pool:  # the browser of other tests has the main thread's loop
        wanted, seen = pool.submit(lambda: asyncio.run(all_of_them())).result()
    assert seen == [wanted] * 20


@pytest.fixture(scope="module")
def quiet(cluster, certificate, proxy, both):
    """A node that sends no heartbeats, and a proxy of the same kind in front of it."""
    quiet = [node for node in cluster.nodes if node not in both]
    node = quiet[0] if quiet else cluster.add({**SETTINGS, "streams.heartbeat": "5m"})
    kind = type(proxy)
    with kind(cluster.directory / f"quiet-{kind.__name__}", certificate, [f"127.0.0.1:{node.port}"] * 2) as program:
        yield node, program


def test_without_heartbeats_a_proxy_cuts_a_stream_off(http, quiet):
    node, proxy = quiet
    task = waiting_task(node, "Quiet")
    until(lambda: http.get(f"{proxy.url}/health/ready").status_code == 200)
    with opened(http, stream_of(proxy, task)) as response, contextlib.suppress(httpx.RemoteProtocolError):
        assert [event for event, _, _ in events(response)] == ["state"]


def test_a_reader_that_leaves_takes_its_stream_along(version, proxy, quiet, nodes, certificate):
    if version == "HTTP/1.1" and isinstance(proxy, programs.HAProxy):
        servers = nodes  # it learns of it by a heartbeat
    else:
        servers, proxy = [quiet[0]], quiet[1]
    task = waiting_task(servers[0], "Quiet")

    def connections():
        return sum(connections_of(node.port) for node in servers)

    with client(certificate, version) as http:
        until(lambda: http.get(f"{proxy.url}/health/ready").status_code == 200)
        before = connections()
        with contextlib.ExitStack() as stack:
            coming = [events(stack.enter_context(opened(http, stream_of(proxy, task)))) for _ in range(10)]
            assert [next(one)[0] for one in coming] == ["state"] * 10
            assert connections() >= 10
    until(lambda: connections() <= before + 1, seconds=4.5)  # less than the proxy's timeout


def connections_of(port):
    """How many a node has."""
    count = 0
    with open("/proc/net/tcp") as table:
        for line in table:
            fields = line.split()
            count += fields[1].endswith(f":{port:04X}") and fields[3] == "01"
    return count
