"""What readers have seen beside what the tables hold."""

LOG = """
SELECT json_agg(json_build_object('id', h.epoch || '.' || e.position, 'task_id', e.task_id, 'type', e.type,
                                  'payload', e.payload) ORDER BY e.position)
  FROM pressroom.events e JOIN pressroom.stream_heads h USING (tenant_id) WHERE tenant_id = 'default'"""

CONTROL = {"state", "reset", "end", "overloaded", "output_delta", "step_delta"}
ENVELOPE = {"type", "cursor", "task_id", "at", "context"}


def log(database):
    """Every event of the tenant, in the order of positions."""
    return database.query(LOG)


def position(cursor):
    return int(cursor.split(".")[1])


def of_task(task_id, types=None):
    return lambda row: row["task_id"] == task_id and (types is None or row["type"] in types)


def assert_complete(kept, rows):
    """Whether a reader kept just these rows of the log, each whole, once and in order."""
    events = [event for event in kept if event["type"] not in CONTROL]
    seen, wanted = [event["id"] for event in events], [row["id"] for row in rows]
    assert seen == wanted, (
        f"lost {sorted(set(wanted) - set(seen))}, not asked for {sorted(set(seen) - set(wanted))}, "
        f"twice or out of order {[b for a, b in zip(seen, seen[1:]) if position(b) <= position(a)]}")
    for event, row in zip(events, rows):
        data = event["data"]
        head = (event["type"], data["type"], data["cursor"], data["task_id"])
        assert head == (row["type"], row["type"], row["id"], row["task_id"])
        assert {key: value for key, value in data.items() if key not in ENVELOPE} == row["payload"], row["id"]
