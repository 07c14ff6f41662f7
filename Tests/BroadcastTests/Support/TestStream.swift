import Foundation
import NIOCore
import Store
import Workflow

@testable import Broadcast

/// A stream into memory, from its start to its end.
final class TestStream: Sendable {
    let recording = StreamRecording()
    private let output: NIOLoopBoundBox<RecordingOutput?>
    private let session: StreamSession
    private let hub: Hub
    private let running: Task<StreamOutcome, Never>

    /// Begins after a cursor; without one it begins now.
    ///
    /// - Parameter privacy: as of which its reader's sight was judged; nil: now.
    init(
        _ fixture: HubFixture, filter: StreamFilter = StreamFilter(), after cursor: Cursor? = nil,
        taskEnd: TaskEnd? = nil, isReading: Bool = true, access: (any StreamAccess)? = nil, view: RowView = .whole,
        isRestricted: Bool = false, privacy: Int64? = nil,
        restart: @escaping @Sendable (ResetReason) async throws -> StreamStart = { _ in throw CancellationError() }
    ) async throws {
        let loop = fixture.hub.eventLoops[Int.random(in: 0..<fixture.hub.eventLoops.count)]
        let output = NIOLoopBoundBox<RecordingOutput?>.makeEmptyBox(eventLoop: loop)
        let recording = recording
        let head = try await fixture.head()
        fixture.hub.follow(head)
        guard fixture.hub.admit(HubFixture.reader) == nil else { throw CancellationError() }
        let session = try await StreamSession(
            StreamRequest(tenantID: HubFixture.tenantID, filter: filter, view: view, isRestricted: isRestricted),
            hub: fixture.hub, store: fixture.store, access: access, on: loop, logger: fixture.logger
        ) { subscribe in
            let connection = RecordingOutput(recording: recording, loop: loop)
            if !isReading { connection.stopReading() }
            let subscriber = subscribe(connection)
            connection.subscriber = subscriber
            output.value = connection
            return subscriber
        }
        let start = StreamStart(
            cursor: cursor ?? head.cursor, openingCursor: cursor ?? head.cursor, taskEnd: taskEnd,
            privacy: privacy ?? head.privacy)
        self.output = output
        self.session = session
        let hub = fixture.hub
        self.hub = hub
        running = Task {
            let outcome = await session.run(start, restart: restart)
            hub.release(HubFixture.reader)
            recording.close(wasDropped: recording.wasDropped)
            return outcome
        }
    }

    var outcome: StreamOutcome {
        get async { await running.value }
    }

    /// The reader goes away, at once; answers the cursor that it has.
    func disconnect() async -> Cursor? {
        running.cancel()
        _ = await running.value
        hub.unfollow(tenantID: HubFixture.tenantID)
        return recording.lastID.flatMap(Cursor.init)
    }

    func stopReading() async throws {
        try await output.eventLoop.submit { [output] in output.value?.stopReading() }.get()
    }

    /// From now on the reader takes a byte each time the connection is looked at.
    func readSlowly() async throws {
        try await output.eventLoop.submit { [output] in output.value?.takesAByte = true }.get()
    }

    /// What its connection holds unsent (after a cut: held then), and the most that came in one write.
    func unsent() async throws -> (bytes: Int, largestWrite: Int) {
        try await output.eventLoop.submit { [output] in
            (output.value?.unsentBytes ?? 0, output.value?.largestWrite ?? 0)
        }.get()
    }

    func readAll() async throws {
        try await output.eventLoop.submit { [output] in output.value?.readAll() }.get()
    }

    /// Waits until the reader has an event at or after a position.
    @discardableResult
    func reaches(_ position: Int64) async -> Bool {
        await recording.wait { ($0.last { $0.position != nil }?.position ?? 0) >= position }
    }
}
