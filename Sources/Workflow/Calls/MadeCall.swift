package import Base
package import Foundation
import Synchronization

/// One request that left the service, as rows of `calls` and `call_bodies` keep it.
package struct MadeCall: Sendable {
    package enum Kind: String, Sendable { case chat, http }
    package enum Status: String, Sendable, CaseIterable { case completed, failed, cancelled }

    package let id: UUID
    package let kind: Kind
    /// The slug of the agent; nil for a request of an `http` phase.
    package var agent: String?
    /// As the configuration names it; the host of a request of an `http` phase.
    package var provider: String?
    /// `provider/model`.
    package var modelAsked: String?
    /// As the provider names it.
    package var modelAnswered: String?
    package var status: Status
    package var finishReason: FinishReason?
    package var usage: CallUsage?
    package var error: JSON?
    /// The trace of the task, and the span of the request's `traceparent` where it has one.
    package var traceID: String?
    package var spanID: String?
    package let sentAt: Date
    /// Nil when no text came, and of a request of an `http` phase.
    package var firstTokenAt: Date?
    package var endedAt: Date
    package var bodies: CallBodies?

    package init(id: UUID = UUIDv7.next(), kind: Kind, status: Status, sentAt: Date, endedAt: Date = Date()) {
        self.id = id
        self.kind = kind
        self.status = status
        self.sentAt = sentAt
        self.endedAt = max(endedAt, sentAt)
    }

    /// What the call adds to its task's usage.
    package var spent: Usage {
        guard var usage = usage?.usage, usage.totalTokens > 0 else { return .zero }
        usage.models = modelAsked.map { [$0] } ?? []
        return usage
    }

    /// The call where its texts, or those of its error, may be what cannot be written.
    package var withoutBodies: MadeCall {
        var call = self
        call.bodies = nil
        return call
    }

    /// Sets how the call ended.
    package mutating func end(_ error: ProviderError) {
        status = error.code == .cancelled ? .cancelled : .failed
        self.error = ["code": .string(error.code.rawValue), "message": .string(error.message.replacingNULs(with: "\u{FFFD}"))]
    }
}

/// The tokens of one call, and what they cost.
package struct CallUsage: Sendable, Hashable {
    package var usage: Usage
    /// The part of the prompt that the provider had in its cache, where it says so.
    package var cachedTokens = 0
    /// The part of the answer that was thoughts, where the provider says so.
    package var reasoningTokens = 0

    package init(_ usage: Usage, cachedTokens: Int = 0, reasoningTokens: Int = 0) {
        self.usage = usage
        self.cachedTokens = cachedTokens
        self.reasoningTokens = reasoningTokens
    }

    /// The value of `calls.usage`; `cost` is null where the model has no price.
    package var json: JSON {
        [
            "prompt_tokens": .integer(Int64(usage.promptTokens)), "completion_tokens": .integer(Int64(usage.completionTokens)),
            "cached_tokens": .integer(Int64(cachedTokens)), "reasoning_tokens": .integer(Int64(reasoningTokens)),
            "cost": usage.cost.map(JSON.number) ?? .null,
        ]
    }
}

/// What was sent and received.
package struct CallBodies: Sendable, Hashable {
    /// Nil where only the sizes are kept.
    package let request: String?
    package let response: String?
    /// As sent and received, in bytes.
    package let requestBytes: Int
    package let responseBytes: Int
    /// Whether the text is not all that was sent or received.
    package let isRequestCut: Bool
    package let isResponseCut: Bool
}

/// How much of the calls is kept; the service and each workflow set it, and the narrower one counts.
package enum CallCapture: String, Sendable, Hashable, CaseIterable {
    /// Requests and responses.
    case full
    /// How long they were.
    case metadata
    /// Neither: only that there was a call.
    case none

    package func narrowed(to other: CallCapture) -> CallCapture {
        let order = Self.allCases
        return (order.firstIndex(of: other) ?? 0) > (order.firstIndex(of: self) ?? 0) ? other : self
    }
}

/// The calls of one run of a step, in the order in which they ended. Each begins after the end of the one before.
package final class CallLog: Sendable {
    package let capture: CallCapture
    /// The most bytes of a body that are kept.
    package let maxBodyBytes: Int
    private let state = Mutex<[MadeCall]>([])

    package static let defaultMaxBodyBytes = 1 << 20

    package init(capture: CallCapture = .full, maxBodyBytes: Int = CallLog.defaultMaxBodyBytes) {
        self.capture = capture
        self.maxBodyBytes = maxBodyBytes
    }

    package var records: [MadeCall] { state.withLock { $0 } }

    package func add(_ record: MadeCall) {
        state.withLock { $0.append(record) }
    }

    /// Notes what the last call cost.
    package func price(_ cost: Double?) {
        guard let cost else { return }
        state.withLock { records in
            guard !records.isEmpty else { return }
            records[records.count - 1].usage?.usage.cost = cost
        }
    }

    /// The bodies of a call, as far as they are kept.
    ///
    /// - Parameters:
    ///   - response: what is shown of the answer.
    ///   - responseBytes: how much was received.
    ///   - isResponsePart: whether `response` is only a part of that.
    ///   - redacting: removes secrets from a text.
    package func bodies(
        request: some Collection<UInt8>, response: some Collection<UInt8>, responseBytes: Int, isResponsePart: Bool = false,
        redacting: (String) -> String = { $0 }
    ) -> CallBodies? {
        guard capture != .none else { return nil }
        let requestBytes = request.count
        guard capture == .full else {
            return CallBodies(
                request: nil, response: nil, requestBytes: requestBytes, responseBytes: responseBytes, isRequestCut: false,
                isResponseCut: false)
        }
        let (sent, isRequestCut) = kept(redacting(Self.text(request)))
        let (received, isResponseCut) = kept(redacting(Self.text(response)))
        return CallBodies(
            request: sent, response: received, requestBytes: requestBytes, responseBytes: responseBytes,
            isRequestCut: isRequestCut, isResponseCut: isResponseCut || isResponsePart)
    }

    /// A text that a row can hold.
    private static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self).replacingNULs(with: "\u{FFFD}")
    }

    /// Cut after secrets were removed, or half a secret could remain at the end; and never within a character.
    private func kept(_ text: String) -> (text: String, isCut: Bool) {
        guard text.utf8.count > maxBodyBytes else { return (text, false) }
        var end = text.utf8.index(text.startIndex, offsetBy: maxBodyBytes)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return (String(text[..<end]), true)
    }
}
