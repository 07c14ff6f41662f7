DROP FUNCTION pressroom.evaluate_paths, pressroom.check_path;
