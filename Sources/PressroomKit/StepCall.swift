import Foundation
public import Logging
import Processor
import Workflow

/// The step that a kind is asked to run, and what it may know of its task.
public struct StepCall: Sendable {
    private let call: OwnKindCall

    init(_ call: OwnKindCall) {
        self.call = call
    }

    public var taskID: String { call.context.taskID.uuidString.lowercased() }
    public var stepID: String { call.stepID.uuidString.lowercased() }
    /// The id of the phase in the definition.
    public var phase: String { call.phase }
    /// From 1. It counts every start of the step, also those that were lost with their node.
    public var attempt: Int { call.attempt }
    /// The same in every attempt of the step, and of no other step: what a server can tell a repetition by.
    public var idempotencyKey: String { stepID }

    /// Where the step's element stands in the list of `for_each`, from 0; nil without one.
    public var index: Int? { call.index }
    /// Which run of a phase with `repeat` the step belongs to; nil without.
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

    /// What a finished phase brought; nil for one that has not finished, or was skipped.
    ///
    /// - Throws: `DecodingError`.
    public func output<Value: Decodable>(of phase: String, as type: Value.Type = Value.self) throws -> Value? {
        try call.output(of: phase).map { try Coding.decode(type, from: $0) }
    }

    /// Fills in a Mustache template with what prompts can refer to: `{{topic}}`, `{{phases.write.outputs.0.content}}`.
    ///
    /// - Throws: ``StepError`` `invalid_template`, final, for a text that is no template.
    public func render(_ template: String) throws -> String {
        do {
            return try call.render(template)
        } catch {
            throw StepError(code: "invalid_template", message: "\(error)", isRetryable: false)
        }
    }
}
