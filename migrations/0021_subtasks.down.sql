DROP TRIGGER tell_parent ON pressroom.tasks;
DROP TRIGGER cancel_subtasks ON pressroom.tasks;
DROP TABLE pressroom.subtasks;
DROP FUNCTION pressroom.tell_parent_task(), pressroom.cancel_subtasks(), pressroom.lose_subtask();
