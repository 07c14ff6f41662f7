"""What the page shows is true: results, answers and progress, and what it does not know without a connection."""

import json
import re
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import pages
from fixtures import EXAMPLES

JUDGED = b"""
name: judged
version: 1.0.0
input: {type: object, properties: {topic: {type: string}}}
agents:
  anna: {role: writer, name: Anna, model: rehearsal/anna}
  ben: {role: writer, name: Ben, model: rehearsal/ben}
  carl: {role: writer, name: Carl, model: rehearsal/carl}
  judge: {role: evaluator, name: Judge, model: rehearsal/judge}
phases:
  - {id: write, kind: write, agents: [anna, ben, carl], prompt: "Write on {{topic}}."}
  - {id: judge, kind: evaluate, agents: [judge]}
"""

CHAIN = b"""
name: broken-chain
version: 1.0.0
input: {type: object, properties: {topic: {type: string}}}
phases:
  - {id: first, kind: transform, expression: "1"}
  - {id: second, kind: transform, expression: "1 / 0"}
  - {id: third, kind: transform, expression: "1"}
  - {id: fourth, kind: transform, expression: "1"}
"""

PARENT = b"""
name: parent
version: 1.0.0
input: {type: object, properties: {topic: {type: string}}}
phases:
  - {id: each, kind: workflow, name: judged, input: {topic: "{{topic}}"}}
"""

NUMBERS = b"""
name: exact-numbers
version: 1.0.0
input:
  type: object
  properties:
    topic: {type: string}
    account: {type: integer}
    more: {type: object}
phases:
  - {id: same, kind: transform, expression: "$.input"}
"""

LISTS = b"""
name: broken-list
version: 1.0.0
input: {type: object, properties: {topic: {type: string}}}
phases:
  - {id: each, kind: http, for_each: "$.input.topics[*]", url: "{{item}}", retry: {max_attempts: 1}}
"""


@pytest.fixture(scope="module", autouse=True)
def published(service):
    for name in ("code-review", "approval-form"):
        service.publish((EXAMPLES / f"{name}.yaml").read_bytes())
    for definition in (JUDGED, CHAIN, PARENT, NUMBERS, LISTS):
        service.publish(definition)


def question_of(service, task):
    """The id of a task's open question, when it has been asked."""
    service.wait_for(task, "human_task_updated")
    return service.get(f"/api/v1/tasks/{task}/state")["human_tasks"][0]["id"]


def answer(service, task, data):
    service.request("POST", f"/api/v1/human-tasks/{question_of(service, task)}/complete", json.dumps({"data": data}).encode())
    service.wait_for_end(task)


def open_task(page, service, task, words="Completed"):
    page.goto(f"{service.url}/#/tasks/{task}")
    pages.expect_status(page, words)


def open_phase(page, key):
    panel = page.locator(f'.phase-panels li[data-phase="{key}"]')
    panel.locator("summary").first.click()
    return panel.locator(".phase-body")


def test_the_result_of_agents_leads_and_each_phase_opens(page, service):
    task = service.start("code-review", {"diff": "- let a = 1\n+ let a = 2", "language": "Swift"})
    answer(service, task, {"answer": "The old format is gone."})
    open_task(page, service, task)
    state = service.get(f"/api/v1/tasks/{task}/state")
    outputs = {phase["key"]: phase["output"] for phase in state["phases"]}

    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("From the phase “Verdict”")
    expect(result).to_contain_text(outputs["verdict"]["output"]["summary"])
    expect(result.locator(".key")).to_have_text(["approve", "summary"])
    tops = page.evaluate("[...document.querySelectorAll('.task section')].filter((one) => !one.hidden).map((one) => one.className)")
    assert tops[0] == "result-panel"

    expect(open_phase(page, "explain").locator(".text")).to_have_text(outputs["explain"]["output"])
    given = page.get_by_role("region", name="Answers")
    expect(given).to_contain_text("Your answer")
    expect(given).to_contain_text("The old format is gone.")
    expect(given).to_contain_text("Answered by local, ")
    expect(open_phase(page, "ask")).to_contain_text("The old format is gone.")
    assert Axe().run(page).response["violations"] == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_winner_of_scores_alone_leads(page, service):
    task = service.start("judged", {"topic": "No final round"})
    service.wait_for_end(task)
    open_task(page, service, task)
    state = service.get(f"/api/v1/tasks/{task}/state")
    ranked = sorted(state["outputs"], key=lambda output: output["initial_rank"])
    assert state["task"]["result"]["winner"]["output_id"] == ranked[0]["id"]
    lead = page.get_by_role("region", name="Result").locator(".output")
    expect(lead).to_have_attribute("data-output-id", ranked[0]["id"])
    expect(page.locator(".badge.winner")).to_have_count(1)
    expect(lead.locator(".badge.winner")).to_be_visible()
    shown = page.locator(".output").evaluate_all("(cards) => cards.map((card) => card.dataset.outputId)")
    assert shown == [output["id"] for output in ranked]


