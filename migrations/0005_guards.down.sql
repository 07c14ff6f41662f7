DROP TRIGGER guard ON pressroom.output_versions;
DROP TRIGGER guard ON pressroom.events;
DROP TRIGGER guard ON pressroom.workflows;
DROP TRIGGER guard ON pressroom.rankings;
DROP TRIGGER guard ON pressroom.evaluations;
DROP TRIGGER guard ON pressroom.outputs;
DROP TRIGGER guard ON pressroom.steps;
DROP TRIGGER guard ON pressroom.phases;
DROP TRIGGER guard ON pressroom.tasks;
DROP FUNCTION pressroom.refuse_change(), pressroom.guard_ranking(), pressroom.guard_workflow(), pressroom.guard_evaluation(),
    pressroom.guard_output(), pressroom.guard_step(), pressroom.guard_phase(), pressroom.guard_task();
DROP FUNCTION pressroom.check_transition(text, text, text);
