DROP FUNCTION pressroom.cancel_subtasks, pressroom.lose_subtask, pressroom.tell_parent_task CASCADE;
DROP TABLE pressroom.subtasks;
