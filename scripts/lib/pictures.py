"""Pictures of the page and a recording of `pressroom task start --watch`, from a service at $PRESSROOM_URL.

    pictures.py BINARY DIRECTORY
"""

import fcntl
import html
import json
import os
import pathlib
import pty
import re
import shutil
import struct
import sys
import termios
import time
import urllib.request

from playwright.sync_api import sync_playwright

URL = os.environ["PRESSROOM_URL"]


# The page.


def start(workflow, **values):
    body = json.dumps({"workflow": workflow, "input": values}).encode()
    request = urllib.request.Request(f"{URL}/api/v1/tasks", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["task_id"]


def page_pictures(directory):
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        # The marks pulse: with reduced motion they do not depend on the moment.
        page = browser.new_page(viewport={"width": 1280, "height": 1080}, reduced_motion="reduce")
        page.set_default_timeout(120_000)
        picture_running(page, directory / "running.png")
        picture_ranking(page, directory / "ranking.png")
        picture_question(page, directory / "question.png")
        browser.close()


def wait(page, condition):
    """The content security policy of the page forbids Playwright's own `wait_for_function`."""
    deadline = time.monotonic() + 120
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            sys.exit(f"waited in vain for {condition}")
        time.sleep(0.05)


def picture_running(page, path):
    """Drafts as they are written."""
    task = start("content-swarm", topic="Why our search got ten times faster", audience="developers")
    page.goto(f"{URL}/#/tasks/{task}")
    wait(page, """[...document.querySelectorAll('.output .copy.writing')]
                  .filter((node) => node.textContent.length > 240).length >= 4""")
    page.screenshot(path=path)


def picture_ranking(page, path):
    task = start("launch-post", topic="Why our search got ten times faster")
    page.goto(f"{URL}/#/tasks/{task}")
    page.locator(".badge.winner").wait_for()
    wait(page, "document.querySelector('.task-header').dataset.status === 'completed'")
    page.locator(".ranking.final").evaluate("node => scrollTo(0, node.getBoundingClientRect().top + scrollY - 24)")
    page.screenshot(path=path)


def picture_question(page, path):
    start("approval-form", topic="the maintenance on Sunday")
    page.goto(f"{URL}/#/inbox")
    entry = page.locator(".question").first
    entry.locator("summary").click()
    entry.get_by_label("Yes").check()
    entry.get_by_label("Comments").fill("Good. Name the hours in the first sentence.")
    page.set_viewport_size({"width": 900, "height": 960})
    page.screenshot(path=path, full_page=True)


# The terminal.

COLUMNS, ROWS = 92, 30


def record(command):
    """[(seconds, bytes)] that a command writes to a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, {**os.environ, "TERM": "xterm-256color"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    chunks, began = [], time.monotonic()
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # on Linux, how a terminal whose child has exited ends
            break
        if not data:
            break
        chunks.append((time.monotonic() - began, data))
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0:
        sys.exit(f"{' '.join(command)} failed with {status}")
    return chunks


class Screen:
    """As much of a terminal as the command line uses: lines, moving up, and erasing."""

    TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")

    def __init__(self):
        self.lines, self.row, self.column = [""], 0, 0

    def write(self, text):
        for argument, command, control, plain in self.TOKEN.findall(text):
            if plain:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[:self.column] + plain + line[self.column + len(plain):]
                self.column += len(plain)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self.row, self.column = self.row + 1, 0
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif command == "A":
                self.row = max(0, self.row - int(argument or 1))
            elif command in "KJ":
                self.lines[self.row] = self.lines[self.row][:self.column]
                if command == "J":
                    del self.lines[self.row + 1:]

    def shown(self):
        """The lines, longer ones wrapped as a terminal does."""
        rows = [line[start:start + COLUMNS].rstrip() for line in self.lines for start in range(0, max(1, len(line)), COLUMNS)]
        return "\n".join(rows[-ROWS:]).rstrip()


def frames(prompt, chunks, least=0.2):
    """[(seconds, text)]: what the screen shows, at most every `least` seconds."""
    screen, shown, text = Screen(), [(0.0, f"$ {prompt}")], b""
    for moment, data in chunks:
        text += data
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            continue  # in the middle of a character
        screen.write(decoded)
        text = b""
        frame = (moment, f"$ {prompt}\n{screen.shown()}")
        if moment - shown[-1][0] < least and len(shown) > 1:
            shown[-1] = (shown[-1][0], frame[1])
        elif frame[1] != shown[-1][1]:
            shown.append(frame)
    return shown


def animation(shown, pause=4.0):
    """An SVG that shows one frame after the other, the last one for `pause` seconds, and begins again."""
    size, leading = 14, 19
    rows = max(text.count("\n") + 1 for _, text in shown)
    width, height = COLUMNS * 8.43 + 40, min(rows, ROWS) * leading + 40
    total = shown[-1][0] + pause
    ends = [moment for moment, _ in shown[1:]] + [total]
    rules, groups = [], []
    for index, ((begin, text), end) in enumerate(zip(shown, ends)):
        first, last = 100 * begin / total, 100 * end / total
        rules.append(f"@keyframes f{index} {{ 0% {{ opacity: {int(index == 0)} }} {first:.3f}% {{ opacity: 1 }} "
                     f"{last:.3f}%, 100% {{ opacity: 0 }} }}" if index < len(shown) - 1
                     else f"@keyframes f{index} {{ 0% {{ opacity: 0 }} {first:.3f}%, 100% {{ opacity: 1 }} }}")
        rules.append(f".f{index} {{ animation: f{index} {total:.2f}s step-end infinite }}")
        lines = "".join(f'<text x="20" y="{34 + leading * row}">{html.escape(line)}</text>'
                        for row, line in enumerate(text.split("\n")[-ROWS:]) if line)
        # Without animations, only the last frame is shown.
        hidden = ' opacity="0"' if index < len(shown) - 1 else ""
        groups.append(f'<g class="f{index}"{hidden}>{lines}</g>')
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">
<style>
text {{ font: {size}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #e8e2d6; white-space: pre }}
{chr(10).join(rules)}
</style>
<rect width="100%" height="100%" rx="8" fill="#1b1916"/>
{chr(10).join(groups)}
</svg>
"""


def terminal_recording(binary, path):
    arguments = ["task", "start", "launch-post", "--input", "topic=A faster search", "--watch"]
    prompt = "pressroom task start launch-post --input topic='A faster search' --watch"
    path.write_text(animation(frames(prompt, record([binary, *arguments]))))


def main():
    binary, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    page_pictures(directory)
    terminal_recording(binary, directory / "watch.svg")
    too_large = [path.name for path in directory.iterdir() if path.stat().st_size > 300_000]
    if too_large:
        sys.exit(f"larger than 300 KB: {', '.join(too_large)}")


if __name__ == "__main__":
    main()
