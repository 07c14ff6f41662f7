"""Runs the lines of README and the tutorial that begin with `$ `, in order, as a reader pastes them after `scripts/run`.

A YAML block that begins with a comment `# name.yaml` is saved under that name. The service at $PRESSROOM_URL has
its program at $PRESSROOM_BINARY and its working directory at $PRESSROOM_DIRECTORY.
"""

import os
import pathlib
import re
import subprocess
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/tutorial.md")
ADDRESS = "http://127.0.0.1:8080"  # in the pages

# What differs from run to run, as the pages show it, and what stands for it.
VARIABLE = re.compile("|".join((
    r"(?P<ellipsis>…)",
    r"(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    r"(?P<cursor>[0-9a-f]{8}\.\d+)",
    r"(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z)",
    r"(?P<number>\d+(?:[.,]\d+)*)",
    r"(?P<space> {2,}|─+)",
)))
PATTERNS = {
    "ellipsis": r".*", "uuid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "cursor": r"[0-9a-f]{8}\.\d+",
    "time": r"\d{4}-\d\d-\d\dT[\d:.]+Z", "number": r"\d+(?:[.,]\d+)*", "space": r"[ ─]*",
}


def steps(page):
    """What a reader does, in order: ("save", name, text) or ("run", command, the output that the page shows)."""
    found = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE):
        if language == "yaml" and (name := re.match(r"# ([\w-]+\.yaml)\n", block)):
            found.append(("save", name[1], block))
        elif language == "console":
            for line in block.splitlines():
                if line.startswith("$ "):
                    found.append(("run", line[2:], []))
                else:
                    found[-1][2].append(line)
    return found


def expression(shown):
    """A regular expression of the output that is shown: a line `…` is any number of lines."""
    lines = []
    for line in shown:
        if line == "…":
            lines.append(r"(?:.*\n)*?")
            continue
        place, text = 0, ""
        for match in VARIABLE.finditer(line):
            text += re.escape(line[place:match.start()]) + PATTERNS[match.lastgroup]
            place = match.end()
        lines.append(text + re.escape(line[place:]) + r"\s*?\n")
    return "".join(lines)


class Shell:
    """One shell for all lines of a page, so that variables stay."""

    END = "the command is over"

    def __init__(self, directory, environment):
        self.process = subprocess.Popen(["bash"], cwd=directory, env=environment, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, command):
        """(status, output)."""
        self.process.stdin.write(f"{{ {command}\n}} </dev/null; printf '\\n%s %d\\n' '{self.END}' $?\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith(self.END):
                return int(line.split()[-1]), "".join(lines)
            lines.append(line)
        pytest.fail(f"the shell ended in:\n{command}\n{''.join(lines)}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def environment(name):
    return os.environ.get(name) or pytest.exit(f"{name} must be set; see the head of this file", 2)


@pytest.fixture(scope="session")
def url():
    """A service as `scripts/run` leaves it, with the examples published."""
    url = environment("PRESSROOM_URL").rstrip("/")
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        definition = path.read_bytes()
        if b"\nphases:" in definition and b"model: local/" not in definition:
            request = urllib.request.Request(f"{url}/api/v1/workflows", definition, {"content-type": "application/yaml"})
            urllib.request.urlopen(request, timeout=30).close()
    return url


@pytest.fixture
def shell(tmp_path, url):
    """In a directory as the reader's: a checkout after `scripts/run`."""
    for name in ("examples", "checks", "migrations"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".pressroom").symlink_to(pathlib.Path(environment("PRESSROOM_DIRECTORY")).resolve() / ".pressroom")
    programs = tmp_path / ".build/release"
    programs.mkdir(parents=True)
    (programs / "pressroom").symlink_to(pathlib.Path(environment("PRESSROOM_BINARY")).resolve())
    shell = Shell(tmp_path, {**os.environ, "PRESSROOM_URL": url, "NO_COLOR": "1"})
    yield shell
    shell.close()


@pytest.mark.parametrize("page", PAGES)
def test_every_line_works_when_pasted(shell, tmp_path, url, page):
    todo = steps(page)
    assert any(kind == "run" for kind, _, _ in todo), f"{page} has no lines to paste"
    for kind, text, shown in todo:
        if kind == "save":
            (tmp_path / text).write_text(shown)
            continue
        status, output = shell.run(text.replace(ADDRESS, url))
        assert status == 0, f"{page}: $ {text}\n{output}"
        output = output.replace(url, ADDRESS).rstrip() + "\n"
        if shown:
            assert re.fullmatch(expression(shown), output), (
                f"{page}: $ {text}\nprinted\n{output}\nand the page shows\n" + "\n".join(shown))
