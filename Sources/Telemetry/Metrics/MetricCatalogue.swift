/// Every metric of the service, in the order of the documentation. Names and units follow Prometheus: seconds, bytes, and
/// `_total` for what only grows.
extension MetricDefinition {
    package static let all: [MetricDefinition] = [
        databaseUp, claims, claimedSteps, claimTime, steps, stepTime, stepsRunning, stepSlots, stepsLost, tasksEnded,
        tasksGivenUp, commits, commitResults, commitTime, queueSteps, queueAge,
        logLag, eventsPublished, streamsOpen, streamsOpened, streamsRefused, streamsBehind, streamsCutOff, streamBytes,
        requests, requestTime,
        modelCalls, modelCallTime, firstTokenTime, modelTokens, modelCost,
        poolConnections, poolLimit, poolWaiting, poolWaitTime, poolTimeouts, poolOpened, poolClosed,
        pollerTurnTime, eventLoopLag,
        spansExported, spansDropped, spansWaiting,
        processCPU, processMemory, processVirtualMemory, processFiles, processMaxFiles, processThreads, processStart,
    ]

    // MARK: Steps and tasks

    package static let claims = MetricDefinition(
        "pressroom_claims_total", .counter, "Transactions of this node that looked for steps to claim.")
    package static let claimedSteps = MetricDefinition(
        "pressroom_claimed_steps_total", .counter,
        "Steps that this node has claimed: from the queue, or directly in the transaction that added them.", labels: ["way"])
    package static let claimTime = MetricDefinition(
        "pressroom_claim_duration_seconds", .histogram, "How long a claim took.", buckets: workBuckets)
    package static let steps = MetricDefinition(
        "pressroom_steps_total", .counter,
        """
        Runs of steps that ended on this node, by the step's kind, how the run ended (completed, failed, handed_back) and the \
        code of its error.
        """,
        labels: ["kind", "status", "code"], maxSeries: 500)
    package static let stepTime = MetricDefinition(
        "pressroom_step_duration_seconds", .histogram, "How long a run of a step took, without its commit.",
        labels: ["kind"], buckets: workBuckets)
    package static let stepsRunning = MetricDefinition(
        "pressroom_steps_running", .gauge, "Steps that run on this node now.")
    package static let stepSlots = MetricDefinition(
        "pressroom_step_slots", .gauge, "Steps that may run on this node at a time (`processor.concurrency`).")
    package static let stepsLost = MetricDefinition(
        "pressroom_steps_taken_over_total", .counter, "Steps that this node took over from a node that was lost.")
    package static let tasksEnded = MetricDefinition(
        "pressroom_tasks_ended_total", .counter,
        "Tasks that a transaction of this node brought to an end, by their status.", labels: ["status"])
    package static let tasksGivenUp = MetricDefinition(
        "pressroom_tasks_given_up_total", .counter, "Tasks that failed because their rows cannot be moved on.")
    package static let commits = MetricDefinition(
        "pressroom_commits_total", .counter, "Transactions that took results of steps into their tasks.")
    package static let commitResults = MetricDefinition(
        "pressroom_commit_results", .histogram, "Results of steps in one such transaction.", buckets: countBuckets)
    package static let commitTime = MetricDefinition(
        "pressroom_commit_duration_seconds", .histogram, "How long such a transaction took.", buckets: workBuckets)
    package static let queueSteps = MetricDefinition(
        "pressroom_queue_steps", .gauge,
        """
        Steps that are due and wait to be claimed, of all tenants and nodes, by their model (`none` without one); at most \
        10,000 of a queue are counted.
        """,
        labels: ["model"], maxSeries: 50)
    package static let queueAge = MetricDefinition(
        "pressroom_queue_oldest_seconds", .gauge,
        "For how long the oldest of these steps has been due; of the first 10,000 of a queue.", labels: ["model"], maxSeries: 50)

    // MARK: Events, streams and requests

    package static let logLag = MetricDefinition(
        "pressroom_log_lag_events", .gauge,
        "Events in the log of a tenant that its streams on this node have not been given yet; the most of any followed log.")
    package static let eventsPublished = MetricDefinition(
        "pressroom_events_published_total", .counter, "Events that this node has handed to its streams.")
    package static let streamsOpen = MetricDefinition(
        "pressroom_streams_open", .gauge, "Streams that are open on this node.")
    package static let streamsOpened = MetricDefinition(
        "pressroom_streams_opened_total", .counter, "Streams that have begun on this node.")
    package static let streamsRefused = MetricDefinition(
        "pressroom_streams_refused_total", .counter,
        "Streams that were not begun because of a limit: of the node, the tenant or the user.", labels: ["limit"])
    package static let streamsBehind = MetricDefinition(
        "pressroom_streams_fallen_behind_total", .counter,
        "How often a stream went back to a replay because its reader was slow.")
    package static let streamsCutOff = MetricDefinition(
        "pressroom_streams_cut_off_total", .counter, "Streams that were dropped because their reader took nothing.")
    package static let streamBytes = MetricDefinition(
        "pressroom_stream_sent_bytes_total", .counter, "Bytes that were written to streams, before TLS.")
    package static let requests = MetricDefinition(
        "pressroom_http_requests_total", .counter,
        "HTTP requests, by method, route (its pattern, `none` where there is no route) and status.",
        labels: ["method", "route", "status"], maxSeries: 2_000) // about 130 routes, each with some statuses
    package static let requestTime = MetricDefinition(
        "pressroom_http_request_duration_seconds", .histogram,
        "How long a request took up to the head of its response.", buckets: workBuckets)

