"""What a real Prometheus makes of /metrics, of the dashboard and of the alert rules."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import ROOT
from prometheus import Prometheus, program

TOKEN = "0123456789abcdef"
DASHBOARD = json.loads((ROOT / "docs" / "grafana-dashboard.json").read_text())
QUERIES = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]

# A phase whose model is down, one with a price, and a step that waits for its turn.
CONFIGURATION = """
providers:
  priced: {kind: rehearsal, tokens_per_second: 0, latency: 30ms, prices: {judge: {input: 1.0, output: 2.0}, writer: {input: 1.0, output: 2.0}}}
  broken: {kind: rehearsal, fail_rate: 1}
  slow: {kind: rehearsal, tokens_per_second: 0, latency: 1m, concurrency: 1}
"""
WORK = b"""
name: work
version: 1.0.0
agents:
  warm: {role: writer, model: priced/writer}
  ada: {role: evaluator, model: priced/judge}
  bad: {role: helper, model: broken/any}
phases:
  - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}}."}
  - {id: judge, kind: evaluate, stage: final, agents: [ada], criteria: [{id: clarity}]}
  - {id: fail, kind: agent, agents: [bad], prompt: "Say {{topic}}.", retry: {max_attempts: 2, initial: 10ms}, on_failure: continue}
  - {id: note, kind: log, message: done}
"""
WAIT = b"""
name: wait
version: 1.0.0
agents: {late: {role: helper, model: slow/any}}
phases: [{id: ask, kind: agent, agents: [late], prompt: "Say {{topic}}."}]
"""
SETTINGS = {"metrics.interval": "200ms", "processor.lease_timeout": "1s", "processor.heartbeat": "100ms"}


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)  # Prometheus tells of nothing by itself
    return result


def scrape(node, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(f"{node.url}/metrics", headers=headers), timeout=30) as response:
        assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
        return response.read().decode()


def value(node, name, **labels):
    """The sum of a metric's series with these labels; None where it has none."""
    values = [sample.value for family in text_string_to_metric_families(scrape(node)) for sample in family.samples
              if sample.name == name and labels.items() <= sample.labels.items()]
    return sum(values) if values else None


@pytest.fixture(scope="module")
def nodes(cluster):
    """Two nodes that have worked, and a step that waits."""
    nodes = [cluster.add(SETTINGS, CONFIGURATION) for _ in range(2)]
    for definition in (WORK, WAIT):
        nodes[0].publish(definition)
    for node in nodes:
        for topic in ("tea", "rain"):
            node.wait_for_end(node.start("work", {"topic": topic}))
    for topic in ("one", "two"):
        nodes[0].start("wait", {"topic": topic})
    until(lambda: value(nodes[0], "pressroom_queue_steps", model="slow/any") == 1)
    return nodes


@pytest.fixture(scope="module")
def prometheus(cluster, nodes):
    targets = [f"127.0.0.1:{node.port}" for node in nodes]
    with Prometheus(cluster.directory / "prometheus", targets, ROOT / "docs" / "alerts.yml") as prometheus:
        # Rates need two scrapes of each.
        until(lambda: [count for _, count in prometheus.query("count_over_time(pressroom_database_up[1m])") if count > 3][1:])
        yield prometheus


