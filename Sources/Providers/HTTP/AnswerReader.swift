import Base
import AsyncHTTPClient
import Base
import NIOCore
import NIOHTTP1
import Workflow

/// Reads one answer with status 200: a stream of events, or one JSON document from a server that does not stream.
struct AnswerReader {
    let server: ModelServer
    let watch: CallWatch
    private var stream: any AnswerStream
    private var receivedBytes = 0

    /// How long to wait for the end of a response that has said that it is done, so that its connection can be used again.
    private let doneGrace = Duration.milliseconds(500)

    init(server: ModelServer, watch: CallWatch) {
        self.server = server
        self.watch = watch
        stream = server.dialect.makeStream()
    }

    mutating func read(
        _ response: HTTPClientResponse, model: String, onText: @Sendable (String) async -> Void
    ) async throws -> ModelResponse {
        let contentType = response.headers.first(name: "content-type")?.lowercased() ?? ""
        if contentType.hasPrefix("text/html") {
            throw ProviderError(code: .notFound, message: "the server answered with a web page; is base_url right?")
        }
        if contentType.hasPrefix("application/json") {
            try await readDocument(response.body, onText: onText)
        } else {
            try await readEvents(response.body, onText: onText)
        }
        return try stream.response(model: model)
    }

    private mutating func readEvents(
        _ body: HTTPClientResponse.Body, onText: @Sendable (String) async -> Void
    ) async throws {
        var parser = EventStreamParser(maxBytes: server.maxResponseBytes)
        do {
            for try await buffer in body {
                watch.stopWaiting()
                try count(buffer)
                for event in try parser.append(buffer.readableBytesView) where !stream.isDone {
                    if let piece = try stream.receive(event) { await onText(piece) }
                }
                // After a cancellation the next read throws.
                watch.startWaiting(atMost: patience)
            }
        } catch let error as ProviderError {
            throw error
        } catch let error as EventStreamParser.TooLong {
            throw ProviderError(code: .invalidResponse, message: "the response is larger than \(error.limit) bytes")
        } catch {
            guard stream.isComplete else { throw error }
            return
        }
        guard !stream.isComplete else { return }
        try Task.checkCancellation()
        // An event without its blank line counts; half an event does not, and leaves the answer incomplete.
        if let event = try? parser.finish(), let piece = try? stream.receive(event) { await onText(piece) }
    }

    private mutating func readDocument(
        _ body: HTTPClientResponse.Body, onText: @Sendable (String) async -> Void
    ) async throws {
        var document: [UInt8] = []
        for try await buffer in body {
            try count(buffer)
            document.append(contentsOf: buffer.readableBytesView)
            watch.startWaiting(atMost: patience)
        }
        try Task.checkCancellation()
        let event = EventStreamParser.Event(data: document)
        if let piece = try stream.receive(event) { await onText(piece) }
    }

    private var patience: Duration {
        if stream.isDone { return doneGrace }
        return stream.hasBegun ? server.stallTimeout : server.firstTokenTimeout
    }

    private mutating func count(_ buffer: ByteBuffer) throws(ProviderError) {
        receivedBytes += buffer.readableBytes
        guard receivedBytes <= server.maxResponseBytes else {
            throw ProviderError(
                code: .invalidResponse, message: "the response is larger than \(server.maxResponseBytes) bytes")
        }
    }
}

/// Assembles a streamed answer, event by event; a value that does no input or output.
protocol AnswerStream: Sendable {
    /// Takes one event, or a whole answer of a server that does not stream, and returns the piece of text that it adds.
    mutating func receive(_ event: EventStreamParser.Event) throws(ProviderError) -> String?
    /// Whether the model has begun to answer.
    var hasBegun: Bool { get }
    /// Whether the answer is complete: a connection that breaks now loses at most the usage.
    var isComplete: Bool { get }
    /// Whether the server has announced the end of the stream.
    var isDone: Bool { get }
    /// The answer, once the stream has ended.
    ///
    /// - Throws: `refused`, or `invalid_response` when the stream was cut off.
    func response(model requested: String) throws(ProviderError) -> ModelResponse
}
