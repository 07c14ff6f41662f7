DROP TABLE pressroom.fallback_calls;
