import AsyncHTTPClient
import Base
import NIOCore
import NIOHTTP1
import Workflow

/// Reads one answer: a stream of events, or one JSON document from a server that does not stream. The first byte tells
/// which; servers mistake the content type.
struct AnswerReader {
    private enum Form { case events, document }

    let server: ModelServer
    let watch: CallWatch
    private let recording: CallRecording?
    private var chunks: any ChunkReader
    private var answer = PartialAnswer()
    private var receivedBytes = 0
    private var form: Form?
    private var parser: EventStreamParser
    private var document: [UInt8] = []

    /// How long to wait for the end of a response that has said that it is done, so that its connection can be used again.
    private let doneGrace = Duration.milliseconds(500)

    init(server: ModelServer, watch: CallWatch, request: ModelRequest, recording: CallRecording? = nil) {
        self.server = server
        self.watch = watch
        self.recording = recording
        answer.keepsAll = recording?.keepsText == true
        chunks = server.dialect.makeReader(for: request)
        parser = EventStreamParser(maxBytes: server.maxResponseBytes)
    }

    mutating func read(
        _ response: HTTPClientResponse, model: String, onText: @Sendable (String) async -> Void
    ) async throws -> ModelResponse {
        let contentType = response.headers.first(name: "content-type")?.lowercased() ?? ""
        if contentType.hasPrefix("text/html") {
            throw ProviderError(code: .notFound, message: "the server answered with a web page; is base_url right?")
        }
        try ServerFailure.checkEncoding(of: response)
        do {
            for try await buffer in response.body {
                watch.stopWaiting()
                recording?.received(buffer)
                try count(buffer)
                try await take(buffer.readableBytesView, onText)
                if answer.hasBegun { recording?.noteBeginning() }
                // After a cancellation the next read throws.
                watch.startWaiting(atMost: patience, hasBegun: answer.hasBegun)
            }
            try Task.checkCancellation()
            try await takeEnd(onText)
        } catch let error as ProviderError {
            throw error
        } catch let error as EventStreamParser.TooLong {
            throw tooLong(error.limit)
        } catch {
            guard answer.isComplete else { throw error }
        }
        try answer.finish()
        if let piece = answer.takePiece() { await onText(piece) }
        let response = try answer.response(model: model)
        recording?.note(answer, response, document: form == .document ? document : nil)
        return response
    }

    private mutating func take(_ bytes: ByteBufferView, _ onText: @Sendable (String) async -> Void) async throws {
        var bytes = bytes
        if form == nil {
            // A byte order mark, and empty lines, may come before either.
            while let first = bytes.first, first <= 0x20 || [0xEF, 0xBB, 0xBF].contains(first) { bytes = bytes.dropFirst() }
            guard let first = bytes.first else { return }
            form = first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? .document : .events
        }
        switch form {
        case .document: document.append(contentsOf: bytes)
        default:
            for event in try parser.append(bytes) where !answer.isDone { try await take(event, onText) }
        }
    }

    private mutating func takeEnd(_ onText: @Sendable (String) async -> Void) async throws {
        switch form {
        case .document:
            try take(document: document)
        default:
            guard !answer.isDone else { return }
            // An event without its blank line counts; half an event does not, and leaves the answer incomplete.
            guard let event = try parser.finish() else { return }
            do throws(ProviderError) {
                try await take(event, onText)
            } catch where error.code == .invalidResponse {}
        }
    }

    private mutating func take(
        _ event: EventStreamParser.Event, _ onText: @Sendable (String) async -> Void
    ) async throws(ProviderError) {
        let failure: ProviderError
        do throws(ProviderError) {
            try take(data: event.data[...], named: event.name)
            if let piece = answer.takePiece() { await onText(piece) }
            return
        } catch let error {
            failure = error
        }
        // Some servers forget the blank line between two events.
        let lines = event.data.split(separator: UInt8(ascii: "\n"))
        guard failure.code == .invalidResponse, lines.count > 1, lines.allSatisfy({ Self.isChunk($0) }) else { throw failure }
        for line in lines where !answer.isDone { try take(data: line, named: event.name) }
        if let piece = answer.takePiece() { await onText(piece) }
    }

    private mutating func take(data: ArraySlice<UInt8>, named name: String) throws(ProviderError) {
        let data = Self.trimmed(data)
        guard !data.isEmpty else { return }
        if Self.isEndMark(data) {
            answer.isDone = true
            return
        }
        let chunk: RepairedJSON
        do {
            chunk = try RepairedJSON(parsing: Array(data), .textsAndNumbers)
        } catch {
            if name == "error" { throw ServerFailure(body: data).providerError(status: nil) }
            throw ProviderError(code: .invalidResponse, message: "a chunk of the stream is not JSON: \(error)")
        }
        answer.hasHalves = chunk.hasHalves
        try chunks.read(chunk: chunk.value, event: name, into: &answer)
    }

    /// A whole answer of a server that does not stream.
    private mutating func take(document: [UInt8]) throws(ProviderError) {
        let whole: RepairedJSON
        do {
            whole = try RepairedJSON(parsing: document, .textsAndNumbers)
        } catch {
            throw ProviderError(code: .invalidResponse, message: "the answer is not JSON, or not all of it came: \(error)")
        }
        answer.hasHalves = whole.hasHalves
        try chunks.read(document: whole.value, into: &answer)
        answer.isDone = true
    }

    private static func trimmed(_ data: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var data = data.drop { $0 <= 0x20 }
        while let last = data.last, last <= 0x20 { data.removeLast() }
        return data
    }

    private static func isEndMark(_ data: ArraySlice<UInt8>) -> Bool {
        data.elementsEqual("[DONE]".utf8) || data.elementsEqual("[done]".utf8)
    }

    private static func isChunk(_ line: ArraySlice<UInt8>) -> Bool {
        let data = trimmed(line)
        return data.isEmpty || isEndMark(data) || (try? RepairedJSON(parsing: Array(data), .textsAndNumbers)) != nil
    }

    private var patience: Duration {
        if answer.isDone { return doneGrace }
        return answer.hasBegun ? server.stallTimeout : server.firstTokenTimeout
    }

    private mutating func count(_ buffer: ByteBuffer) throws(ProviderError) {
        receivedBytes += buffer.readableBytes
        guard receivedBytes <= server.maxResponseBytes else { throw tooLong(server.maxResponseBytes) }
    }

    private func tooLong(_ limit: Int) -> ProviderError {
        ProviderError(code: .invalidResponse, message: "the response is larger than \(limit) bytes, the provider's max_bytes")
    }
}

/// Reads the JSON of an API's answers; a value that does no input or output.
protocol ChunkReader: Sendable {
    /// Reads one event of a stream.
    mutating func read(chunk: JSON, event: String, into answer: inout PartialAnswer) throws(ProviderError)
    /// Reads a whole answer.
    ///
    /// - Throws: `invalid_response` when there is no answer in it.
    mutating func read(document: JSON, into answer: inout PartialAnswer) throws(ProviderError)
}
