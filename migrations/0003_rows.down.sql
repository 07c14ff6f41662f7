DROP FUNCTION pressroom.workflow_json(pressroom.workflows);
DROP FUNCTION pressroom.task_json(pressroom.tasks);
DROP FUNCTION pressroom.phase_json(pressroom.phases);
DROP FUNCTION pressroom.step_json(pressroom.steps);
DROP FUNCTION pressroom.output_json(pressroom.outputs);
DROP FUNCTION pressroom.output_version_json(pressroom.output_versions);
DROP FUNCTION pressroom.evaluation_json(pressroom.evaluations);
DROP FUNCTION pressroom.ranking_json(pressroom.rankings);
