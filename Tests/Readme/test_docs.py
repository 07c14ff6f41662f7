"""The documentation against itself and the sources: links, endpoints, definitions. Needs no service."""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "examples/README.md", *(ROOT / "docs").rglob("*.md")])


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_exist(page):
    """`Translate…` is the kind that docs/contributing.md makes up."""
    for path in re.findall(r"`((?:Sources|Tests|Public|migrations|scripts|checks|examples|docs)/[\w./+-]+)`", page.read_text()):
        assert "Translate" in path or (ROOT / path).exists(), path


def test_every_endpoint_is_listed():
    document = json.loads((ROOT / "Public/openapi.json").read_text())
    described = {f"{method.upper()} {path}" for path, item in document["paths"].items()
                 for method in item if method in ("get", "post", "put", "patch", "delete")}
    listed = re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", (ROOT / "docs/endpoints.md").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) - {"GET /openapi.json", "GET /"} == described


def test_every_parameter_is_listed():
    document = json.loads((ROOT / "Public/openapi.json").read_text())
    rows = dict(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|(.*)\|$", (ROOT / "docs/endpoints.md").read_text(), re.MULTILINE))
    for path, item in document["paths"].items():
        for method in ("get", "post", "patch", "delete"):
            for parameter in item.get(method, {}).get("parameters", []):
                if parameter["in"] == "query" and parameter["name"] not in ("limit", "after", "count"):
                    assert f"`{parameter['name']}" in rows[f"{method.upper()} {path}"], (method, path, parameter["name"])


def test_definitions_of_the_cookbook_are_the_examples():
    """A recipe shows a whole example, or a part of one as it is."""
    text = (ROOT / "docs/cookbook.md").read_text()
    recipes = re.findall(r"\]\(\.\./examples/([\w-]+\.yaml)\)", text)
    assert recipes
    examples = [(ROOT / "examples" / name).read_text() for name in recipes]
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        assert any(block in example for example in examples), block


def test_every_example_is_in_the_list():
    listed = set(re.findall(r"^\| `([\w-]+\.yaml)`", (ROOT / "examples/README.md").read_text(), re.MULTILINE))
    definitions = {path.name for path in (ROOT / "examples").glob("*.yaml") if "\nphases:" in path.read_text()}
    assert listed == definitions


def test_the_peer_of_states_runs_the_query_of_the_service():
    """scripts/bench compares the two: a part that only one of them has would pass for speed or the lack of it."""
    source = (ROOT / "Sources/Store/Tasks/StateSnapshot.swift").read_text()
    query = re.search(r'return """\n( +SELECT h\.epoch.*?)\n +"""', source, re.DOTALL)[1]
    for swift, sql in {
        r"\(raw: task)": "pressroom.task_text(t)::json", r"\(steps)::boolean": "true",
        r"\(include.contains(.versions))::boolean": "false", r"\(include.contains(.logs))::boolean": "false",
        r"\(scope.tenantID)": "'default'", r"\(taskID)": ":task",
        r"AND (\(scope.sight == nil)::boolean OR \(raw: TenantScope.isSeen))": "",
    }.items():
        assert swift in query, swift
        query = query.replace(swift, sql)
    peer = re.sub(r"^--.*\n", "", (ROOT / "Benchmarks/peers/state.sql").read_text(), flags=re.MULTILINE)
    assert peer.rstrip().removesuffix(";").split() == query.split()
