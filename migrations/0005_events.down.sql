-- CASCADE drops the triggers of a function with it.
DROP FUNCTION pressroom.step_insertions, pressroom.task_changes, pressroom.phase_changes, pressroom.step_changes,
    pressroom.output_changes, pressroom.output_version_changes, pressroom.evaluation_changes, pressroom.ranking_changes,
    pressroom.human_task_changes, pressroom.log_changes, pressroom.define_row_events, pressroom.append_pending_events,
    pressroom.record_rows, pressroom.append_custom_events, pressroom.append_events, pressroom.append_rows,
    pressroom.event_actor, pressroom.take_positions, pressroom.add_stream_head CASCADE;
DROP TYPE pressroom.row_change, pressroom.change;
DROP TABLE pressroom.deleted_tasks, pressroom.pending_events, pressroom.events, pressroom.stream_heads;
