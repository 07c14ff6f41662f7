"""The page in a real browser, against the real service."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import pages


def test_a_task_from_the_form_to_the_ranking(page, service):
    task = pages.start(page, service, "A faster search")
    expect(page.locator(".facts")).to_contain_text("developers")
    expect(page.locator(".output")).to_have_count(2)
    pages.expect_status(page, "Completed")

    expect(page.locator(".share")).to_have_text("100%")
    expect(page.locator(".phases li[data-tone=done]")).to_have_count(5)
    for stage in ("initial", "final"):
        ranking = page.locator(f".ranking.{stage}")
        expect(ranking.locator("tbody tr")).to_have_count(2)
        expect(ranking.locator(".agreement")).to_contain_text("%")
    expect(page.locator(".badge.winner")).to_have_count(1)
    expect(page.locator(".badge.finalist")).to_have_count(2)
    # Two judges, two outputs: four scores and four ballots, each either read or shown as failed.
    verdicts = page.locator(".verdicts li")
    expect(verdicts).to_have_count(8)
    for verdict in verdicts.all():
        expect(verdict).to_have_attribute("data-status", re.compile("completed|failed"))

    state = service.get(f"/api/v1/tasks/{task}/state")
    for output in state["outputs"]:
        card = page.locator(f'.output[data-output-id="{output["id"]}"]')
        assert card.locator(".copy").evaluate("node => node.textContent") == output["content"]
        expect(card.locator(".edition")).to_contain_text(f"version {output['version_number']}")


def test_drafts_are_seen_as_they_are_written(page, service):
    pages.start(page, service, "Text as it comes")
    pages.expect_status(page, "Completed")
    lengths = page.evaluate("recorded.lengths")
    assert len(lengths) == 2
    for seen in lengths.values():
        assert len(seen) >= 2, "the text came in one piece"
    assert pages.assert_fold_is_state(page)["deltas"] > 0


def test_no_event_is_lost_or_doubled(page, service):
    task = pages.start(page, service, "Nothing twice")
    pages.expect_status(page, "Completed")
    pages.assert_fold_is_state(page)
    first = next(event for event in page.evaluate("recorded.events") if event["type"] == "state" and task in event["url"])
    position = int(first["id"].split(".")[1])
    wanted = [cursor for cursor in service.log(task) if int(cursor.split(".")[1]) > position]
    assert pages.durable_ids(page, task) == wanted


def test_a_reload_in_the_middle_restores_everything(page, service):
    task = pages.start(page, service, "Read it again")
    expect(page.locator(".output .copy").first).not_to_have_text("", timeout=pages.SLOW)
    before = pages.durable_ids(page, task)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Read it again")
    expect(page.locator(".output")).to_have_count(2)
    pages.expect_status(page, "Completed")
    assert pages.assert_fold_is_state(page)["states"] == 1
    after = pages.durable_ids(page, task)
    assert set(before).isdisjoint(after)

    page.reload()  # and once more when all is over
    pages.expect_status(page, "Completed")
    expect(page.locator(".ranking.final tbody tr")).to_have_count(2)
    pages.assert_fold_is_state(page)


def test_a_broken_connection_resumes_where_it_was(page, service, proxy):
    page.goto(proxy.url)  # the page knows the service only through the cable
    task = service.start("approval", {"topic": "Mind the gap"})
    page.goto(f"{proxy.url}/#/tasks/{task}")
    expect(page.get_by_role("heading", name="Waiting for “approved”")).to_be_visible(timeout=pages.SLOW)
    expect(page.locator("#wire")).to_have_text("Live")
    proxy.pull()
    expect(page.locator("#wire")).not_to_have_text("Live")
    service.request("POST", f"/api/v1/tasks/{task}/signals/approved", b'{"data": {}}')
    service.wait_for_end(task)
    proxy.plug_in()
    pages.expect_status(page, "Completed")
    assert pages.assert_fold_is_state(page)["states"] == 1, "it resumed from its cursor, not from a new state"
    ids = pages.durable_ids(page, task)
    log = service.log(task)
    assert ids == log[log.index(ids[0]):]


def test_pause_resume_signal(page, service):
    pages.start(page, service, "Sign here", workflow="approval")
    signal = page.get_by_role("region", name="Waiting for “approved”")
    expect(signal).to_be_visible(timeout=pages.SLOW)
    page.get_by_role("button", name="Pause").click()
    pages.expect_status(page, "Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()

    signal.get_by_label("Data").fill("{not json")
    signal.get_by_role("button", name="Send signal").click()
    expect(signal.get_by_text("is not JSON")).to_be_visible()
    signal.get_by_label("Data").fill('{"by": "Mia"}')
    signal.get_by_role("button", name="Send signal").click()
    expect(signal).to_be_hidden()
    pages.expect_status(page, "Completed")
    pages.assert_fold_is_state(page)


def test_a_person_answers_a_form(page, service):
    service.publish(b"""
