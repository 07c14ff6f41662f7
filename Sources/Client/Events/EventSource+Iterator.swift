import AsyncHTTPClient
import NIOCore

extension EventSource {
    /// Owns at most one connection at a time.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private enum State {
            case disconnected
            case open(HTTPClientResponse.Body.AsyncIterator)
            case finished
        }

        private let source: EventSource
        private var state = State.disconnected
        private var parser: EventStreamParser
        /// Events that were read and not yet asked for, the next one last.
        private var ready: [ServerSentEvent] = []
        private var failures = 0
        private var retry: Duration?
        private var wasOverloaded = false

        init(source: EventSource) {
            self.source = source
            parser = EventStreamParser(lastEventID: source.lastEventID, maxBytes: source.maxEventBytes)
        }

        /// The next event; nil after a 204.
        ///
        /// - Throws: `EventStreamError` when the stream cannot be read on; `CancellationError`. The sequence is over then.
        public mutating func next() async throws -> ServerSentEvent? {
            while true {
                if let event = ready.popLast() { return event }
                do {
                    switch state {
                    case .finished: return nil
                    case .disconnected: try await connect()
                    case .open(let body): try await read(body)
                    }
                } catch {
                    state = .finished
                    throw error
                }
            }
        }

        private mutating func connect() async throws {
            try Task.checkCancellation()
            let attempt: EventStreamConnection
            do {
                attempt = try await EventStreamConnection.open(source, lastEventID: parser.lastEventID)
            } catch let error as EventStreamError {
                throw error
            } catch {
                try Task.checkCancellation()
                failures += 1
                let reason = ConnectionReason.text(error)
                if let bound = source.policy.maxFailures, failures >= bound {
                    throw EventStreamError(.unreachable, "\(source.url) cannot be reached: \(reason)")
                }
                return try await wait(reason: reason)
            }
            switch attempt {
            case .noContent: state = .finished
            case .stream(let body):
                parser = EventStreamParser(lastEventID: parser.lastEventID, maxBytes: source.maxEventBytes)
                wasOverloaded = false
                state = .open(body)
            }
        }

        private mutating func read(_ body: HTTPClientResponse.Body.AsyncIterator) async throws {
            var body = body
            var reason: String?
            do {
                if let bytes = try await body.next() {
                    let events = try parser.append(bytes.readableBytesView)
                    retry = parser.reconnectionTime ?? retry
                    wasOverloaded = wasOverloaded || events.contains { $0.name == "overloaded" }
                    ready = events.reversed()
                    state = .open(body)
                    return
                }
            } catch let error as EventStreamError {
                throw error
            } catch {
                reason = ConnectionReason.text(error)
            }
            try Task.checkCancellation()
            state = .disconnected
            failures = wasOverloaded ? failures + 1 : 0
            try await wait(reason: reason)
        }

        private func wait(reason: String?) async throws {
            let wait = source.policy.delay(
                failures: failures, serverRetry: retry, random: .random(in: 0..<1))
            source.onReconnect?(Reconnection(wait: wait, failures: failures, reason: reason))
            try await Task.sleep(for: wait)
        }
    }
}
