import Base
import Foundation
public import Logging
import Processor
import Workflow

/// A phase kind of your own.
///
/// Definitions use it by its name, beside the built-in ones: `- {id: small, kind: shop.resize, width: 320}`. Register it
/// with ``Pressroom/serve(kinds:settings:)`` on every node.
///
/// A step runs **at least once**: a node can die after the work and before its end is recorded. Its output is recorded
/// once. A server can recognize repeated work by ``StepCall/idempotencyKey``.
public protocol CustomKind: Sendable {
    /// The attributes of a phase of the kind: every key except those that all kinds share (`id kind name needs when
    /// for_each repeat retry timeout concurrency on_failure max_items`). Their `Decodable` part decides what is required;
    /// unknown keys are refused.
    associatedtype Attributes: Codable & Sendable = NoAttributes
    /// The result of a phase: `phases.output`, and `{{phases.<id>.…}}` in prompts. Encoded as JSON, its
    /// members in the order in which it encodes them.
    associatedtype Output: Encodable & Sendable

    /// Words of `a-z 0-9 _ -` with dots between them, at least one: `shop.resize`.
    var name: String { get }

    /// What is wrong with attributes that were decoded; called when a workflow is published. Empty by default.
    func problems(in attributes: Attributes) -> [AttributeProblem]

    /// Does the work of one step. Holds no transaction.
    ///
    /// The Swift task of the call is cancelled when the phase's `timeout` is over, when the workflow's task is paused or
    /// cancelled, and when the node stops. Return soon then; the result is dropped.
    ///
    /// - Throws: ``StepError`` decides what follows. Any other error is retried as the phase's `retry` says, with the
    ///   code `kind_failed`.
    func run(_ attributes: Attributes, _ call: StepCall) async throws -> Output
}

extension CustomKind {
    public func problems(in attributes: Attributes) -> [AttributeProblem] { [] }
}

/// The attributes of a kind that has none.
public struct NoAttributes: Codable, Sendable {
    public init() {}
}

/// One mistake in the attributes of a phase.
public struct AttributeProblem: Sendable, Hashable {
    /// The attribute.
    public var key: String
    /// What is wrong, as the end of a sentence about it: "must be above 0".
    public var detail: String

    public init(_ key: String, _ detail: String) {
        self.key = key
        self.detail = detail
    }
}

/// Why a step failed, and whether it is retried.
public struct StepError: Error, Sendable, Hashable {
    /// For programs: `retry.non_retryable` and `steps.error.code` name it. Of `a-z 0-9 _`.
    public var code: String
    /// For people. It is stored in the step's row, so it must not contain secrets.
    public var message: String
    /// Whether the same step can succeed later.
    public var isRetryable: Bool
    /// The shortest wait before the next attempt, up to `max` of the phase's `retry`; nil leaves it to that.
    public var retryAfter: Duration?

    public init(code: String, message: String, isRetryable: Bool, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
    }
}

/// The step that a kind runs, and what the kind can read of its task.
public struct StepCall: Sendable {
    private let call: CustomStepRun

    init(_ call: CustomStepRun) {
        self.call = call
    }

    public var taskID: String { call.context.taskID.text }
    public var stepID: String { call.stepID.text }
    /// The id of the phase in the definition.
    public var phase: String { call.phase }
    /// From 1. Counts every start of the step, including those that were lost with their node.
    public var attempt: Int { call.attempt }
    /// The same in every attempt of the step, and different for every other step: a server recognizes a repetition by it.
    public var idempotencyKey: String { stepID }

    /// The position of the step's element in the list of `for_each`, from 0; nil without one.
    public var index: Int? { call.index }
    /// The run of a phase with `repeat` that the step belongs to; nil without `repeat`.
    public var iteration: Int? { call.iteration }

    public var tenantID: String { call.context.tenantID }
    public var userID: String { call.context.userID }
    public var conversationID: String? { call.context.conversationID }
    public var traceID: String { call.context.traceID }

    public var logger: Logger { call.logger }

    /// The task's input, checked against the workflow's schema.
    ///
    /// - Throws: `DecodingError`.
    public func input<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try Coding.decode(type, from: call.input)
    }

    /// The element of the list of `for_each` that the step is for; nil without one.
    ///
    /// - Throws: `DecodingError`.
    public func item<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value? {
        try call.item.map { try Coding.decode(type, from: $0) }
    }

    /// `config` of the task's start.
    ///
    /// - Throws: `DecodingError`.
    public func config<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try Coding.decode(type, from: call.config)
    }

    /// The caller's own part of the execution context.
    ///
    /// - Throws: `DecodingError`.
    public func metadata<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try Coding.decode(type, from: call.context.metadata)
    }

    /// The output of a finished phase; nil for one that has not finished, or was skipped.
    ///
    /// - Throws: `DecodingError`.
    public func output<Value: Decodable>(of phase: String, as type: Value.Type = Value.self) throws -> Value? {
        try call.output(of: phase).map { try Coding.decode(type, from: $0) }
    }

    /// Fills in a Mustache template with what prompts can refer to: `{{topic}}`, `{{phases.write.outputs.0.content}}`.
    ///
    /// - Throws: ``StepError`` `invalid_template`, which is not retried, for a text that is not a template.
    public func render(_ template: String) throws -> String {
        do {
            return try call.render(template)
        } catch {
            throw StepError(code: "invalid_template", message: "\(error)", isRetryable: false)
        }
    }
}
