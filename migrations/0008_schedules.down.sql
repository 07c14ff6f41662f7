DROP TABLE pressroom.schedule_firings;
DROP FUNCTION pressroom.guard_schedule CASCADE;
DROP FUNCTION pressroom.schedule_json, pressroom.schedule_text;
DROP TABLE pressroom.schedules;
