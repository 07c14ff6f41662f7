"""Clients that add events all the time, whatever happens to the nodes."""

import contextlib
import itertools
import json
import threading
import urllib.error


class Writers:
    """A context in which one thread for each node posts events to tasks and another changes rows by SQL.

    What a node refuses or leaves unanswered is not counted: the tables say what was written. What the SQL fails with is
    raised at the context's end.
    """

    def __init__(self, database, nodes, tasks, pause=0.04):
        self.database = database
        self.tasks = tasks
        self.pause = pause
        self.over = threading.Event()
        self.failure = None
        self.threads = [threading.Thread(target=self._post, args=(node,)) for node in nodes]
        self.threads.append(threading.Thread(target=self._change_rows))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.failure is not None:
            raise self.failure

    def _post(self, node):
        for count, task in enumerate(itertools.cycle(self.tasks)):
            kind = ("custom", "custom.tick")[count % 3 == 0]
            with contextlib.suppress(OSError, urllib.error.HTTPError, ConnectionError):
                post(node, task, {"count": count, "text": "æ📰\u2028\n" * (count % 7)}, kind)
            if self.over.wait(self.pause):
                return

    def _change_rows(self):
        try:
            self._change_rows_until_over()
        except Exception as failure:
            self.failure = failure

    def _change_rows_until_over(self):
        for task in itertools.cycle(self.tasks):
            self.database.query(f"UPDATE pressroom.tasks SET priority = (priority + 1) % 100 WHERE task_id = '{task}'")
            if self.over.wait(self.pause * 5):
                return


def waiting_task(node, topic):
    """A task that waits for its signal, so that of itself nothing happens to it any more."""
    task = node.start("approval", {"topic": topic})
    for _, _, data in node.stream(task):
        if (data.get("task") or {}).get("status") == "waiting":
            return task


def post(node, task, data, kind="custom"):
    """Adds an event; answers its cursor."""
    body = json.dumps({"type": kind, "data": data}).encode()
    return node.request("POST", f"/api/v1/tasks/{task}/events", body)["cursor"]
