"""The page of a service that asks for a sign-in: it shows nothing before, goes on from its cursor afterwards, and offers what the
reader may do."""

import json
import os
import subprocess
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import pages
from fixtures import EXAMPLES

SETTINGS = {"streams.drain": "100ms"}
CONFIGURATION = """
auth: {modes: [keys]}
providers: {rehearsal: {kind: rehearsal, tokens_per_second: 2000}}
"""
QUESTION = """
name: review
version: 1.0.0
input: {type: object, properties: {topic: {type: string}}}
phases:
  - id: approve
    kind: human
    title: Approve {{topic}}
    assignee_group: managers
    form: {type: object, required: [reason], properties: {reason: {type: string}}}
"""


class Desk:
    """A node that asks for keys, and an administrator's requests to it."""

    def __init__(self, node):
        self.node = node
        self.url = node.url
        self.admin = self.key("root", "read,write,admin")
        self.publish((EXAMPLES / "approval.yaml").read_bytes())
        self.publish(QUESTION.encode())

    def key(self, user, scopes, *more):
        command = [os.path.abspath(os.environ["PRESSROOM_BINARY"]), "key", "create", "--json", "--tenant", "default", "--user", user,
                   "--scopes", scopes, "--database-url", self.node.command[self.node.command.index("--database-url") + 1], *more]
        text = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=30).stdout
        return json.loads(text)

    def request(self, method, path, body=None, content_type="application/json"):
        request = urllib.request.Request(self.url + path, method=method, data=body)
        request.add_header("authorization", f"Bearer {self.admin['key']}")
        if body is not None:
            request.add_header("content-type", content_type)
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
            return json.loads(text) if text else None

    def publish(self, yaml):
        return self.request("POST", "/api/v1/workflows", yaml, "application/yaml")

    def start(self, workflow, value):
        return self.request("POST", "/api/v1/tasks", json.dumps({"workflow": workflow, "input": value}).encode())["task_id"]

    def revoke(self, key):
        self.request("DELETE", f"/api/v1/api-keys/{key['id']}")


@pytest.fixture(scope="module")
def desk(cluster):
    return Desk(cluster.add(SETTINGS, CONFIGURATION))


def dialog(page):
    return page.get_by_role("dialog")


def sign_in(page, key):
    dialog(page).get_by_label("API key or token").fill(key["key"])
    dialog(page).get_by_role("button", name="Sign in").click()
    expect(dialog(page)).to_be_hidden()


def test_nothing_is_shown_before_a_sign_in_and_no_key_stays_in_the_page(page, desk):
    key = desk.key("ada", "read,write")
    page.goto(f"{desk.url}/#/workflows/approval")
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Start", exact=True)).to_have_count(0)
    field = dialog(page).get_by_label("API key or token")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("type", "password")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_visible()

    field.fill("prk_0000000000000000_" + "0" * 64)
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_role("alert")).to_contain_text("Not signed in")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()

    sign_in(page, key)
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    expect(page.locator("#who")).to_contain_text("ada")
    secret = key["key"].rsplit("_", 1)[1]
    kept = page.evaluate("""async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href,
        document.documentElement.outerHTML, [...document.querySelectorAll("input")].map((input) => input.value),
        (await indexedDB.databases()).length, await caches?.keys?.().catch(() => [])])""")
    assert secret not in kept
    cookies = page.context.cookies()
    assert [cookie["name"] for cookie in cookies] == ["pressroom_session"] and cookies[0]["httpOnly"]
    assert secret not in cookies[0]["value"]

    page.reload()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(dialog(page)).to_be_visible()
    page.reload()
    expect(dialog(page)).to_be_visible()


def test_a_sign_out_ends_the_session_everywhere(page, context, browser, desk):
    task = desk.start("approval", {"topic": "The last one out"})
    page.goto(f"{desk.url}/#/")
    sign_in(page, desk.key("ada", "read,write"))
    expect(page.locator("#who")).to_contain_text("ada")
    # Another tab, and a copy of the cookie in another browser.
    tab, thief = context.new_page(), browser.new_context()
    thief.add_cookies(context.cookies())
    stolen = thief.new_page()
    for one in (tab, stolen):
        one.goto(f"{desk.url}/#/tasks/{task}")
        expect(one.locator("#wire")).to_have_text("Live")
    renewed = thief.request.post(f"{desk.url}/api/v1/session", headers={"origin": desk.url})
    assert renewed.status == 201
    cookies = thief.cookies()

    page.get_by_role("button", name="Sign out").click()
    for one in (page, tab, stolen):
        expect(dialog(one)).to_be_visible()
    thief.add_cookies(cookies)
    assert thief.request.get(f"{desk.url}/api/v1/me").status == 401
    thief.close()