def test_a_failed_task_says_what_was_done_and_why_once(page, service):
    task = service.start("broken-chain", {"topic": "It breaks"})
    service.wait_for_end(task)
    open_task(page, service, task, "Failed")
    expect(page.locator(".share")).to_have_text("1 of 4 phases completed")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.locator(".trouble .notice")).to_have_count(1)
    expect(page.locator(".trouble")).to_contain_text("The task failed in the phase “Second”")
    expect(open_phase(page, "second")).to_contain_text("bad_expression")
    expect(open_phase(page, "third")).to_contain_text("The phase second failed.")
    expect(open_phase(page, "fourth")).to_contain_text("The phase second failed.")


def test_a_required_choice_has_no_preset(page, service):
    task = service.start("approval-form", {"topic": "the maintenance"})
    page.goto(f"{service.url}/#/tasks/{task}")
    card = page.get_by_role("region", name="Approve the note on the maintenance")
    choice = card.get_by_role("radiogroup", name="Send it")
    expect(choice).to_be_visible(timeout=pages.SLOW)
    expect(choice.get_by_role("radio", checked=True)).to_have_count(0)
    card.get_by_role("button", name="Submit").click()
    expect(choice).to_contain_text("Choose Yes or No.")
    expect(choice.get_by_label("Yes")).to_be_focused()
    assert service.get(f"/api/v1/tasks/{task}/state")["human_tasks"][0]["status"] == "pending"

    choice.get_by_label("No").check()
    expect(choice).not_to_contain_text("Choose Yes or No.")
    card.get_by_label("Comments").fill("Too long.")
    card.get_by_role("button", name="Submit").click()
    given = page.get_by_role("region", name="Answers")
    expect(given).to_contain_text("Send it")
    expect(given.locator("dd").first).to_have_text("No")
    expect(given).to_contain_text("Answered by local, ")
    pages.expect_status(page, "Completed")
    expect(page.get_by_role("region", name="Log")).to_contain_text("Not sent: Too long.")
    page.reload()
    expect(given).to_contain_text("Answered by local, ")


def test_the_inbox_says_what_was_answered(page, service):
    task = service.start("approval-form", {"topic": "the echo"})
    question_of(service, task)
    page.goto(f"{service.url}/#/inbox")
    entry = pages.question(page, "Approve the note on the echo")
    entry.locator("summary").click()
    entry.get_by_label("Yes").check()
    entry.get_by_role("button", name="Submit").click()
    said = page.locator(".inbox > [role=status]")
    expect(said).to_contain_text("You answered “Approve the note on the echo”")
    expect(said).to_contain_text("Send it: Yes")
    expect(said).to_contain_text("Answered by local.")
    expect(said.get_by_role("link")).to_have_attribute("href", f"#/tasks/{task}")


@pytest.mark.parametrize("view", ["", "#/inbox", "task"])
def test_a_lost_connection_is_said_by_every_view(page, service, proxy, view):
    task = service.start("approval", {"topic": "Out of reach"})
    service.wait_for(task, "step_updated")
    page.goto(f"{proxy.url}/{f'#/tasks/{task}' if view == 'task' else view}")
    expect(page.locator("#wire")).to_have_text("Live")
    banner = page.locator("#lost")
    expect(banner).to_be_empty()
    proxy.pull()
    expect(banner).to_contain_text(re.compile(r"Connection lost since .+; what you see may be out of date\."))
    if view == "#/inbox":
        summary = page.locator(".inbox > .quiet")
        expect(summary).to_contain_text("when the connection was lost")
        expect(summary).not_to_contain_text("waiting for an answer")
    if view == "task":
        timing = page.locator(".timing").text_content()
        page.get_by_role("button", name="Pause").click()
        expect(page.locator(".notice.unreachable")).to_be_visible()
        page.wait_for_function("(start) => performance.now() > start + 2500", arg=page.evaluate("performance.now()"))
        assert page.locator(".timing").text_content() == timing, "the clock stands still"
    proxy.plug_in()
    expect(banner).to_be_empty(timeout=pages.SLOW)
    expect(page.locator("#wire")).to_have_text("Live")
    expect(page.locator(".notice.unreachable")).to_have_count(0)
    if view == "#/inbox":
        expect(summary).not_to_contain_text("when the connection was lost")
    service.request("POST", f"/api/v1/tasks/{task}/cancel")


