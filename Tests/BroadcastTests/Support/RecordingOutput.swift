import NIOCore

@testable import Broadcast

/// A connection in memory: collects what is written; its reader takes bytes when told to.
final class RecordingOutput: SubscriberOutput {
    /// As a socket's default.
    static let highWaterMark = 65_536

    private let recording: StreamRecording
    private let loop: any EventLoop
    private(set) var unsentBytes = 0
    /// A reader that takes a byte of what is unsent each time it is looked at.
    var takesAByte = false
    /// The most bytes that came in one write.
    private(set) var largestWrite = 0
    private var isReading = true
    private var isDropped = false
    var subscriber: Subscriber?

    init(recording: StreamRecording, loop: any EventLoop) {
        self.recording = recording
        self.loop = loop
    }

    var untakenBytes: Int {
        if takesAByte { unsentBytes = max(0, unsentBytes - 1) }
        return unsentBytes
    }

    var isWritable: Bool { !isDropped && unsentBytes <= Self.highWaterMark }

    func write(_ bytes: ByteBuffer) {
        guard !isDropped else { return }
        recording.append(bytes)
        largestWrite = max(largestWrite, bytes.readableBytes)
        if !isReading { unsentBytes += bytes.readableBytes }
    }

    func drop() {
        isDropped = true
        recording.close(wasDropped: true)
        subscriber?.readerLeft()
    }

    func stopReading() {
        isReading = false
    }

    func readAll() {
        isReading = true
        unsentBytes = 0
        subscriber?.becameWritable()
    }
}
