package import Base
import Workflow

/// All rows of a task at one cursor, and the texts that models are writing.
public struct TaskState: Sendable, Hashable {
    /// The whole state, in the shape of `GET …/state`.
    public let document: Document

    /// `<epoch>.<position>`; a stream continues from here.
    public var cursor: String { document.text("cursor") }
    public var task: TaskRecord { TaskRecord(document: Document(document.json["task"] ?? [:])) }
    public var phases: [PhaseRecord] { document.documents("phases").map(PhaseRecord.init(document:)) }
    public var steps: [StepRecord] { document.documents("steps").map(StepRecord.init(document:)) }
    public var outputs: [OutputRecord] { document.documents("outputs").map(OutputRecord.init(document:)) }
    public var evaluations: [EvaluationRecord] { document.documents("evaluations").map(EvaluationRecord.init(document:)) }
    public var rankings: [RankingRecord] { document.documents("rankings").map(RankingRecord.init(document:)) }
    /// Empty unless the state was asked for with its logs.
    public var logs: [LogRecord] { document.documents("logs").map(LogRecord.init(document:)) }
    public var humanTasks: [HumanTaskRecord] { document.documents("human_tasks").map(HumanTaskRecord.init(document:)) }
    public var live: [LiveText] { document.documents("live").map(LiveText.init(document:)) }

    /// A text while a model writes it: a draft, or what else a step brings.
    public struct LiveText: Sendable, Hashable {
        public let document: Document

        /// The draft's; nil for the answer of an agent, a polished text, the reasons of a judge.
        public var outputID: String? { document.optionalText("output_id") }
        /// The version that the draft will be; 0 without a draft.
        public var versionNumber: Int { document.integer("version_number") ?? 0 }
        /// The step that writes the text; nil for a draft.
        public var stepID: String? { document.optionalText("step_id") }
        /// Of the step; nil for a draft.
        public var attempt: Int? { document.integer("attempt") }
        public var text: String { document.text("text") }
    }
}

/// A row of `tasks`: one run of a workflow.
public struct TaskRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("task_id") }
    public var workflowName: String { document.text("workflow_name") }
    public var workflowVersion: String { document.text("workflow_version") }
    /// `pending running waiting paused completed failed cancelled`.
    public var status: String { document.text("status") }
    /// The key of the phase under way; nil before the first.
    public var phase: String? { document.optionalText("phase") }
    /// 0…1.
    public var progress: Double { document.number("progress") ?? 0 }
    /// For `If-Match`: grows with each change.
    public var version: Int { document.integer("version") ?? 0 }
    public var createdAt: String { document.text("created_at") }
    /// Why the task failed; nil when it did not.
    public var errorMessage: String? { document.errorMessage }

    /// What the task's model calls cost so far, in the currency of the configured prices; nil when no price is known.
    public var cost: Double? { document.json["usage"]?["cost"]?.double }

    /// Whether the status is `completed`, `failed` or `cancelled`.
    public var isTerminal: Bool { TaskStatus(rawValue: status)?.isTerminal ?? false }
}

/// A row of `phases`: a node of the workflow in one task.
public struct PhaseRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    public var key: String { document.text("key") }
    public var kind: String { document.text("kind") }
    /// `pending running waiting completed failed skipped cancelled`.
    public var status: String { document.text("status") }
    /// ISO 8601; nil before.
    public var startedAt: String? { document.optionalText("started_at") }
    public var completedAt: String? { document.optionalText("completed_at") }
    /// Null unless the phase is completed, or between two runs of a cycle.
    package var output: JSON { document.json["output"] ?? .null }
    public var errorMessage: String? { document.errorMessage }
}

/// A row of `steps`: a unit of work.
public struct StepRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    public var phaseID: String { document.text("phase_id") }
    public var kind: String { document.text("kind") }
    /// The slug of the agent; nil for a step without one.
    public var agent: String? { document.optionalText("agent") }
    /// `pending running waiting retrying completed failed skipped cancelled`.
    public var status: String { document.text("status") }
    public var attempt: Int { document.integer("attempt") ?? 0 }
    package var input: JSON { document.json["input"] ?? [:] }
    public var errorMessage: String? { document.errorMessage }
}

/// A row of `outputs`: one draft on one track.
public struct OutputRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    public var track: String { document.text("track") }
    /// `pending_write writing pending_edit editing pending_rewrite rewriting approved max_cycles_reached failed`.
    public var status: String { document.text("status") }
    /// The text; nil before the first version.
    public var content: String? { document.optionalText("content") }
    /// Of the text, from 1; 0 before the first.
    public var versionNumber: Int { document.integer("version_number") ?? 0 }
    /// Of the row, for `If-Match`: grows with each change.
    public var version: Int { document.integer("version") ?? 0 }
    public var isFinalist: Bool { document.flag("is_finalist") ?? false }
    public var initialAverageScore: Double? { document.number("initial_avg_score") }
    public var initialRank: Int? { document.integer("initial_rank") }
    public var finalTotalScore: Double? { document.number("final_total_score") }
    public var finalRank: Int? { document.integer("final_rank") }
    /// Who changed the text by hand; nil of a model's.
    public var editedBy: String? { document.optionalText("edited_by") }
    /// Why the model ended the text; `length` and `pause` mean that it was cut. Nil for a text by hand.
    public var finishReason: String? { document.optionalText("finish_reason") }
    public var errorMessage: String? { document.errorMessage }
}

/// A row of `evaluations`: one judge's verdict on one output.
public struct EvaluationRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    public var outputID: String { document.text("output_id") }
    /// The judge's name, or else its slug.
    public var evaluator: String {
        let agent = document.json["evaluator"]
        return agent?["name"]?.string ?? agent?["slug"]?.string ?? ""
    }
    /// `initial` or `final`.
    public var stage: String { document.text("stage") }
    /// `pending processing completed failed`.
    public var status: String { document.text("status") }
    public var score: Double? { document.number("score") }
    public var rank: Int? { document.integer("rank") }
    public var reasoning: String? { document.optionalText("reasoning") }
    public var errorMessage: String? { document.errorMessage }
}

/// A row of `rankings`: the order of the outputs at one stage.
public struct RankingRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    /// `initial` or `final`.
    public var stage: String { document.text("stage") }
    public var method: String { document.text("method") }
    /// How much the judges agree, 0…1; nil when it cannot be computed.
    public var agreement: Double? { document.number("agreement") }
    /// The best first.
    public var entries: [Entry] {
        document.documents("entries").map(Entry.init(document:))
    }

    /// One rank.
    public struct Entry: Sendable, Hashable {
        public let document: Document

        public var outputID: String { document.text("output_id") }
        /// From 1.
        public var rank: Int { document.integer("rank") ?? 0 }
        public var totalScore: Double? { document.number("total_score") }
        public var averageScore: Double? { document.number("avg_score") }
        public var firstPlaces: Int { document.integer("first_places") ?? 0 }
    }
}

/// A row of `logs`: a line that a phase wrote.
public struct LogRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    /// `debug`, `info`, `warning` or `error`.
    public var level: String { document.text("level") }
    public var message: String { document.text("message") }
    /// ISO 8601.
    public var createdAt: String { document.text("created_at") }
}
