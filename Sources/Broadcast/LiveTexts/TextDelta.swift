import Foundation
import NIOCore
import Store
import Workflow

/// A piece of a text on its way to the rooms.
struct TextDelta: Sendable {
    let tenantID: String
    let taskID: UUID
    let outputID: UUID
    let versionNumber: Int
    let offset: Int
    private(set) var text: String
    /// Of `text`, in UTF-16 units.
    private(set) var length: Int
    let task: TaskFacts?

    init(
        tenantID: String, taskID: UUID, outputID: UUID, versionNumber: Int, offset: Int, text: String, length: Int,
        task: TaskFacts?
    ) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.outputID = outputID
        self.versionNumber = versionNumber
        self.offset = offset
        self.text = text
        self.length = length
        self.task = task
    }

    init(_ delta: OutputDelta, task: TaskFacts?) {
        self.init(
            tenantID: delta.tenantID, taskID: delta.taskID, outputID: delta.outputID,
            versionNumber: delta.versionNumber, offset: delta.offset, text: delta.text,
            length: delta.text.utf16.count, task: task)
    }

    /// Becomes one piece with the next one, when that continues it.
    mutating func merge(_ next: TextDelta) -> Bool {
        guard next.outputID == outputID, next.tenantID == tenantID, next.versionNumber == versionNumber,
            next.offset == offset + length
        else { return false }
        text += next.text
        length += next.length
        return true
    }

    /// What rooms are found by; without a lookup, the task's id only.
    var facts: TaskFacts { task ?? TaskFacts(taskID: taskID) }

    /// `output_delta`: without an `id`, because it is in no log.
    var frame: Frame {
        var json: [UInt8] = []
        json.reserveCapacity(text.utf8.count + 192)
        json.append(contentsOf: #"{"type":"output_delta","task_id":""#.utf8)
        json.append(contentsOf: taskID.uuidString.lowercased().utf8)
        json.append(contentsOf: #"","output_id":""#.utf8)
        json.append(contentsOf: outputID.uuidString.lowercased().utf8)
        json.append(contentsOf: #"","version_number":"#.utf8)
        json.append(contentsOf: String(versionNumber).utf8)
        json.append(contentsOf: #","offset":"#.utf8)
        json.append(contentsOf: String(offset).utf8)
        json.append(contentsOf: #","text":"#.utf8)
        JSON.string(text).write(to: &json)
        json.append(UInt8(ascii: "}"))
        return Frame(cursor: nil, event: StreamFilter.deltaType, data: json)
    }
}
