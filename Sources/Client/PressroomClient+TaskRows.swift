extension PressroomClient {
    public func outputs(of taskID: String) async throws -> Page<OutputRecord> {
        try await call(.get, Path("tasks", taskID, "outputs").text).page(of: OutputRecord.init(document:))
    }

    public func steps(of taskID: String) async throws -> Page<StepRecord> {
        try await call(.get, Path("tasks", taskID, "steps").text).page(of: StepRecord.init(document:))
    }

    public func evaluations(of taskID: String) async throws -> Page<EvaluationRecord> {
        try await call(.get, Path("tasks", taskID, "evaluations").text).page(of: EvaluationRecord.init(document:))
    }

    public func rankings(of taskID: String) async throws -> Page<RankingRecord> {
        try await call(.get, Path("tasks", taskID, "rankings").text).page(of: RankingRecord.init(document:))
    }

    /// The lines that phases wrote into the task's log.
    public func logs(of taskID: String) async throws -> Page<LogRecord> {
        try await call(.get, Path("tasks", taskID, "logs").text).page(of: LogRecord.init(document:))
    }

    /// Earlier texts of one output, as rows of `output_versions`.
    public func versions(of outputID: String, in taskID: String) async throws -> Page<Document> {
        try await call(.get, Path("tasks", taskID, "outputs", outputID, "versions").text).page { $0 }
    }

    /// Every transition: `entity, entity_id, from, to, at, cursor, actor`.
    public func history(of taskID: String) async throws -> Page<Document> {
        try await call(.get, Path("tasks", taskID, "history").text).page { $0 }
    }
}