def test_a_task_goes_on_from_its_cursor_after_a_new_sign_in(page, desk):
    first, second = desk.key("ada", "read,write"), desk.key("ada", "read,write")
    task = desk.start("approval", {"topic": "The key under the mat"})
    page.goto(f"{desk.url}/#/tasks/{task}")
    sign_in(page, first)
    expect(page.locator("#wire")).to_have_text("Live")
    signal = page.get_by_role("button", name="Send signal")
    expect(signal).to_be_visible(timeout=pages.SLOW)
    page.get_by_label("Data").fill('{"by": "half written"}')

    desk.revoke(first)
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    desk.request("POST", f"/api/v1/tasks/{task}/events", b'{"type": "custom.away", "data": 1}')
    sign_in(page, second)
    # The view stayed as it was, with what was typed.
    expect(page.get_by_label("Data")).to_have_value('{"by": "half written"}')
    signal.click()
    pages.expect_status(page, "Completed")
    counts = pages.assert_fold_is_state(page)
    assert counts["states"] == 1, "it went on from its cursor, not from a new state"
    assert "custom.away" not in [event["type"] for event in page.evaluate("recorded.events")], "the page does not listen to it"
    ids = pages.durable_ids(page, task)
    assert len(ids) == len(set(ids))


def test_the_lists_go_on_after_a_new_sign_in(page, desk):
    first, second = desk.key("bob", "read,write"), desk.key("bob", "read,write")
    page.goto(f"{desk.url}/#/")
    sign_in(page, first)
    expect(page.locator("#wire")).to_have_text("Live")
    desk.revoke(first)
    expect(dialog(page)).to_be_visible()
    task = desk.start("approval", {"topic": "Behind closed doors"})
    sign_in(page, second)
    expect(page.locator(f'.tasks a[href="#/tasks/{task}"]')).to_be_visible()
    expect(page.locator("#wire")).to_have_text("Live")


def test_another_user_sees_nothing_of_the_one_before(page, desk):
    first, other = desk.key("carla", "read,write"), desk.key("dora", "read")
    page.goto(f"{desk.url}/#/")
    sign_in(page, first)
    expect(page.locator("#who")).to_contain_text("carla")
    page.evaluate("window.before = true")
    desk.revoke(first)
    sign_in(page, other)
    expect(page.locator("#who")).to_contain_text("dora")
    page.wait_for_function("window.before === undefined")


def test_what_may_not_be_done_is_not_offered(page, desk):
    task = desk.start("approval", {"topic": "Look, do not touch"})
    asked = desk.start("review", {"topic": "the late edition"})
    page.goto(f"{desk.url}/#/tasks/{task}")
    sign_in(page, desk.key("eve", "read"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Look, do not touch")
    expect(page.locator(".phases, .task-header").first).to_be_visible()
    for name in ("Pause", "Cancel", "Send signal", "Edit the text"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("link", name="Start another like this")).to_have_count(0)
    page.goto(f"{desk.url}/#/workflows/approval")
    expect(page.get_by_text("You cannot start tasks here")).to_be_visible()
    expect(page.get_by_role("button", name="Start", exact=True)).to_have_count(0)
    page.goto(f"{desk.url}/#/inbox")
    entry = page.locator(".question").filter(has=page.locator(f'a[href="#/tasks/{asked}"]'))
    expect(entry).to_be_visible()
    expect(entry.locator("summary")).to_be_hidden()

    # A member of the group may answer, and do nothing else that is not for writers.
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, desk.key("mia", "read,write", "--groups", "managers"))
    page.wait_for_function("document.querySelector('#who')?.textContent.includes('mia')")
    expect(entry.locator("summary")).to_be_visible()


def violations(page):
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, desk, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{desk.url}/#/")
    expect(dialog(page)).to_be_visible()
    field = dialog(page).get_by_label("API key or token")
    field.fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_role("alert")).to_contain_text("Not signed in")
    assert violations(page) == []
    sign_in(page, desk.key("ada", "read,write"))
    expect(page.get_by_role("heading", name="Start a task")).to_be_visible()
    assert violations(page) == []
