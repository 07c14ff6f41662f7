"""The page of `plain/`: bare EventSources that keep what they get."""

import pathlib
import urllib.parse

import audit
from writers import post

DIRECTORY = pathlib.Path(__file__).resolve().parent / "plain"
SLOW = 90_000


class PlainPage:
    def __init__(self, page):
        self.page = page

    def follow(self, url, **streams):
        self.page.goto(f"{url}/#{urllib.parse.urlencode(streams)}")
        self.wait("Object.values(streams).length > 0 && Object.values(streams).every((one) => one.opened > 0)")

    def wait(self, condition, argument=None):
        self.page.wait_for_function(f"(wanted) => {condition}", arg=argument, timeout=SLOW)

    def ask(self, expression):
        """An expression of each stream, `one`, by the streams' names."""
        return self.page.evaluate(
            f"Object.fromEntries(Object.entries(streams).map(([name, one]) => [name, {expression}]))")

    def kept(self, name):
        return self.page.evaluate("(name) => streams[name].kept", name)

    def wait_for_progress(self):
        """Until every stream has opened again and gone on."""
        self.wait("Object.entries(wanted).every(([name, count]) => streams[name].kept.length > count)",
                  self.ask("one.kept.length"))

    def assert_complete(self, database, node, filters, overloaded=False):
        """Whether each stream has just the events that its filter lets through, when no more are written; and whether it
        was told, as `overloaded` says, that no node could take it."""
        for task in sorted({row["task_id"] for row in audit.log(database)}):
            post(node, task, None, "custom.last")
        log = audit.log(database)
        rows = {name: [row for row in log if matches(row)] for name, matches in filters.items()}
        self.wait("Object.entries(wanted).every(([name, id]) => streams[name].kept.at(-1)?.id === id)",
                  {name: of_stream[-1]["id"] for name, of_stream in rows.items()})
        for name, of_stream in rows.items():
            kept = self.kept(name)
            types = [event["type"] for event in kept]
            assert "reset" not in types and ("overloaded" in types) == overloaded, name
            if "state" in types:
                assert types.index("state") == 0 and types.count("state") == 1, name
                start = audit.position(kept[0]["id"])
                of_stream = [row for row in of_stream if audit.position(row["id"]) > start]
            audit.assert_complete(kept, of_stream)
