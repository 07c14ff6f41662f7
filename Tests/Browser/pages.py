"""What a reader does and sees on the page."""

import re

from playwright.sync_api import Page, expect

SLOW = 60_000

# The page's fold beside the service's own answer; rows in the order of their ids, since that is not what is compared.
FOLD_AND_STATE = """async () => {
  const { current } = await import("./ui/views/task.js");
  const rows = (list) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
  const plain = (value) => Array.isArray(value) ? value.map(plain)
    : value && typeof value === "object" ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, plain(value[key])])) : value;
  const shape = ({ cursor, phases, ...state }) => {
    for (const table of ["steps", "outputs", "evaluations", "rankings", "human_tasks"]) state[table] = rows(state[table]);
    return plain({ ...state, phases });
  };
  const answer = await (await fetch(`api/v1/tasks/${current.taskID}/state`)).json();
  return { fold: shape(current.state), state: shape(answer), counts: current.counts };
}"""


def open_front(page: Page, service, workflow="launch-post"):
    page.goto(f"{service.url}/#/workflows/{workflow}")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def start(page: Page, service, topic, workflow="launch-post"):
    open_front(page, service, workflow)
    page.get_by_label("Topic").fill(topic)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(topic)
    return task_id(page)


def publish_question(service, name, due_in=None):
    """A workflow that asks the managers for a reason."""
    service.publish(f"""
name: {name}
version: 1.0.0
input: {{type: object, properties: {{topic: {{type: string}}}}}}
phases:
  - id: approve
    kind: human
    title: Approve {{{{topic}}}}
    assignee_group: managers
    form: {{type: object, required: [reason], properties: {{reason: {{type: string, minLength: 3}}}}}}
{f"    due_in: {due_in}" if due_in else ""}
""".encode())
    return name


def question(page: Page, title):
    """An entry of the inbox."""
    return page.locator(".question").filter(has=page.get_by_role("link", name=title, exact=True))


def open_inbox(page: Page, service):
    """With an open form, and with something that expired."""
    expired = service.start(publish_question(service, "inbox-look-late", "1s"), {"topic": "the late edition"})
    service.wait_for_end(expired)
    service.start(publish_question(service, "inbox-look", "40m"), {"topic": "the evening edition"})
    page.goto(f"{service.url}/#/inbox")
    entry = question(page, "Approve the evening edition").first
    entry.locator("summary").click()
    entry.get_by_role("button", name="Submit").click()
    expect(entry.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("region", name="Expired")).to_be_visible()


def task_id(page: Page):
    match = re.search(r"#/tasks/([0-9a-f-]{36})$", page.url)
    assert match, page.url
    return match[1]


def status(page: Page):
    return page.locator(".task-header .bar .status")


def expect_status(page: Page, words):
    expect(status(page)).to_have_text(words, timeout=SLOW)


def assert_fold_is_state(page: Page):
    seen = page.evaluate(FOLD_AND_STATE)
    assert seen["fold"] == seen["state"]
    assert seen["counts"]["repeated"] == 0
    return seen["counts"]


def durable_ids(page: Page, task):
    """The ids of the durable events that the task's stream gave to the page, in the order in which they came."""
    return [event["id"] for event in page.evaluate("recorded.events")
            if f"/tasks/{task}/stream" in event["url"] and event["type"] not in ("state", "output_delta", "step_delta", "end", "reset", "overloaded", "credentials_expired")]
