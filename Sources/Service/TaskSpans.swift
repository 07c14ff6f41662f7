import Base
import Foundation
import Store
import Telemetry
import Tracing

/// The spans of a task that has ended: task → phase → attempt → call, with the names and attributes of OpenTelemetry's
/// conventions for generative AI where there are any. Texts (prompts, answers, reasons of judges) are never in them.
struct TaskSpans {
    let trace: TaskTrace
    let tracer: SpanTracer

    private var traceID: String { SpanIDs.trace(trace.context["trace_id"]?.string ?? trace.taskID.text) }

    func make() {
        let task = span(
            "invoke_workflow \(trace.workflowName)", id: SpanIDs.task(trace.taskID, run: trace.run), parent: taskParent,
            trace.time, taskAttributes)
        end(task, trace.time, status: trace.status, error: trace.error)
        var phaseSpans: [UUID: String] = [:]
        for phase in trace.phases {
            // A phase that an earlier end of the task has shown as failed has gone on since: another span, in the new run.
            let id = SpanIDs.phase(phase.id, run: phase.isKnown ? trace.run : 0)
            phaseSpans[phase.id] = id
            make(phase, id)
        }
        let evaluations = Dictionary(grouping: trace.evaluations, by: \.stepID)
        for attempt in trace.attempts {
            let parent = phaseSpans[attempt.phaseID] ?? SpanIDs.phase(attempt.phaseID)
            make(attempt, parent, attempt.status == "completed" ? evaluations[attempt.stepID] ?? [] : [])
        }
        for call in trace.calls { make(call) }
    }

    /// The run before a retry, or the attempt of another task's step that started this one.
    private var taskParent: String? {
        if trace.run > 0 { return SpanIDs.task(trace.taskID, run: trace.run - 1) }
        return trace.parent.map { SpanIDs.attempt($0.stepID, $0.attempt) }
    }

    private var taskAttributes: SpanAttributes {
        var attributes: SpanAttributes = [:]
        attributes["gen_ai.operation.name"] = "invoke_workflow"
        attributes["gen_ai.workflow.name"] = trace.workflowName
        attributes["pressroom.workflow.version"] = trace.workflowVersion
        attributes["pressroom.task.id"] = trace.taskID.text
        attributes["pressroom.task.status"] = trace.status
        attributes["pressroom.task.run"] = trace.run
        attributes["pressroom.tenant.id"] = trace.context["tenant_id"]?.string
        attributes["user.id"] = trace.context["user_id"]?.string
        attributes["gen_ai.conversation.id"] = trace.context["conversation_id"]?.string
        attributes.addTokens(of: trace.usage)
        return attributes
    }

    private func make(_ phase: TaskTrace.Phase, _ id: String) {
        var attributes: SpanAttributes = [:]
        attributes["pressroom.phase.key"] = phase.key
        attributes["pressroom.phase.kind"] = phase.kind
        attributes["pressroom.phase.status"] = phase.status
        attributes["pressroom.phase.iteration"] = phase.iteration
        let span = span(
            "phase \(phase.key)", id: id, parent: SpanIDs.task(trace.taskID, run: trace.run), phase.time, attributes)
        end(span, phase.time, status: phase.status, error: phase.error)
    }

