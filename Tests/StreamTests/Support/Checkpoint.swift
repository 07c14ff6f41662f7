import Base
import Foundation
import Workflow

/// The body of `GET …/state` at one moment.
struct Checkpoint: Sendable {
    let task: StoryTask
    let position: Int64
    let state: JSON

    static func take(_ task: StoryTask, from node: StreamNode) async throws -> Checkpoint {
        let socket = try await StreamSocket.connect(port: node.port, receiveBuffer: 65_536)
        defer { socket.close() }
        try await socket.send(
            "GET /api/v1/tasks/\(task.path)/state HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        var bytes: [UInt8] = []
        while let more = await socket.next() { bytes += more }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("HTTP/1.1 200"), let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw Reading.Wrong(description: "the state of \(task.path): \(text.prefix(200))")
        }
        let state = try JSON(parsing: bytes[head.upperBound...])
        guard let cursor = state["cursor"]?.string.flatMap({ Cursor($0) }) else {
            throw Reading.Wrong(description: "a state without a cursor: \(text.prefix(200))")
        }
        return Checkpoint(task: task, position: cursor.position, state: state)
    }
}
