DROP TABLE pressroom.wake_requests;
DROP FUNCTION pressroom.human_task_changes() CASCADE;
DROP FUNCTION pressroom.human_task_json(pressroom.human_tasks);
DROP TABLE pressroom.human_tasks;
DROP FUNCTION pressroom.guard_human_task(), pressroom.ask_for_human_task();
DELETE FROM pressroom.transitions WHERE entity = 'human_task';
