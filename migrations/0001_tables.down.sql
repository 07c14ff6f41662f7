DROP TABLE pressroom.idempotency_keys, pressroom.signals, pressroom.logs, pressroom.human_tasks, pressroom.rankings,
    pressroom.evaluations, pressroom.output_versions, pressroom.outputs, pressroom.steps, pressroom.phases,
    pressroom.tasks, pressroom.workflows, pressroom.tenants;
DROP FUNCTION pressroom.uuid_v7;
