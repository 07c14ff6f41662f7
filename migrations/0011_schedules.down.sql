DROP TABLE pressroom.schedule_firings;
DROP FUNCTION pressroom.schedule_json(pressroom.schedules);
DROP TABLE pressroom.schedules;
DROP FUNCTION pressroom.guard_schedule();