name: sign-off
version: 1.0.0
input: {type: object, properties: {topic: {type: string}}}
phases:
  - id: approve
    kind: human
    title: Approve {{topic}}
    assignee_group: managers
    form:
      type: object
      required: [reason]
      properties: {approved: {type: boolean}, reason: {type: string, minLength: 3}}
""")
    task = pages.start(page, service, "the budget", workflow="sign-off")
    card = page.get_by_role("region", name="Approve the budget")
    expect(card).to_be_visible(timeout=pages.SLOW)
    expect(card).to_contain_text("For managers")
    card.get_by_role("button", name="Claim").click()
    expect(card).to_contain_text("Claimed by local")
    card.get_by_label("Reason").fill("no")
    card.get_by_role("button", name="Submit").click()
    expect(card.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    violations = Axe().run(page).response["violations"]
    assert [one["id"] for one in violations] == []
    card.get_by_label("Approved").check()
    card.get_by_label("Reason").fill("fine by me")
    card.get_by_role("button", name="Submit").click()
    expect(card).to_be_hidden()
    pages.expect_status(page, "Completed")
    pages.assert_fold_is_state(page)
    answer = service.get(f"/api/v1/tasks/{task}/state")["human_tasks"][0]["response"]
    assert answer == {"approved": True, "reason": "fine by me"}


def test_the_inbox_has_the_questions_of_all_tasks(page, context, service):
    name = pages.publish_question(service, "inbox-later")
    first = service.start(name, {"topic": "the later one"})
    page.goto(service.url)
    waiting = page.locator(".waiting a")
    expect(waiting).to_contain_text("for an answer", timeout=pages.SLOW)  # it came by itself, or was there
    waiting.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    entry = pages.question(page, "Approve the later one")
    expect(entry).to_contain_text("For managers", timeout=pages.SLOW)
    expect(entry.get_by_role("link")).to_have_attribute("href", f"#/tasks/{first}")

    # A question that is due sooner comes by itself, and first.
    sooner = pages.publish_question(service, "inbox-sooner", "31m")
    second = service.start(sooner, {"topic": "the sooner one"})
    expect(pages.question(page, "Approve the sooner one")).to_contain_text("Due in 31 minutes", timeout=pages.SLOW)
    titles = page.locator(".question h3").all_text_contents()
    assert titles.index("Approve the sooner one") < titles.index("Approve the later one")

    # By the keyboard alone: open the form, make a mistake, answer.
    pages.question(page, "Approve the sooner one").get_by_role("link").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("no")
    page.keyboard.press("Enter")
    reason = pages.question(page, "Approve the sooner one").get_by_label("Reason")
    expect(reason).to_have_attribute("aria-invalid", "true")
    expect(reason).to_be_focused()
    page.keyboard.type(" doubt about it")
    page.keyboard.press("Enter")
    expect(pages.question(page, "Approve the sooner one")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()  # the question that had the focus is gone
    service.wait_for_end(second)
    assert service.get(f"/api/v1/tasks/{second}/state")["human_tasks"][0]["response"] == {"reason": "no doubt about it"}

    # Answered on another page, it goes too.
    other = context.new_page()
    other.goto(f"{service.url}/#/inbox")
    form = pages.question(other, "Approve the later one")
    form.locator("summary").click()
    form.get_by_role("button", name="Claim").click()
    expect(pages.question(page, "Approve the later one")).to_contain_text("Claimed by local")
    form.get_by_label("Reason").fill("fine by me")
    form.get_by_role("button", name="Submit").click()
    expect(pages.question(page, "Approve the later one")).to_have_count(0)
    service.wait_for_end(first)


def test_the_inbox_says_what_expired(page, service):
    name = pages.publish_question(service, "inbox-expired", "1s")
    page.goto(f"{service.url}/#/inbox")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    task = service.start(name, {"topic": "in time"})
    service.wait_for_end(task)
    expired = page.get_by_role("region", name="Expired").locator("li").filter(has_text="Approve in time")
    expect(expired).to_have_count(1)  # it came by itself
    expect(expired).to_contain_text("Was due")
    expect(pages.question(page, "Approve in time")).to_have_count(0)
    page.reload()
    expired.get_by_role("link").click()
    pages.expect_status(page, "Failed")


def test_the_inbox_comes_back_after_a_broken_connection(page, service, proxy):
    name = pages.publish_question(service, "inbox-cut")
    page.goto(f"{proxy.url}/#/inbox")
    expect(page.locator(".inbox > .quiet")).to_contain_text("for an answer")
    proxy.pull()
    task = service.start(name, {"topic": "what came meanwhile"})
    service.wait_for(task, "human_task_updated")
    proxy.plug_in()
    expect(pages.question(page, "Approve what came meanwhile")).to_have_count(1, timeout=pages.SLOW)
    service.request("POST", f"/api/v1/tasks/{task}/cancel")


def test_cancel_asks_first(page, service):
    pages.start(page, service, "Never mind", workflow="approval")
    expect(page.get_by_role("heading", name="Waiting for “approved”")).to_be_visible(timeout=pages.SLOW)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Keep running").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel task").click()
    pages.expect_status(page, "Cancelled")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    pages.assert_fold_is_state(page)


@pytest.mark.parametrize("topic", ["", "x" * 501], ids=["missing", "too long"])
def test_bad_input_is_named_at_its_field(page, service, topic):
    pages.open_front(page, service)
    field = page.get_by_label("Topic")
    field.fill(topic)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile(r"What the post announces\. .+"))
    expect(page.get_by_label("Audience")).not_to_have_attribute("aria-invalid", "true")
    assert "#/tasks/" not in page.url

    field.fill("Now it is right")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Now it is right")


def test_the_front_page_lists_and_reopens(page, context, service):
    pages.open_front(page, service)
    other = context.new_page()
    task = pages.start(other, service, "On the wire")
    entry = page.locator(f'.tasks a[href="#/tasks/{task}"]')
    expect(entry).to_have_text("On the wire")  # it came by itself
    expect(page.locator(f'.tasks li:has(a[href="#/tasks/{task}"])')).to_contain_text("Completed", timeout=pages.SLOW)
    entry.click()
    pages.expect_status(page, "Completed")
    page.get_by_role("link", name="Start another like this").click()
    expect(page.get_by_label("Topic")).to_have_value("On the wire")


def test_the_keyboard_is_enough(page, service):
    pages.open_front(page, service)
    page.get_by_label("Topic").focus()
    page.keyboard.type("By hand")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Audience")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("By hand")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_an_unknown_task_is_said_to_be_unknown(page, service):
    page.goto(f"{service.url}/#/tasks/00000000-0000-7000-8000-000000000000")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such task")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["front", "problem", "waiting", "completed", "inbox"])
def test_axe_finds_nothing(page, service, finished, view, scheme):
    page.emulate_media(color_scheme=scheme)
    if view == "completed":
        page.goto(f"{service.url}/#/tasks/{finished['task']['task_id']}")
        pages.expect_status(page, "Completed")
    elif view == "waiting":
        pages.start(page, service, "Look closely", workflow="approval")
        expect(page.get_by_role("region", name="Waiting for “approved”")).to_be_visible(timeout=pages.SLOW)
    elif view == "inbox":
        pages.open_inbox(page, service)
    else:
        pages.open_front(page, service)
        expect(page.locator(".tasks li").first).to_be_visible()
        if view == "problem":
            page.get_by_role("button", name="Start", exact=True).click()
            expect(page.get_by_label("Topic")).to_have_attribute("aria-invalid", "true")
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []


@pytest.mark.parametrize("view", ["front", "task", "inbox"])
def test_nothing_is_wider_than_a_small_phone(page, service, finished, view):
    page.set_viewport_size({"width": 320, "height": 640})
    if view == "front":
        pages.open_front(page, service)
    elif view == "inbox":
        pages.open_inbox(page, service)
    else:
        page.goto(f"{service.url}/#/tasks/{finished['task']['task_id']}")
        pages.expect_status(page, "Completed")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def edit_draft(page):
    """The dialog of the first draft, opened by keyboard."""
    button = page.locator(".output").first.get_by_role("button", name="Edit the text")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Text")).to_be_focused()
    return dialog


def test_a_draft_is_edited_by_hand(page, service):
    task = pages.start(page, service, "A text by hand")
    pages.expect_status(page, "Completed")
    card = page.locator(".output").first
    output = card.get_attribute("data-output-id")
    versions = service.get(f"/api/v1/tasks/{task}/outputs/{output}/versions")["items"]

    dialog = edit_draft(page)
    text = dialog.get_by_label("Text")
    text.fill("   ")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("needs a text")
    text.fill("Edited <b>by</b> hand.")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)
    expect(card.locator(".copy")).to_have_text("Edited <b>by</b> hand.")
    expect(card.locator(".edition")).to_contain_text("edited by hand, local")
    now = service.get(f"/api/v1/tasks/{task}/outputs/{output}/versions")["items"]
    assert len(now) == len(versions) + 1
    assert (now[0]["action"], now[0]["content"]) == ("manual", "Edited <b>by</b> hand.")

    # Another person is faster.
    dialog = edit_draft(page)
    service.request("PATCH", f"/api/v1/outputs/{output}", b'{"content": "Edited by another."}')
    text = dialog.get_by_label("Text")
    text.fill("Mine.")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("was changed while you were editing")
    expect(dialog.locator("details")).to_contain_text("Edited by another.")
    dialog.get_by_role("button", name="Replace it").click()
    expect(dialog).to_have_count(0)
    expect(card.locator(".copy")).to_have_text("Mine.")

    # Escape asks before it discards.
    dialog = edit_draft(page)
    dialog.get_by_label("Text").fill("Never mind.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(card.locator(".copy")).to_have_text("Mine.")
