DROP TRIGGER guard_first ON pressroom.tasks;
DROP TRIGGER guard_first ON pressroom.phases;
DROP TRIGGER guard_first ON pressroom.steps;
DROP TRIGGER guard_first ON pressroom.outputs;
DROP TRIGGER guard_first ON pressroom.evaluations;
DROP TRIGGER guard_first ON pressroom.human_tasks;
DROP FUNCTION pressroom.guard_first_status();
DROP TABLE pressroom.first_statuses;
