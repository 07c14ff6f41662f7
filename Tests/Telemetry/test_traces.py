"""What a collector gets: the whole tree of each task, once, also where its nodes die."""

import json
import time
import urllib.request

from test_metrics import until

WORK = b"""
name: traced
version: 1.0.0
agents:
  warm: {role: writer, model: rehearsal/writer}
  copy: {role: editor, model: rehearsal/editor}
  ada: {role: evaluator, model: rehearsal/judge}
phases:
  - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}}."}
  - {id: edit, kind: edit, agents: [copy], max_cycles: 1}
  - {id: judge, kind: evaluate, stage: final, agents: [ada], criteria: [{id: clarity}]}
  - {id: note, kind: log, message: done}
"""
SLOW = b"""
name: slow
version: 1.0.0
agents: {warm: {role: writer, model: slow/writer}, ada: {role: evaluator, model: slow/judge}}
phases:
  - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}}."}
  - {id: judge, kind: evaluate, stage: final, agents: [ada], criteria: [{id: clarity}]}
"""
CONFIGURATION = "providers: {slow: {kind: rehearsal, tokens_per_second: 0, latency: 2s}}"
SETTINGS = {"processor.lease_timeout": "1s", "processor.heartbeat": "100ms"}


def settings(collector):
    return {**SETTINGS, "otel.endpoint": collector.url, "otel.resource_attributes": "deployment.environment.name=test"}


def rows(cluster, task):
    return cluster.database.query(
        f"""SELECT json_build_object(
                'trace', (SELECT context ->> 'trace_id' FROM pressroom.tasks WHERE task_id = '{task}'),
                'phases', (SELECT count(*) FROM pressroom.phases WHERE task_id = '{task}' AND started_at IS NOT NULL),
                'attempts', (SELECT count(*) FROM pressroom.attempts WHERE task_id = '{task}'),
                'lost', (SELECT count(*) FROM pressroom.attempts WHERE task_id = '{task}' AND status = 'lost'),
                'calls', (SELECT count(*) FROM pressroom.calls WHERE task_id = '{task}'))""")


def tree(cluster, collector, task):
    """The spans of a task, all that there should be, checked as a tree."""
    expected = rows(cluster, task)
    total = 1 + expected["phases"] + expected["attempts"] + expected["calls"]
    until(lambda: len(collector.of(expected["trace"])) >= total)
    spans = collector.of(expected["trace"])
    assert len(spans) == total, spans
    by_id = {span.id: span for span in spans}
    assert len(by_id) == len(spans), "a span was exported twice"
    roots = [span for span in spans if span.parent not in by_id]
    assert [span.name.split()[0] for span in roots] == ["invoke_workflow"], roots
    for span in spans:
        assert span.start <= span.end
        assert span.resource["service.name"] == "pressroom" and span.resource["deployment.environment.name"] == "test"
        parent = by_id.get(span.parent)
        name = span.name.split()[0]
        if name == "phase":
            assert parent.name.startswith("invoke_workflow ")
        elif name in ("invoke_agent", "step"):
            assert parent.name.startswith("phase ")
        elif name in ("chat", "HTTP"):
            assert parent.name.split()[0] in ("invoke_agent", "step") and span.kind == 3
    return spans, expected


def test_a_task_is_one_tree(cluster, collector):
    node = cluster.add(settings(collector))
    try:
        node.publish(WORK)
        task = node.start("traced", {"topic": "tea"})
        node.wait_for_end(task)
        spans, expected = tree(cluster, collector, task)
        root = next(span for span in spans if span.name == "invoke_workflow traced")
        assert root.parent == "" and root.status == 1
        assert root.attributes["gen_ai.operation.name"] == "invoke_workflow" and root.attributes["pressroom.task.id"] == task
        chats = [span for span in spans if span.name.startswith("chat ")]
        assert len(chats) == expected["calls"] and {"chat writer", "chat editor", "chat judge"} <= {span.name for span in chats}
        for chat in chats:
            assert chat.attributes["gen_ai.provider.name"] == "rehearsal" and chat.attributes["gen_ai.usage.output_tokens"] > 0
        results = [event for span in spans for event in span.events if event[0] == "gen_ai.evaluation.result"]
        assert {attributes["gen_ai.evaluation.name"] for _, attributes in results} == {"final", "clarity"}
        assert all(1 <= attributes["gen_ai.evaluation.score.value"] <= 10 for _, attributes in results)
    finally:
        node.stop()