def test_promtool_is_content(nodes):
    for node in nodes:
        result = subprocess.run([program("promtool"), "check", "metrics"], input=scrape(node), capture_output=True, text=True)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_promtool_takes_the_rules():
    result = subprocess.run([program("promtool"), "check", "rules", ROOT / "docs" / "alerts.yml"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_text_can_be_read_and_is_in_the_documentation(nodes):
    documented = set(re.findall(r"^\| `((?:pressroom|process)_\w+)` \|", (ROOT / "docs" / "telemetry.md").read_text(), re.MULTILINE))
    names = set()
    for family in text_string_to_metric_families(scrape(nodes[0])):
        names.add(family.name + ("_total" if family.type == "counter" else ""))
        assert family.documentation
        series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
        assert len(set(series)) == len(series), family.name
    ours = {name for name in names if name.startswith(("pressroom_", "process_"))}
    assert ours == documented


def test_what_was_done_is_counted(nodes):
    def both(name, **labels):
        return sum(value(node, name, **labels) or 0 for node in nodes)

    assert both("pressroom_tasks_ended_total", status="completed") == 4
    for kind in ("write", "evaluate", "log"):
        assert both("pressroom_steps_total", kind=kind, status="completed") == 4, kind
    assert both("pressroom_steps_total", kind="agent", status="failed") == 8
    assert both("pressroom_model_calls_total", model="broken/any") == 8
    assert both("pressroom_model_calls_total", model="priced/writer", outcome="completed") == 4
    assert both("pressroom_model_call_duration_seconds_count", model="priced/judge") == 4
    assert both("pressroom_model_tokens_total", type="completion") > 0
    assert both("pressroom_model_cost_total") > 0
    # 16 results and 8 failures at least, in transactions of one or more.
    assert both("pressroom_commit_results_sum") >= 20
    assert 0 < both("pressroom_commit_results_count") <= both("pressroom_commit_results_sum")
    assert both("pressroom_events_published_total") > 0 and both("pressroom_stream_sent_bytes_total") > 0
    assert both("pressroom_streams_opened_total") >= 4
    for node in nodes:
        assert value(node, "pressroom_database_up") == 1
        assert value(node, "pressroom_queue_oldest_seconds", model="slow/any") > 0
        assert value(node, "pressroom_log_lag_events") == 0


def test_no_id_and_no_text_is_a_label(nodes, cluster):
    ids = cluster.database.query("SELECT json_agg(task_id) FROM pressroom.tasks") + cluster.database.query(
        "SELECT json_agg(id) FROM pressroom.steps")
    for node in nodes:
        text = scrape(node)
        for word in [*ids, "tea", "rain", '"work"']:
            assert word not in text, word


def test_prometheus_scrapes_both_nodes(prometheus, nodes):
    targets = prometheus.get("targets")["activeTargets"]
    assert {target["health"] for target in targets} == {"up"}, targets
    assert len(targets) == len(nodes)


@pytest.mark.parametrize("title,expression", QUERIES, ids=[f"{title}-{number}" for number, (title, _) in enumerate(QUERIES)])
def test_each_query_of_the_dashboard_has_a_result(prometheus, title, expression):
    expression = expression.replace("$job", "pressroom").replace("$__rate_interval", "1m")
    assert prometheus.query(expression), expression


def test_each_alert_is_evaluated(prometheus):
    rules = until(lambda: [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]])
    until(lambda: all(rule["health"] == "ok" for group in prometheus.get("rules")["groups"] for rule in group["rules"]))
    metrics = set(prometheus.get("label/__name__/values"))
    for rule in rules:
        assert rule.get("lastError", "") == ""
        named = set(re.findall(r"\b(?:pressroom|process)_\w+", rule["query"]))
        assert named and named <= metrics, named - metrics


def test_a_token_guards_the_metrics(cluster, nodes):
    guarded = cluster.add({"metrics.token": TOKEN})
    with pytest.raises(urllib.error.HTTPError) as refused:
        scrape(guarded)
    assert refused.value.code == 401
    assert "pressroom_database_up 1" in scrape(guarded, TOKEN)
    with Prometheus(cluster.directory / "guarded", [f"127.0.0.1:{guarded.port}"], ROOT / "docs" / "alerts.yml", TOKEN) as prometheus:
        until(lambda: prometheus.query("up{job='pressroom'} == 1"))


def test_without_the_database_the_rest_is_served(cluster, nodes):
    """The last one of the module: the database does not come back."""
    cluster.database.stop()
    try:
        until(lambda: value(nodes[0], "pressroom_database_up") == 0)
        start = time.monotonic()
        text = scrape(nodes[0])
        assert time.monotonic() - start < 5
        assert "process_resident_memory_bytes" in text and "pressroom_steps_total" in text and "pressroom_queue_steps" not in text
    finally:
        for node in nodes:
            node.kill()
        cluster.database.start()
