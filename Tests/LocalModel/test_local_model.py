"""Whole tasks on a real model. It is small and its words are noise, so what is asked about is form, never sense."""

import pytest

SCALE = (1, 5)
POINTS = [3, 1]


@pytest.fixture(params=["example", "cut_short"])
def run(request):
    return request.getfixturevalue(request.param)


def test_the_task_runs_to_its_end(run):
    assert run.events[0][0] == "state" and run.events[-1][0] == "end"
    assert run.task["status"] == "completed", run.task["error"]
    assert run.task["progress"] == 1
    assert len(run.outputs) == 2
    assert {output["status"] for output in run.outputs} == {"approved"}


def test_text_streams_in_before_its_row(run):
    for output in run.outputs:
        text, pieces = run.streamed_text(output)
        assert pieces >= 3, "the text did not come in pieces"
        assert text.strip() == output["content"]


def test_every_text_is_kept_as_a_version(run):
    for output in run.outputs:
        versions = run.versions(output)
        assert [row["version_number"] for row in versions] == [1] == [output["version_number"]]
        assert versions[0]["content"] == output["content"]
        assert versions[0]["action"] == "write"


def test_tokens_are_counted(run):
    for row in run.outputs + [version for output in run.outputs for version in run.versions(output)]:
        assert row["usage"]["prompt_tokens"] > 0
        assert 0 < row["usage"]["completion_tokens"] <= 80


def test_an_evaluation_has_a_score_or_an_error(run):
    evaluations = run.evaluations("initial")
    assert len(evaluations) == 4
    for row in evaluations:
        if row["status"] == "completed":
            assert SCALE[0] <= row["score"] <= SCALE[1]
            assert list(row["criteria_scores"]) == ["quality"]
            assert row["error"] is None
        else:
            assert row["status"] == "failed"
            assert row["score"] is None and row["criteria_scores"] is None and row["weighted_score"] is None
            assert row["error"]["code"] and row["error"]["message"]


def test_a_ballot_is_whole_or_failed(run):
    ballots = {}
    for row in run.evaluations("final"):
        ballots.setdefault(row["step_id"], []).append(row)
    assert len(ballots) == 2
    for rows in ballots.values():
        status = {row["status"] for row in rows}
        if status == {"completed"}:
            assert sorted(row["rank"] for row in rows) == [1, 2]
        else:
            assert status == {"failed"}
            assert all(row["rank"] is None and row["error"]["code"] for row in rows)


def test_the_scores_are_the_mean_of_what_was_read(run):
    check_counts(run, "initial")
    for output in run.outputs:
        scores = [row["score"] for row in run.evaluations("initial", "completed") if row["output_id"] == output["id"]]
        if scores:
            assert output["initial_avg_score"] == pytest.approx(sum(scores) / len(scores))
        else:
            assert output["initial_avg_score"] is None


def test_the_ranking_counts_the_ballots_that_were_read(run):
    check_counts(run, "final")
    for entry in (run.ranking("final") or {"entries": []})["entries"]:
        ranks = [row["rank"] for row in run.evaluations("final", "completed") if row["output_id"] == entry["output_id"]]
        assert entry["total_score"] == sum(POINTS[rank - 1] for rank in ranks)
        assert entry["first_places"] == ranks.count(1)


def check_counts(run, stage):
    """A ranking says how many verdicts it counts and how many it leaves out; without a readable one there is none."""
    completed, failed = len(run.evaluations(stage, "completed")), len(run.evaluations(stage, "failed"))
    ranking = run.ranking(stage)
    if completed:
        assert (ranking["evaluations_counted"], ranking["evaluations_failed"]) == (completed, failed)
    else:
        assert ranking is None


def test_a_verdict_that_was_cut_off_is_failed_not_guessed(cut_short):
    for stage in ("initial", "final"):
        rows = cut_short.evaluations(stage, judge="bob")
        assert len(rows) == 2
        for row in rows:
            assert row["status"] == "failed"
            assert row["score"] is None and row["rank"] is None
            assert row["error"]["code"]
    steps = [step for step in cut_short.state["steps"] if step["agent"] == "bob"]
    assert {step["status"] for step in steps} == {"failed"}
