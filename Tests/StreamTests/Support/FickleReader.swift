import Base
import TestSupport
import Workflow

/// Reads a stream over many connections to any of the nodes: leaves at any byte, reads slowly or not at all for a while,
/// and goes on with the last id that it has seen.
struct FickleReader: Sendable {
    enum Beginning: Sendable {
        case nothing
        case earliest
        case now
        case after(Cursor)
        /// With the body of `GET …/state`.
        case restored(JSON)
    }

    /// What a reader does with one connection.
    private enum Mood: Sendable {
        case leavesAfterBytes(Int)
        case leavesAfterEvents(Int)
        /// Takes nothing until so many transactions were committed, then all that is left.
        case stalls(commits: Int)
        case stays
    }

    let name: String
    let stage: Stage
    let filter: ReaderFilter
    let beginning: Beginning
    /// A task's stream ends with its task: the reader reads on until it is told that there is nothing more.
    let readsToTheEnd: Bool
    /// The event of the mark that comes last in this stream.
    let lastMark: StoryTask
    let rounds: Int
    var generator: SeededGenerator
    private(set) var reading = Reading()
    private(set) var connections = 0
    private(set) var cuts = 0
    private var lastEventID = ""
    private var isDone = false
    /// A stream of a task says that it ends; only a reader that left before that is told so by a 204.
    private var endedSilently = false
    private(set) var wasToldOfEnd = false
    private var isAnchored = false

    init(
        name: String, on stage: Stage, filter: ReaderFilter, beginning: Beginning, readsToTheEnd: Bool, lastMark: StoryTask,
        rounds: Int, generator: SeededGenerator
    ) throws {
        self.name = name
        self.stage = stage
        self.filter = filter
        self.beginning = beginning
        self.readsToTheEnd = readsToTheEnd
        self.lastMark = lastMark
        self.rounds = rounds
        self.generator = generator
        switch beginning {
        case .restored(let state):
            reading = try Reading(state: state)
            lastEventID = state["cursor"]?.string ?? ""
        case .after(let cursor):
            reading = Reading(cursor: cursor)
            lastEventID = cursor.description
        case .nothing, .earliest, .now: break
        }
    }

    mutating func run() async throws {
        defer { anchor() }
        while !isDone {
            try Task.checkCancellation()
            try await visit(connections < rounds ? mood() : .stays)
            connections += 1
        }
        stage.journal.note(name, "done")
    }

    private mutating func mood() -> Mood {
        switch generator.next(below: 8) {
        case 0, 1, 2: .leavesAfterBytes(1 + Int(generator.next(below: 1 << (4 + generator.next(below: 12)))))
        case 3, 4: .leavesAfterEvents(Int(generator.next(below: 20)))
        case 5, 6: .stalls(commits: Int(generator.next(below: 8)))
        default: .stalls(commits: 1000)
        }
    }

    private mutating func visit(_ mood: Mood) async throws {
        let node = stage.nodes[Int(generator.next(below: UInt64(stage.nodes.count)))]
        stage.journal.note(name, "\(filter.path) \(beginning.name): \(mood) after \(lastEventID) on \(node.port)")
        let isSlow = generator.next(below: 8) == 0
        let socket = try await StreamSocket.connect(port: node.port, pieces: isSlow ? 200 : 65_536)
        defer { socket.close() }
        try await socket.send(request())
        if case .stalls(let commits) = mood { await stage.progress.wait(for: stage.progress.count + commits) }
        var (bytesLeft, eventsLeft) = (Int.max, Int.max)
        if case .leavesAfterBytes(let count) = mood { bytesLeft = count }
        if case .leavesAfterEvents(let count) = mood { eventsLeft = reading.events.count + count }
        var response = StreamResponse(lastEventID: lastEventID)
        var isFirst = true
        while bytesLeft > 0, reading.events.count < eventsLeft, !response.isComplete, let bytes = await socket.next() {
            for block in try response.append(bytes.prefix(bytesLeft)) where !isDone {
                if isFirst, !lastEventID.isEmpty, block.id != lastEventID, block.name != "reset" {
                    throw Reading.Wrong(description: "after \(lastEventID) the stream opens with \(block)")
                }
                isFirst = false
                try take(block)
            }
            bytesLeft -= bytes.count
            lastEventID = response.lastEventID
            // The end may be known only after the last event came; a heartbeat without a cursor brings bytes, and no block.
            if !readsToTheEnd, reading.base != nil, let end = stage.end.position, let position = Cursor(lastEventID)?.position,
                position >= end
            {
                isDone = true
            }
            stage.journal.note(name, "\(filter.path) \(beginning.name): \(mood) read up to \(lastEventID) on \(node.port)")
            if isDone { return }
        }
        switch response.status {
        case nil, 200: endedSilently = response.isComplete && !reading.sawEnd
        case 204 where filter.task != nil:
            isDone = true
            // It left between the last event and `end`.
            wasToldOfEnd = !endedSilently
        default: throw Reading.Wrong(description: "the stream of \(filter.path) answered \(response.status ?? 0)")
        }
        let wantedToLeave = bytesLeft <= 0 || reading.events.count >= eventsLeft
        if !wantedToLeave, !response.isComplete, !isDone { cuts += 1 }
    }

    private mutating func take(_ block: ReferenceEventStream.Block) throws {
        try reading.take(block)
        if reading.base != nil { anchor() }
        guard !readsToTheEnd else { return }
        if block.name == ReaderFilter.mark, let data = block.data {
            isDone = try JSON(parsing: data)["task_id"]?.string == lastMark.path
        } else if reading.base != nil, let end = stage.end.position, let position = Cursor(block.lastEventID)?.position {
            // Past the mark without having seen it: after a reset, or on a heartbeat. What is missing shows in the end.
            isDone = position >= end
        }
    }

    private mutating func anchor() {
        if !isAnchored { stage.anchors.advance() }
        isAnchored = true
    }

    private mutating func request() -> String {
        var path = filter.path
        var header = ""
        var query = ""
        if !lastEventID.isEmpty {
            if generator.next(below: 2) == 0 {
                query = "cursor=\(lastEventID)"
            } else {
                header = "Last-Event-ID: \(lastEventID)\r\n"
            }
        } else if case .earliest = beginning {
            query = "from=earliest"
        } else if case .now = beginning {
            query = "from=now"
        }
        if !query.isEmpty { path += (path.contains("?") ? "&" : "?") + query }
        return "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\(header)\r\n"
    }
}
