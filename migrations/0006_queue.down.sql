DROP TABLE pressroom.live_texts, pressroom.fallback_calls, pressroom.model_rates, pressroom.wake_requests,
    pressroom.wakeups, pressroom.processors;
DROP FUNCTION pressroom.refilled, pressroom.confirm_unchanged, pressroom.ask_for_human_task CASCADE;
