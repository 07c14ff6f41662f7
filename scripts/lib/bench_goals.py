"""What scripts/bench compares, and what is to be reached."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """One line of the summary: a number of Pressroom, beside the same of a peer where there is one."""

    what: str
    part: str
    load: str | None  # None: the part has only one
    field: str
    unit: str
    at_least: bool  # or at most
    limit: float | None = None  # of the number itself
    peer: str | None = None
    peer_field: str | None = None  # where it has another name
    ratio: float | None = None  # of the number to the peer's
    subject: str = "Pressroom"

    @property
    def text(self) -> str:
        sign = "≥" if self.at_least else "≤"
        if self.ratio is not None:
            return f"{sign} {self.ratio:.3g} ×"
        return f"{sign} {number(self.limit)} {self.unit}" if self.limit is not None else "–"

    def is_met(self, value: float, peer: float | None) -> bool | None:
        """None where nothing is asked for, or where the peer has no number."""
        if self.ratio is not None:
            if not peer:
                return None
            value, limit = value / peer, self.ratio
        else:
            limit = self.limit
        if limit is None:
            return None
        return value >= limit if self.at_least else value <= limit


def number(value) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(number(each) for each in value)
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


RATE, WAIT = "events_per_second", "post_to_receipt_p99_ms"
BACKLOG = "a backlog of 4-step tasks"
POSTED = "4-step tasks as they are posted"
STEPS = "steps_per_second"
SWARMS = "tasks_per_second"
DRAFTS, FOLLOWED, TOKEN = "600 drafts, one reader", "one draft, 1000 readers", "service_us_per_token"
ITEMS = "200 items over 1 MB"
ADMIN, OPEN = "an admin's key", "no access control"
GOALS = [
    Goal("Fan-out, 8 publishers", "fan-out", "8 publishers", RATE, "events/s", True, peer="Nchan", ratio=3),
    Goal("its p99, POST → receipt", "fan-out", "8 publishers", WAIT, "ms", False, peer="Nchan", ratio=1),
    Goal("Fan-out, 1 publisher", "fan-out", "1 publisher", RATE, "events/s", True, peer="Nchan", ratio=1.2),
    Goal("its p99, POST → receipt", "fan-out", "1 publisher", WAIT, "ms", False, peer="Nchan"),
    Goal("Commit → receipt, p50", "latency", None, "commit_to_receipt_p50_ms", "ms", False, limit=1.5),
    Goal("Commit → receipt, p99", "latency", None, "commit_to_receipt_p99_ms", "ms", False, limit=8),
    Goal("Idle reader", "idle", None, "bytes_per_subscriber", "bytes", False, limit=8192, peer="Nchan"),
    Goal(
        "Idle reader, after an event", "idle", None, "bytes_per_subscriber_after_event", "bytes", False, limit=8192, peer="Nchan"
    ),
    Goal("SYNs sent again, new readers in a burst", "connect", None, "syn_retransmits", "", False, limit=0, peer="Nchan"),
    Goal("Until all of them have first bytes", "connect", None, "all_ready_ms", "ms", False, peer="Nchan"),
    Goal("p99 with a slow reader / without", "slow-reader", None, "ratio", "×", False, limit=1.1),
    Goal(
        "GET …/state", "state", None, "requests_per_second", "/s", True, peer="pgbench", peer_field="per_second", ratio=0.7
    ),
    Goal("Durable steps, a backlog", "steps", BACKLOG, STEPS, "steps/s", True, limit=6000, peer="plain SQL", peer_field="per_second"),
    Goal("the same", "steps", BACKLOG, STEPS, "steps/s", True, peer="DBOS Transact", ratio=10),
    Goal("the same", "steps", BACKLOG, STEPS, "steps/s", True, peer="Procrastinate"),
    Goal("Durable steps, starts included", "steps", POSTED, STEPS, "steps/s", True, peer="DBOS Transact"),
    Goal("the same", "steps", POSTED, STEPS, "steps/s", True, peer="litestar-workflows"),
    Goal("POST /tasks → first step running, p50", "start", None, "post_to_running_p50_ms", "ms", False, limit=10),
    Goal("Longest turn of an event loop, random documents", "turns", None, "longest_turn_ms", "ms", False, limit=50),
    Goal("Swarms, everything recorded", "swarm", "capture: full", SWARMS, "tasks/s", True, peer="LangGraph", ratio=3.5),
    Goal("the same, nothing recorded", "swarm", "capture: none", SWARMS, "tasks/s", True, peer="LangGraph", ratio=5),
    Goal("the same, rehearsed", "swarm", "rehearsals", SWARMS, "tasks/s", True),
    Goal("Processor time of a swarm's step", "swarm", "capture: full", "us_per_step", "µs", False, peer="no-op steps", ratio=2),
    Goal("of it, the service's", "swarm", "capture: full", "service_us_per_step", "µs", False, peer="no-op steps"),
    Goal("of it, PostgreSQL's", "swarm", "capture: full", "postgres_us_per_step", "µs", False, peer="no-op steps"),
    Goal("Bytes of a swarm's events / of its rows", "swarm", "capture: full", "event_to_row_bytes", "×", False, limit=3),
    Goal("Bytes of the database, a swarm", "swarm", "capture: full", "database_bytes_per_task", "bytes", False, limit=80_000),
    Goal("Bytes of events, 200 items over 1 MB", "swarm", ITEMS, "event_bytes_per_task", "bytes", False, limit=5_000_000),
    Goal(
        "GET …/state of a swarm", "swarm", "state of a swarm", "requests_per_second", "/s", True, peer="pgbench",
        peer_field="per_second", ratio=0.9,
    ),
    Goal("log steps, as they are posted", "log-steps", POSTED, STEPS, "steps/s", True, limit=5000),
    Goal("the same", "log-steps", POSTED, STEPS, "steps/s", True, peer="DBOS Transact", ratio=8),
    Goal("Processor time of a token, 600 drafts", "tokens", DRAFTS, TOKEN, "µs", False, peer="nginx", ratio=3),
    Goal("the same", "tokens", DRAFTS, TOKEN, "µs", False, limit=15),
    Goal("of PostgreSQL besides", "tokens", DRAFTS, "postgres_us_per_token", "µs", False),
    Goal("Processor time of a token, each of 1,000 readers", "tokens", FOLLOWED, TOKEN, "µs", False, peer="Nchan", ratio=1 / 3),
    *[
        Goal(f"{what}, {key}", "access", load, field, "µs", False, peer=OPEN, ratio=1.05, subject=subject)
        for what, load, field in [
            ("Processor time of GET …/state of a swarm", "GET …/state of a swarm", "us_per_request"),
            ("… of four log steps", "GET …/state of four log steps", "us_per_request"),
            ("… of POST /tasks", "POST /tasks", "us_per_request"),
            ("… of an event to 1,000 readers", "an event to 1000 readers", "us_per_event"),
            ("… of a log step", "log steps as they are posted", "us_per_step"),
        ]
        for key, subject in [("a member's key", "Pressroom"), (ADMIN, ADMIN)]
    ],
    Goal("Processor time of a swarm's step, everything recorded", "recording", "swarms", "us_per_step", "µs", False,
         peer="capture: none", ratio=1.2),
    Goal("Bytes of the database, a swarm", "recording", "swarms", "database_bytes_per_task", "bytes", False, peer="capture: none"),
    # One scrape a second then takes less than 1 % of a core.
    Goal("Processor time of a scrape of /metrics", "recording", "scrapes", "us_per_scrape", "µs", False, limit=10_000),
    *[
        Goal(what, "scale", None, field + "_ms", "ms", False, peer="small tables", ratio=2)
        for what, field in [
            ("Claim of 64 steps", "claim_64"),
            ("Their commit", "commit_64"),
            ("Start of a task", "start"),
            ("Its cancellation", "cancel"),
            ("First page of tasks", "list_first_page"),
            ("A later page", "list_later_page"),
            ("Tasks by status", "list_status"),
            ("… by a rare status", "list_rare_status"),
            ("… by three statuses", "list_statuses"),
            ("… by workflow", "list_workflow"),
            ("… by conversation", "list_conversation"),
            ("… by user", "list_user"),
            ("… by workspace", "list_workspace"),
            ("… by parent", "list_parent"),
            ("… since", "list_since"),
            ("… until", "list_until"),
            ("… with a text", "list_text"),
            ("… with a text that none has", "list_text_of_none"),
            ("… by user and workflow", "list_user_and_workflow"),
            ("… by statuses and workflow, a later page", "list_status_and_workflow"),
            ("A task", "task"),
            ("State of a task", "state"),
            ("History of a task", "history"),
            ("Outputs of a task", "outputs_of_task"),
            ("Opening of a task's stream", "stream_opening"),
            ("Replay of a task's stream", "replay_of_task"),
            ("Replay of a conversation's stream", "replay_of_conversation"),
            ("Replay of 500 events", "replay_500"),
            *[
                (f"{table.capitalize()}: {name.replace('_', ' ')}", f"{table}_{name}")
                for table, names in [
                    ("steps", "first_page task failed statuses kind agent model phase error_code since"),
                    ("attempts", "first_page task status error_code since"),
                    ("calls", "first_page task status model since"),
                ]
                for name in names.split()
            ],
            ("Log of a task, counted", "logs_of_task"),
            ("Queues", "queues"),
            ("Processors", "processors"),
            ("Usage of a day by workflow", "usage_by_workflow"),
            ("… by version", "usage_by_version"),
            ("… by agent", "usage_by_agent"),
            ("… by model", "usage_by_model"),
            ("API keys", "api_keys"),
            ("Workspaces", "workspaces"),
            ("Schedules", "schedules"),
            ("… of a workflow", "schedules_of_workflow"),
            ("Search for due steps", "sweep_due_steps"),
            ("Search for due tenants", "sweep_due_tenants"),
            ("Search for due tasks", "sweep_due_tasks"),
            ("Search for idle tasks", "sweep_idle_tasks"),
            ("Search for orphaned steps", "sweep_orphans"),
            ("Search for stranded steps", "sweep_stranded"),
            ("Check of a lease", "lost_steps"),
            ("Search for abandoned texts", "sweep_texts"),
            ("Search for events past retention", "retention_search"),
            ("Removal of a task", "delete"),
        ]
    ],
    # No goal: it counts up to 10,000 tasks of each status, and the small tables have fewer.
    Goal("Overview", "scale", None, "overview_ms", "ms", False, peer="small tables"),
    # No goal: the oldest events are on pages that have not been read for long, and come from the disk.
    Goal("Removal of 200 events", "scale", None, "retention_200_events_ms", "ms", False, peer="small tables"),
]
