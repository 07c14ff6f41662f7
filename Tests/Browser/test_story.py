"""Why a draft was rejected twice: on one page, and by one request."""

import http.server
import json
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import pages
from background import Background

HTML = '<img src="x" onerror="document.title = \'taken\'"><b>bold</b> & <script>document.title = "taken"</script>'
POLISHED = "Text 3, and its price."
REASONS = [f"Too long by half. {HTML}", "Still nothing about the price."]


def workflow(capture="full"):
    return f"""
name: rejected-{capture}
version: 1.0.0
capture: {capture}
input: {{type: object, properties: {{topic: {{type: string}}}}}}
agents:
  anna: {{role: writer, name: Anna, model: scripted/writer, system: You write.}}
  copy: {{role: editor, name: Copy desk, model: scripted/editor}}
  ada: {{role: evaluator, name: Ada, model: scripted/judge}}
phases:
  - {{id: write, kind: write, agents: [anna], prompt: "Write on {{{{topic}}}}.", retry: {{max_attempts: 3, initial: 10ms}}}}
  - {{id: edit, kind: edit, agents: [copy], max_cycles: 3}}
  - {{id: judge, kind: evaluate, agents: [ada], criteria: [{{id: honesty}}]}}
""".encode()


class Model(Background):
    """A context: a server of chat completions whose editor rejects a draft twice, and whose writer is down at first."""

    def __init__(self):
        self.calls = {"writer": 0, "editor": 0, "judge": 0}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, text = outer._reply(request["model"])
                body = json.dumps({"error": {"message": text}}) if status != 200 else "".join(
                    f"data: {json.dumps(part)}\n\n" for part in [
                        {"model": request["model"], "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]},
                        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                         "usage": {"prompt_tokens": 1200, "completion_tokens": 34}}]) + "data: [DONE]\n\n"
                data = body.encode()
                self.send_response(status)
                self.send_header("content-type", "text/event-stream" if status == 200 else "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def _reply(self, model):
        self.calls[model] += 1
        count = self.calls[model]
        if model == "writer":
            return (500, "out of memory") if count == 1 else (200, f"Text {count - 1}. {HTML}")
        if model == "editor":
            said = {"approved": count > 2, "feedback": REASONS[count - 1] if count < 3 else "Good now.",
                    "content": POLISHED if count > 2 else None}
            return 200, json.dumps(said)
        return 200, json.dumps({"reasoning": "Clear, and honest about the price.", "criteria_scores": {"honesty": 7}})


@pytest.fixture(scope="module")
def model():
    with Model() as model:
        yield model


@pytest.fixture(scope="module")
def node(cluster, model):
    """A node that asks the scripted model."""
    return cluster.add({}, f"""
providers:
  scripted:
    kind: openai
    base_url: "http://127.0.0.1:{model.server.server_port}/v1"
    prices: {{writer: {{input: 1, output: 2}}, editor: {{input: 1, output: 2}}, judge: {{input: 1, output: 2}}}}
""")


def run(node, model, capture="full"):
    """A finished task, and the path of its draft."""
    model.calls = dict.fromkeys(model.calls, 0)
    node.publish(workflow(capture))
    task = node.start(f"rejected-{capture}", {"topic": "the price"})
    node.wait_for_end(task)
    output = node.get(f"/api/v1/tasks/{task}/outputs")["items"][0]
    assert output["status"] == "approved", output
    return task, f"/api/v1/tasks/{task}/outputs/{output['id']}"


@pytest.fixture(scope="module")
def rejected(node, model):
    return run(node, model)


def open_story(page, node, task):
    page.goto(f"{node.url}/#/tasks/{task}")
    pages.expect_status(page, "Completed")
    story = page.locator(".story")
    story.get_by_text("How it came about", exact=True).click()
    expect(story.locator("ol > li").first).to_be_visible()
    return story


def test_one_request_has_the_answer(node, rejected):
    _, path = rejected
    with urllib.request.urlopen(f"{node.url}{path}?include=bodies") as response:
        story = json.load(response)
    assert not story["is_cut"] and [version["version_number"] for version in story["versions"]] == [1, 2, 3, 4]
    steps = story["steps"]
    assert [step["kind"] for step in steps] == ["write", "edit", "rewrite", "edit", "rewrite", "edit", "evaluate"]
    decisions = [(step["output"]["approved"], step["output"]["feedback"]) for step in steps if step["kind"] == "edit"]
    assert decisions == [(False, REASONS[0]), (False, REASONS[1]), (True, "Good now.")]
    # What the editor was asked, and what it answered, before each decision.
    for number, step in enumerate(step for step in steps if step["kind"] == "edit"):
        [attempt] = step["attempts"]
        [call] = attempt["calls"]
        assert f"Text {number + 1}. " in json.loads(call["request"])["messages"][-1]["content"]
        assert json.loads(json.loads(call["response"])["content"])["feedback"] == decisions[number][1]
    attempts = steps[0]["attempts"]
    assert [(attempt["attempt"], attempt["status"], len(attempt["calls"])) for attempt in attempts] == [(1, "failed", 1), (2, "completed", 1)]
    assert "out of memory" in json.dumps(attempts[0])
    written = [step["output"].get("version_number") for step in steps]
    assert written == [1, None, 2, None, 3, 4, None] and story["versions"][-1]["content"] == POLISHED
    [verdict] = story["evaluations"]
    assert (verdict["status"], verdict["reasoning"]) == ("completed", "Clear, and honest about the price.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_page_has_the_answer(page, node, rejected, scheme):
    task, path = rejected
    page.emulate_media(color_scheme=scheme)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    story = open_story(page, node, task)
    expect(story.locator(".story-body > .quiet").first).to_have_text(
        "4 versions · sent back twice · 8 calls in 8 attempts · 8,400 tokens read, 238 written · cost 0.00888")
    expect(story.locator(".story-deed")).to_have_text([
        "Written by Anna", "Edited by Copy desk", "Rewritten by Anna", "Edited by Copy desk", "Rewritten by Anna",
        "Edited by Copy desk", "Scored by Ada"])
    expect(story.locator(".story-verdict")).to_have_text(["Sent back", "Sent back", "Approved", "Score 7"])
    expect(story.locator("blockquote")).to_have_text([*REASONS, "Good now.", "Clear, and honest about the price."])
    first = story.locator("ol > li").first
    expect(first.locator(".attempt")).to_have_count(2)
    expect(first.locator(".attempt").first).to_contain_text("500")

    # Nothing that was asked or answered is read before it is opened.
    assert not any("/calls/" in url for url in asked)
    edit = story.locator('li[data-kind="edit"]').first
    edit.locator(".call > summary").click()
    expect(edit.locator(".side-title")).to_have_text(["What was asked", "What came back"])
    call = node.get(f"{path}?include=bodies")["steps"][1]["attempts"][0]["calls"][0]
    expect(edit.locator(".message .body").last).to_have_text(json.loads(call["response"])["content"])
    edit.get_by_text("As it was sent").click()
    assert edit.locator(".side").first.locator("details .body").evaluate("node => node.textContent") == call["request"]
    assert sum("/calls/" in url for url in asked) == 1
    expect(story.locator('li[data-kind="edit"]').last.locator("summary", has_text="Version")).to_have_text("Version 4")
    version = story.locator("summary", has_text="Version 1").first
    version.click()
    expect(story.locator(".story-text").first).to_have_text(f"Text 1. {HTML}")

    # Texts of models are texts.
    assert story.locator("img, script, b").count() == 0 and page.title() != "taken"
    assert Axe().run(page).response["violations"] == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    pages.assert_fold_is_state(page)


def test_the_story_goes_on_while_it_is_open(page, node, model):
    task, path = run(node, model)
    story = open_story(page, node, task)
    story.locator("summary", has_text="Version 2").first.click()
    node.request("PATCH", f"/api/v1/outputs/{path.rsplit('/', 1)[1]}", b'{"content": "By hand."}')
    # The task has ended: its page follows it again when it is loaded.
    page.reload()
    story = open_story(page, node, task)
    expect(story.locator(".story-deed").last).to_have_text("Changed by hand by local")
    expect(story.locator(".story-body > .quiet").first).to_contain_text("5 versions")


def test_what_is_not_kept_is_said_to_be_so(page, node, model):
    task, _ = run(node, model, "metadata")
    story = open_story(page, node, task)
    edit = story.locator('li[data-kind="edit"]').first
    edit.locator(".call > summary").click()
    expect(edit.locator(".side").first).to_contain_text("Not kept")
    assert edit.locator(".body").count() == 0
