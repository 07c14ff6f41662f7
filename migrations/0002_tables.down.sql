DROP TABLE pressroom.idempotency_keys, pressroom.live_texts, pressroom.processors, pressroom.wakeups, pressroom.signals,
    pressroom.rankings, pressroom.evaluations, pressroom.steps, pressroom.output_versions, pressroom.outputs,
    pressroom.phases, pressroom.tasks, pressroom.workflows, pressroom.tenants;
