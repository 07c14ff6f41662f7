"""The page's end of the stream, with a stream made up by the test: what a well-behaved service seldom does."""

import copy
import json

import pytest
from playwright.sync_api import expect

import pages

HTML = '<img src="x" onerror="document.title = \'taken\'"><b>bold</b> & <script>document.title = "taken"</script>'


def frame(event, data, identifier=None):
    return (f"id: {identifier}\n" if identifier else "") + f"event: {event}\ndata: {json.dumps(data)}\n\n"


@pytest.fixture
def scripted(page, service, finished):
    """Answers the stream of a finished task, made to look as if it ran: one body for each connection, then 204."""
    state = copy.deepcopy(finished)
    state["status"] = state["task"]["status"] = "running"
    for output in state["outputs"]:
        output.update(status="writing", content=None, version_number=0, final_rank=None)
    state["evaluations"] = state["rankings"] = state["live"] = []
    connections = []

    def show(*bodies):
        left = list(bodies)

        def answer(route):
            connections.append(route.request.url)
            if left:
                route.fulfill(status=200, content_type="text/event-stream", body="retry: 10\n\n" + left.pop(0))
            else:
                route.fulfill(status=204)

        page.route("**/api/v1/tasks/*/stream*", answer)
        # When the stream is over the page may ask how things stand.
        page.route("**/api/v1/tasks/*/state", lambda route: route.fulfill(json={**state, "status": "completed"}))
        page.goto(f"{service.url}/#/tasks/{finished['task']['task_id']}")
        return connections

    show.state = state
    return show


def delta(output, offset, text, version=1):
    return frame("output_delta", {"output_id": output["id"], "version_number": version, "offset": offset, "text": text})


def opening(state):
    return frame("state", state, state["cursor"])


def after(state, steps=1):
    epoch, position = state["cursor"].split(".")
    return f"{epoch}.{int(position) + steps}"


def text_of(page, output):
    return page.locator(f'.output[data-output-id="{output["id"]}"] .copy')


def test_text_of_a_model_is_text(page, scripted):
    state = scripted.state
    done, live = state["outputs"]
    done.update(content=HTML, status="approved", version_number=1, editor_feedback=HTML, editor_approved=True)
    done["writer"]["name"] = HTML
    state["task"]["input"] = {"topic": HTML, "audience": HTML}
    scripted(opening(state) + delta(live, 0, HTML) + frame("end", {}))
    expect(text_of(page, done)).to_have_text(HTML)
    expect(text_of(page, live)).to_have_text(HTML)
    expect(page.get_by_role("heading", level=1)).to_have_text(HTML)
    expect(page.locator(".feedback blockquote").first).to_have_text(HTML)
    expect(page.locator("main img, main script, main b")).to_have_count(0)
    assert "taken" != page.title()


def test_offsets_count_utf16_units(page, scripted):
    one, two = scripted.state["outputs"]
    body = opening(scripted.state)
    body += delta(one, 0, "a") + delta(one, 1, "📰") + delta(one, 3, "b") + delta(one, 3, "again") + delta(one, 9, "gap")
    body += delta(two, 0, "wrong start") + delta(two, 0, "right") + delta(two, 5, "!") + delta(two, 6, "other", version=2)
    scripted(body + frame("end", {}))
    expect(text_of(page, one)).to_have_text("a📰b")
    expect(text_of(page, two)).to_have_text("right!")


def test_the_row_is_the_truth_about_its_text(page, scripted):
    state = scripted.state
    output = state["outputs"][0]
    row = {**output, "status": "pending_edit", "content": "As it was kept.", "version_number": 1}
    event = {"type": "output_updated", "cursor": after(state), "output": row}
    scripted(opening(state) + delta(output, 0, "As it was wr") + frame("output_updated", event, after(state))
             + delta(output, 12, "itten") + delta(output, 0, "late") + frame("end", {}))
    expect(text_of(page, output)).to_have_text("As it was kept.")
    assert page.evaluate("async () => (await import('./ui/views/task.js')).current.state.live") == []


def test_an_event_that_comes_twice_changes_nothing(page, scripted):
    state = scripted.state
    output = state["outputs"][0]
    new, old = ({"type": "output_updated", "cursor": after(state, step), "output": {**output, "content": text, "version_number": step, "status": "approved"}}
                for step, text in ((2, "new"), (1, "old")))
    scripted(opening(state) + frame("output_updated", new, new["cursor"]) + frame("output_updated", old, old["cursor"]) + frame("end", {}))
    expect(text_of(page, output)).to_have_text("new")
    assert page.evaluate("async () => (await import('./ui/views/task.js')).current.counts.repeated") == 1


def test_what_comes_after_a_reconnect_is_folded_on(page, scripted):
    state = scripted.state
    output = state["outputs"][0]
    event = {"type": "output_updated", "cursor": after(state), "output": {**output, "content": "after the gap", "version_number": 1, "status": "approved"}}
    connections = scripted(opening(state), frame("output_updated", event, after(state)) + frame("end", {}))
    expect(text_of(page, output)).to_have_text("after the gap")
    assert len(connections) == 2


def test_a_reset_begins_again_from_the_state(page, scripted):
    state = scripted.state
    output = state["outputs"][0]
    other = copy.deepcopy(state)
    other["cursor"] = "other.1"
    other["outputs"][0].update(content="from the new epoch", version_number=1, status="approved")
    scripted(opening(state) + delta(output, 0, "from the old one"),
             frame("reset", {"reason": "epoch", "cursor": "other.1"}) + opening(other) + frame("end", {}))
    expect(text_of(page, output)).to_have_text("from the new epoch")


def test_a_service_over_its_limits_is_waited_for(page, scripted):
    connections = scripted(frame("overloaded", {}), frame("overloaded", {}), opening(scripted.state) + frame("end", {}))
    expect(page.locator(".output")).to_have_count(2)
    assert len(connections) == 3


def test_a_failed_evaluation_is_shown_as_failed(page, scripted):
    state = scripted.state
    base = {"task_id": state["task"]["task_id"], "stage": "initial", "criteria_scores": None, "reasoning": None, "rank": None,
            "weighted_score": None, "usage": {}, "created_at": "2026-01-01T00:00:00.000000Z", "updated_at": "2026-01-01T00:00:00.000000Z",
            "output_id": state["outputs"][0]["id"]}
    state["evaluations"] = [
        {**base, "id": "e1", "evaluator": {"slug": "ada", "name": "Ada"}, "status": "completed", "score": 7.5, "error": None},
        {**base, "id": "e2", "evaluator": {"slug": "bob", "name": "Bob"}, "status": "failed", "score": None,
         "error": {"code": "unreadable_verdict", "message": "The answer is no verdict."}}]
    scripted(opening(state) + frame("end", {}))
    bob = page.locator(".verdicts li").filter(has=page.get_by_text("Bob", exact=True))
    expect(bob).to_contain_text("No verdict")
    expect(bob).to_contain_text("The answer is no verdict.")
    expect(page.locator(".verdicts li").filter(has=page.get_by_text("Ada", exact=True))).to_contain_text("7.5")


def test_a_failed_task_says_why_and_can_be_retried(page, scripted):
    state = scripted.state
    state["status"] = state["task"]["status"] = "failed"
    state["task"]["error"] = {"code": "phase_failed", "message": "The model was not there."}
    scripted(opening(state) + frame("end", {}))
    expect(page.get_by_text("The model was not there.")).to_be_visible()
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