def test_the_inbox_knows_nothing_before_it_has_read(page, service, proxy):
    page.goto(f"{proxy.url}/#/workflows/launch-post")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    proxy.pull()
    page.evaluate("location.hash = '#/inbox'")
    summary = page.locator(".inbox > .quiet")
    expect(summary).to_have_text("It is not known whether questions are waiting.")
    proxy.plug_in()
    expect(summary).to_contain_text("waiting for an answer", timeout=pages.SLOW)


def test_an_unknown_workflow_starts_nothing(page, service):
    page.goto(f"{service.url}/#/workflows/nope")
    expect(page.locator(".composer")).to_contain_text("There is no workflow “nope”")
    expect(page.get_by_role("button", name="Start", exact=True)).to_have_count(0)
    page.get_by_label("Workflow").select_option("launch-post")
    expect(page.get_by_label("Topic")).to_be_visible()
    expect(page.locator(".composer")).not_to_contain_text("nope")


def test_the_empty_page_names_the_service_and_notices_a_publication(page, service):
    pattern = "**/api/v1/workflows?**"
    page.route(pattern, lambda route: route.fulfill(json={"items": [], "next": None}))
    page.goto(service.url)
    expect(page.locator(".composer pre")).to_contain_text(f"pressroom workflow publish examples/launch-post.yaml --url {service.url}")
    page.unroute(pattern)
    expect(page.get_by_label("Workflow")).to_be_visible()


def test_names_and_inputs_are_shown_as_they_are_meant(page, service):
    task = service.start("parent", {"topic": "A sub-task "})
    service.wait_for_end(task)
    open_task(page, service, task)
    expect(page.locator(".phase-name").first).to_have_text("Each")
    expect(page.get_by_role("heading", level=1)).to_have_text("A sub-task")
    expect(page.locator(".task-header .facts")).to_be_hidden()  # the blank at the end is no second topic
    child = service.get(f"/api/v1/tasks/{task}/state")["phases"][0]["output"]["task_id"]
    expect(open_phase(page, "each").get_by_role("link", name="The sub-task")).to_have_attribute("href", f"#/tasks/{child}")


def input_of(service, task):
    """With the digits of numbers as the service writes them."""
    with urllib.request.urlopen(f"{service.url}/api/v1/tasks/{task}", timeout=30) as response:
        return json.loads(response.read(), parse_int=str, parse_float=str)["input"]


def test_numbers_keep_their_digits_when_a_task_is_started_again(page, service):
    more = '{"ids": [18446744073709551615, -9223372036854775809, 9007199254740993], "share": 0.12345678901234567890123}'
    wanted = {"topic": "Digits", "account": "12345678901234567890", "more": json.loads(more, parse_int=str, parse_float=str)}
    pages.open_front(page, service, "exact-numbers")
    expect(page.locator(".composer .fields label")).to_have_text([re.compile(f"^{name}") for name in ("Topic", "Account", "More")])
    page.get_by_label("Topic").fill("Digits")
    page.get_by_label("Account").fill("12345678901234567890")
    page.get_by_label("More").fill(more)
    tasks = []
    for _ in range(3):  # each from the one before
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_url(lambda url: "#/tasks/" in url)
        pages.expect_status(page, "Completed")
        tasks.append(pages.task_id(page))
        assert input_of(service, tasks[-1]) == wanted
        body = open_phase(page, "same")
        for digits in ("12345678901234567890", "18446744073709551615", "0.12345678901234567890123"):
            expect(body).to_contain_text(digits)
        page.get_by_role("link", name="Start another like this").click()
        expect(page.get_by_label("Account")).to_have_value("12345678901234567890")
    assert len(set(tasks)) == 3


def test_an_error_goes_when_it_is_over(page, service):
    task = service.start("approval", {"topic": "Errors"})
    open_task(page, service, task, "Waiting")
    page.route("**/pause", lambda route: route.abort())
    page.get_by_role("button", name="Pause").click()
    alert = page.locator(".controls [role=alert]")
    expect(alert.locator(".notice")).to_be_visible()
    page.unroute("**/pause")
    service.request("POST", f"/api/v1/tasks/{task}/signals/approved", b'{"data": {}}')
    pages.expect_status(page, "Completed")
    expect(alert).to_be_empty()


def test_elements_are_counted_from_one(page, service):
    task = service.start("broken-list", {"topic": "Lists", "topics": ["http://127.0.0.1:1/only"]})
    service.wait_for_end(task)
    open_task(page, service, task, "Failed")
    expect(open_phase(page, "each")).to_contain_text("Item 1: ")
    expect(page.locator("main")).not_to_contain_text("Item 0")