    // MARK: Models

    package static let modelCalls = MetricDefinition(
        "pressroom_model_calls_total", .counter,
        "Calls of models, fallbacks included, by how they ended: `completed`, or the code of the error.",
        labels: ["model", "outcome"], maxSeries: 500)
    package static let modelCallTime = MetricDefinition(
        "pressroom_model_call_duration_seconds", .histogram, "How long a call of a model took that was answered.",
        labels: ["model"], buckets: workBuckets, maxSeries: 50)
    package static let firstTokenTime = MetricDefinition(
        "pressroom_model_time_to_first_token_seconds", .histogram, "How long a model took to send its first piece of text.",
        labels: ["model"], buckets: workBuckets, maxSeries: 50)
    package static let modelTokens = MetricDefinition(
        "pressroom_model_tokens_total", .counter, "Tokens by the providers' own count: of prompts, and of answers.",
        labels: ["model", "type"], maxSeries: 100)
    package static let modelCost = MetricDefinition(
        "pressroom_model_cost_total", .counter,
        "What calls have cost, in the currency of the configured prices; models without a price have none.",
        labels: ["model"], maxSeries: 50)

    // MARK: Database

    package static let databaseUp = MetricDefinition(
        "pressroom_database_up", .gauge,
        "Whether the database answered in time when it was last asked for the metrics that are read from it.")
    package static let poolConnections = MetricDefinition(
        "pressroom_pool_connections", .gauge, "Connections of the pool: idle, leased, opening.", labels: ["state"])
    package static let poolLimit = MetricDefinition(
        "pressroom_pool_limit", .gauge, "Connections that the pool may have (`database.pool.size`).")
    package static let poolWaiting = MetricDefinition(
        "pressroom_pool_waiting", .gauge, "Tasks of the process that wait for a connection.")
    package static let poolWaitTime = MetricDefinition(
        "pressroom_pool_wait_seconds", .histogram,
        "How long those waited for a connection that did not get one at once.", buckets: waitBuckets)
    package static let poolTimeouts = MetricDefinition(
        "pressroom_pool_timeouts_total", .counter, "Waits for a connection that ended without one.")
    package static let poolOpened = MetricDefinition(
        "pressroom_pool_opened_total", .counter, "Connections that were opened.")
    package static let poolClosed = MetricDefinition(
        "pressroom_pool_closed_total", .counter,
        """
        Connections that the pool closed: `idle` too long, past their `lifetime`, `unhealthy` when they were tried, \
        `unusable` when they came back, `read_only`, `shutdown`.
        """,
        labels: ["reason"])
    package static let pollerTurnTime = MetricDefinition(
        "pressroom_poller_turn_seconds", .histogram,
        "How long one turn of the thread took that serves all connections to the database.", buckets: waitBuckets)

    // MARK: Process

    package static let eventLoopLag = MetricDefinition(
        "pressroom_event_loop_lag_seconds", .histogram,
        "How long an event loop took to run what was given to it; each is tried once a second.", labels: ["group"],
        buckets: waitBuckets)
    package static let spansExported = MetricDefinition(
        "pressroom_spans_exported_total", .counter, "Spans that the collector has taken.")
    package static let spansDropped = MetricDefinition(
        "pressroom_spans_dropped_total", .counter,
        "Spans that were dropped: `queue_full`, `refused` by the collector, or it could not be reached (`failed`).",
        labels: ["reason"])
    package static let spansWaiting = MetricDefinition(
        "pressroom_spans_waiting", .gauge, "Spans that wait to be exported.")
    package static let processCPU = MetricDefinition(
        "process_cpu_seconds_total", .counter, "Processor time of the process, user and system.")
    package static let processMemory = MetricDefinition(
        "process_resident_memory_bytes", .gauge, "Resident memory of the process.")
    package static let processVirtualMemory = MetricDefinition(
        "process_virtual_memory_bytes", .gauge, "Virtual memory of the process.")
    package static let processFiles = MetricDefinition(
        "process_open_fds", .gauge, "Open file descriptors.")
    package static let processMaxFiles = MetricDefinition(
        "process_max_fds", .gauge, "File descriptors that may be open.")
    package static let processThreads = MetricDefinition(
        "process_threads", .gauge, "Threads of the process.")
    package static let processStart = MetricDefinition(
        "process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.")
}
