"""One task, from its start to its end, with all that its stream said."""

import pathlib
import re

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


class Run:
    def __init__(self, service, definition):
        service.publish(definition.encode())
        name = re.search(r"^name: (\S+)$", definition, re.MULTILINE)[1]
        self.task_id = service.start(name, {"topic": "the sea"})
        self.events = list(service.stream(self.task_id))
        self.state = service.get(f"/api/v1/tasks/{self.task_id}/state?include=versions")

    @property
    def task(self):
        return self.state["task"]

    @property
    def outputs(self):
        return self.state["outputs"]

    def versions(self, output):
        return [row for row in self.state["output_versions"] if row["output_id"] == output["id"]]

    def evaluations(self, stage, status=None, judge=None):
        return [row for row in self.state["evaluations"]
                if row["stage"] == stage and status in (None, row["status"]) and judge in (None, row["evaluator"]["slug"])]

    def ranking(self, stage):
        """None where the task has none."""
        found = [row for row in self.state["rankings"] if row["stage"] == stage]
        assert len(found) <= 1
        return found[0] if found else None

    def streamed_text(self, output):
        """What the deltas of an output come to before its row has a text, and how many there were."""
        text, count = "", 0
        for event, _, data in self.events:
            if event == "output_updated" and data["output"]["id"] == output["id"] and data["output"]["content"]:
                break
            if event != "output_delta" or data["output_id"] != output["id"]:
                continue
            count += 1
            if data["offset"] == 0:
                text = data["text"]
            else:
                assert data["offset"] == len(text.encode("utf-16-le")) // 2, "a piece is missing"
                text += data["text"]
        return text, count
