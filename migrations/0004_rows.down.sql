DROP FUNCTION pressroom.workflow_json, pressroom.workflow_text, pressroom.task_json, pressroom.task_text,
    pressroom.task_entry_json, pressroom.task_entry_text,
    pressroom.phase_json, pressroom.phase_text, pressroom.step_json, pressroom.step_text,
    pressroom.output_json, pressroom.output_text, pressroom.output_version_json, pressroom.output_version_text,
    pressroom.evaluation_json, pressroom.evaluation_text, pressroom.ranking_json, pressroom.ranking_text,
    pressroom.human_task_json, pressroom.human_task_text, pressroom.log_json, pressroom.log_text,
    pressroom.define_row_json, pressroom.iso;
