DROP TABLE pressroom.deleted_tasks;