    private func make(_ attempt: TaskTrace.Attempt, _ parent: String, _ evaluations: [TaskTrace.Evaluation]) {
        var attributes: SpanAttributes = [:]
        if let agent = attempt.agent {
            attributes["gen_ai.operation.name"] = "invoke_agent"
            attributes["gen_ai.agent.name"] = agent
        }
        attributes["pressroom.step.id"] = attempt.stepID.text
        attributes["pressroom.step.kind"] = attempt.kind
        attributes["pressroom.step.attempt"] = attempt.attempt
        attributes["pressroom.attempt.status"] = attempt.status
        attributes["pressroom.processor.id"] = attempt.processorID?.text
        let span = span(
            attempt.agent.map { "invoke_agent \($0)" } ?? "step \(attempt.kind)",
            id: SpanIDs.attempt(attempt.stepID, attempt.attempt), parent: parent, attempt.time, attributes)
        let moment = instant(attempt.time.end)
        for evaluation in evaluations {
            let scores = (evaluation.score.map { [(evaluation.stage, $0)] } ?? [])
                + (evaluation.criteria?.object ?? [:]).compactMap { name, score in score.double.map { (name, $0) } }
            for (name, score) in scores {
                var result: SpanAttributes = [:]
                result["gen_ai.evaluation.name"] = name
                result["gen_ai.evaluation.score.value"] = score
                span.addEvent(SpanEvent(name: "gen_ai.evaluation.result", at: moment, attributes: result))
            }
        }
        end(span, attempt.time, status: attempt.status, error: attempt.error)
    }

    private func make(_ call: TaskTrace.Call) {
        var attributes: SpanAttributes = [:]
        let isChat = call.kind == "chat"
        // The provider's name is not a part of the model's.
        let model = call.modelAsked.map { asked in
            String(call.provider.map { asked.hasPrefix($0 + "/") ? asked.dropFirst($0.count + 1) : asked[...] } ?? asked[...])
        }
        if isChat {
            attributes["gen_ai.operation.name"] = "chat"
            attributes["gen_ai.provider.name"] = call.provider
            attributes["gen_ai.request.model"] = model
            attributes["gen_ai.response.model"] = call.modelAnswered
            attributes["gen_ai.response.finish_reasons"] = call.finishReason.map { [$0] }
            attributes.addTokens(of: call.usage)
            if let first = call.firstTokenAt {
                attributes["pressroom.time_to_first_token"] = max(0, first.timeIntervalSince(call.time.start))
            }
        } else {
            attributes["server.address"] = call.provider
        }
        let span = span(
            isChat ? "chat \(model ?? "")" : "HTTP", id: SpanIDs.reading(call.spanID) ?? SpanIDs.call(call.id),
            parent: SpanIDs.attempt(call.stepID, call.attempt), call.time, attributes, .client)
        end(span, call.time, status: call.status, error: call.error)
    }

    private func span(
        _ name: String, id: String, parent: String?, _ time: TaskTrace.Time, _ attributes: SpanAttributes,
        _ kind: SpanKind = .internal
    ) -> RecordedSpan {
        var context = InstrumentationContext.topLevel
        context.span = SpanIdentity(traceID: traceID, spanID: parent ?? "", parentID: nil)
        context.nextSpanID = id
        let span = tracer.startSpan(name, context: context, ofKind: kind, at: instant(time.start))
        span.attributes = attributes
        return span
    }

    private func end(_ span: RecordedSpan, _ time: TaskTrace.Time, status: String, error: JSON?) {
        switch status {
        case "completed": span.setStatus(SpanStatus(code: .ok))
        case "skipped": break
        default:
            span.updateAttributes { $0["error.type"] = error?["code"]?.string ?? status }
            // Without its message: it may repeat what a server or a person wrote.
            span.setStatus(SpanStatus(code: .error, message: error?["code"]?.string ?? status))
        }
        span.end(at: instant(time.end))
    }

    private func instant(_ date: Date) -> SpanInstant {
        // Until the year 2500; outside of that a clock is wrong, and nothing may trap.
        SpanInstant(nanosecondsSinceEpoch: UInt64(min(max(0, date.timeIntervalSince1970), 1.6e10) * 1e9))
    }
}

extension SpanAttributes {
    fileprivate mutating func addTokens(of usage: JSON) {
        self["gen_ai.usage.input_tokens"] = usage["prompt_tokens"]?.int
        self["gen_ai.usage.output_tokens"] = usage["completion_tokens"]?.int
        if let cached = usage["cached_tokens"]?.int, cached > 0 { self["gen_ai.usage.cache_read.input_tokens"] = cached }
        self["pressroom.usage.cost"] = usage["cost"]?.double
    }
}
