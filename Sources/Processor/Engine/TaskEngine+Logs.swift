import Base
import Foundation
import Store
import Workflow

/// The lines that the engine writes into the task's log about what it decides, beside those of `log` phases.
extension TaskEngine {
    /// - Parameter metadata: beside the line's code.
    mutating func log(
        _ code: LogRow.Code, _ step: StepRow, _ level: LogLevel, _ message: String, _ metadata: JSONObject = [:]
    ) {
        graph.newLogs.append(
            LogRow(code, phaseID: step.phaseID, stepID: step.id, level: level, message: message, metadata: metadata))
    }

    mutating func log(
        _ code: LogRow.Code, phase phaseID: UUID, _ level: LogLevel, _ message: String, _ metadata: JSONObject = [:]
    ) {
        graph.newLogs.append(LogRow(code, phaseID: phaseID, level: level, message: message, metadata: metadata))
    }

    mutating func logRetry(_ step: StepRow, _ failure: StepFailure, in delay: Duration) {
        var metadata: JSONObject = [
            "attempt": .integer(Int64(step.attempt)), "max_attempts": .integer(Int64(step.maxAttempts)),
            "error_code": .string(failure.code),
        ]
        // By the clock of the database, which runs the step.
        let seconds = delay / .seconds(1)
        if let now = graph.task.lockedAt { metadata["next_run_at"] = .string(Timestamp(now.addingTimeInterval(seconds)).text) }
        log(
            .retry, step, .warning,
            "Attempt \(step.attempt) failed (\(failure.code)): \(failure.message) The next one begins in \(Self.seconds(seconds)).",
            metadata)
    }

    mutating func logLastAttempt(_ step: StepRow, _ failure: StepFailure) {
        log(
            .limit, step, .error, "The last of \(step.attempt) attempts failed (\(failure.code)): \(failure.message)",
            ["limit": "max_attempts", "attempt": .integer(Int64(step.attempt)), "error_code": .string(failure.code)])
    }

    /// A line for each model that was down, after which another was asked.
    mutating func logFallbacks(_ calls: [MadeCall], of step: StepRow) {
        for (call, next) in zip(calls, calls.dropFirst()) {
            guard let model = call.modelAsked, let other = next.modelAsked, model != other, call.status == .failed else { continue }
            let code = call.error?["code"] ?? .null
            log(
                .fallback, step, .warning, "\(model) is down (\(code.string ?? "")); \(other) is asked instead.",
                ["model": .string(model), "next_model": .string(other), "error_code": code])
        }
    }

    /// A line where a text that is kept was cut, or the model went on with one.
    mutating func logCut(_ result: StepResult, _ calls: [MadeCall], of step: StepRow) {
        let reason: FinishReason?
        switch result {
        case .text(_, let word, _), .answer(_, let word, _): reason = word
        default: reason = nil
        }
        guard let reason, reason.isCut else {
            if let cut = calls.dropLast().compactMap(\.finishReason).last(where: \.isCut) {
                log(
                    .cut, step, .info, "The answer was cut at its limit (\(cut)), and the model was asked to go on with it.",
                    ["finish_reason": .string(cut.rawValue)])
            }
            return
        }
        log(
            .cut, step, .warning, "The answer was cut at its limit (\(reason)), and is kept as it is.",
            ["finish_reason": .string(reason.rawValue)])
    }

    /// A line where the step fails because its answer was cut.
    mutating func logCut(_ failure: StepFailure, of step: StepRow) {
        guard failure.code == ProviderError.Code.cutOff.rawValue else { return }
        log(.cut, step, .error, failure.message, ["attempt": .integer(Int64(step.attempt)), "error_code": .string(failure.code)])
    }

    private static func seconds(_ seconds: Double) -> String {
        seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(min(seconds, 1e9).rounded())) s"
    }
}