def test_a_callers_trace_is_joined(cluster, collector):
    node = cluster.add(settings(collector))
    try:
        node.publish(WORK.replace(b"name: traced", b"name: joined"))
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        request = urllib.request.Request(
            f"{node.url}/api/v1/tasks", method="POST", data=json.dumps({"workflow": "joined", "input": {"topic": "tea"}}).encode(),
            headers={"content-type": "application/json", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        with urllib.request.urlopen(request, timeout=30) as response:
            task = json.loads(response.read())["task_id"]
        node.wait_for_end(task)
        spans, _ = tree(cluster, collector, task)
        assert {span.trace for span in spans} == {trace}
    finally:
        node.stop()


def test_a_task_that_moves_between_nodes_is_one_trace(cluster, collector):
    nodes = [cluster.add(settings(collector), CONFIGURATION) for _ in range(2)]
    try:
        nodes[0].publish(SLOW)
        task = nodes[0].start("slow", {"topic": "tea"})

        def holder():
            return cluster.database.query(
                f"""SELECT json_agg(p.pid) FROM pressroom.steps s JOIN pressroom.processors p ON p.id = s.processor_id
                     WHERE s.task_id = '{task}' AND s.status = 'running'""")

        pid = until(holder)[0]
        victim = next(node for node in nodes if node.process.pid == pid)
        other = next(node for node in nodes if node is not victim)
        victim.kill()
        other.wait_for_end(task)
        spans, expected = tree(cluster, collector, task)
        assert expected["lost"] >= 1
        lost = [span for span in spans if span.attributes.get("pressroom.attempt.status") == "lost"]
        assert len(lost) == expected["lost"] and all(span.status == 2 for span in lost)
        # Both nodes are in it.
        assert len({span.attributes["pressroom.processor.id"] for span in spans if "pressroom.processor.id" in span.attributes}) == 2
    finally:
        for node in nodes:
            if node.process.poll() is None:
                node.stop()


def test_a_retry_is_another_run_in_the_same_trace(cluster, collector):
    node = cluster.add(settings(collector), "providers: {broken: {kind: rehearsal, fail_rate: 1}}")
    try:
        node.publish(b"""
name: retried
version: 1.0.0
agents: {bad: {role: helper, model: broken/any}}
phases: [{id: note, kind: log, message: first}, {id: ask, kind: agent, agents: [bad], prompt: "Say {{topic}}.", retry: {max_attempts: 1}}]
""")
        task = node.start("retried", {"topic": "tea"})
        node.wait_for_end(task)
        trace = rows(cluster, task)["trace"]
        first = until(lambda: [span for span in collector.of(trace) if span.name == "invoke_workflow retried"])[0]
        assert first.status == 2
        until(lambda: len(collector.of(trace)) == 6)  # with two phases, two attempts and a call
        node.request("POST", f"/api/v1/tasks/{task}/retry")
        until(lambda: node.get(f"/api/v1/tasks/{task}")["status"] == "failed" and len(collector.of(trace)) == 10)
        spans = collector.of(trace)
        assert len({span.id for span in spans}) == len(spans), "a span was exported twice"
        runs = [span for span in spans if span.name == "invoke_workflow retried"]
        assert [span.attributes["pressroom.task.run"] for span in runs] == [0, 1]
        assert runs[1].parent == runs[0].id
        assert len([span for span in spans if span.name == "phase note"]) == 1
    finally:
        node.stop()


def test_a_collector_that_is_away_costs_no_task(cluster, collector):
    collector.fails = 2
    node = cluster.add({**settings(collector), "otel.headers": "authorization=Bearer%20key"})
    try:
        node.publish(WORK.replace(b"name: traced", b"name: patient"))
        task = node.start("patient", {"topic": "tea"})
        node.wait_for_end(task)
        tree(cluster, collector, task)
        path, headers = collector.headers[0]
        assert path == "/v1/traces" and {key.lower(): value for key, value in headers.items()}["authorization"] == "Bearer key"
    finally:
        node.stop()


def test_the_end_of_a_node_sends_what_is_left(cluster, collector):
    node = cluster.add(settings(collector))
    node.publish(WORK.replace(b"name: traced", b"name: last"))
    task = node.start("last", {"topic": "tea"})
    node.wait_for_end(task)
    start = time.monotonic()
    node.stop()
    assert time.monotonic() - start < 30
    tree(cluster, collector, task)


def test_without_a_collector_nothing_is_exported(cluster, collector):
    node = cluster.add({**settings(collector), "otel.disabled": "true"})
    try:
        node.publish(WORK.replace(b"name: traced", b"name: quiet"))
        node.wait_for_end(node.start("quiet", {"topic": "tea"}))
        node.stop()
        assert collector.spans == [] and collector.headers == []
    finally:
        node.kill()
