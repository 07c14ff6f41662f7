import Workflow

/// Everything the tables hold of a task, at one cursor, and the texts that are being written.
public struct TaskState: Sendable, Hashable {
    /// The whole state, in the shape of `GET …/state`.
    public let document: Document

    init(document: Document) { self.document = document }

    /// `<epoch>.<position>`; a stream continues from here.
    public var cursor: String { document.text("cursor") }
    public var task: TaskRecord { TaskRecord(document: Document(document.json["task"] ?? [:])) }
    public var phases: [PhaseRecord] { rows("phases").map(PhaseRecord.init(document:)) }
    public var steps: [StepRecord] { rows("steps").map(StepRecord.init(document:)) }
    public var outputs: [OutputRecord] { rows("outputs").map(OutputRecord.init(document:)) }
    public var evaluations: [EvaluationRecord] { rows("evaluations").map(EvaluationRecord.init(document:)) }
    public var rankings: [RankingRecord] { rows("rankings").map(RankingRecord.init(document:)) }
    /// Empty unless the state was asked for with its logs.
    public var logs: [LogRecord] { rows("logs").map(LogRecord.init(document:)) }
    public var humanTasks: [HumanTaskRecord] { rows("human_tasks").map(HumanTaskRecord.init(document:)) }
    public var live: [LiveText] { rows("live").map(LiveText.init(document:)) }

    private func rows(_ key: String) -> [Document] {
        (document.json[key]?.array ?? []).map { Document($0) }
    }

    /// A text while a model writes it.
    public struct LiveText: Sendable, Hashable {
        public let document: Document

        init(document: Document) { self.document = document }

        public var outputID: String { document.text("output_id") }
        public var versionNumber: Int { document.integer("version_number") ?? 0 }
        public var text: String { document.text("text") }
    }
}
