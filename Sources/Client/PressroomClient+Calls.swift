import Base

extension PressroomClient {
    /// Requests to models and of `http` phases, the last that was sent first, without their bodies. `status` takes several,
    /// separated by commas; `model` is `provider/model`; `since` is ISO 8601.
    public func calls(
        task: String? = nil, step: String? = nil, model: String? = nil, status: String? = nil, since: String? = nil,
        limit: Int? = nil, after: String? = nil, count: Bool = false
    ) async throws -> Page<CallRecord> {
        let path = Path("calls").with("task_id", task).with("step_id", step).with("model", model).with("status", status)
            .with("since", since).with("limit", limit.map(String.init)).with("after", after).with("count", count ? "true" : nil)
        return try await call(.get, path).page(of: CallRecord.init(document:))
    }

    /// One call with its bodies.
    public func callRecord(_ id: String) async throws -> CallRecord {
        CallRecord(document: try await call(.get, Path("calls", id)).document())
    }

    /// Runs of steps as rows of `attempts`, the last that ended first.
    public func attempts(
        task: String? = nil, step: String? = nil, status: String? = nil, limit: Int? = nil, after: String? = nil,
        count: Bool = false
    ) async throws -> Page<Document> {
        let path = Path("attempts").with("task_id", task).with("step_id", step).with("status", status)
            .with("limit", limit.map(String.init)).with("after", after).with("count", count ? "true" : nil)
        return try await call(.get, path).page { $0 }
    }
}

/// A row of `calls`: one request that left the service.
public struct CallRecord: Sendable, Hashable {
    /// The row with all its columns; of a single call also `request`, `response` and how long they were.
    public let document: Document

    public var id: String { document.text("id") }
    public var taskID: String { document.text("task_id") }
    public var stepID: String { document.text("step_id") }
    public var attempt: Int { document.integer("attempt") ?? 0 }
    /// From 1, within the attempt.
    public var sequence: Int { document.integer("sequence") ?? 0 }
    /// `chat` or `http`.
    public var kind: String { document.text("kind") }
    public var agent: String? { document.optionalText("agent") }
    /// `provider/model`; nil of a request of an `http` phase.
    public var modelAsked: String? { document.optionalText("model_asked") }
    /// As configured, or the host of a request of an `http` phase.
    public var provider: String? { document.optionalText("provider") }
    /// `completed failed cancelled`.
    public var status: String { document.text("status") }
    public var finishReason: String? { document.optionalText("finish_reason") }
    /// Nil of a request of an `http` phase.
    public var promptTokens: Int? { document.json["usage"]?["prompt_tokens"]?.int }
    public var completionTokens: Int? { document.json["usage"]?["completion_tokens"]?.int }
    public var errorMessage: String? { document.errorMessage }
    /// ISO 8601.
    public var sentAt: String { document.text("sent_at") }
    public var endedAt: String { document.text("ended_at") }
    /// Nil in lists, and where it is not kept, or no longer.
    public var request: String? { document.optionalText("request") }
    public var response: String? { document.optionalText("response") }
    /// Whether they are longer than what is kept.
    public var isRequestCut: Bool { document.flag("request_cut") ?? false }
    public var isResponseCut: Bool { document.flag("response_cut") ?? false }
}
