import Foundation
import Store

@testable import Broadcast

/// Events made by hand.
enum Samples {
    static func event(
        _ position: Int64, type: String = "custom", task: TaskFacts = TaskFacts(taskID: UUID()),
        status: String? = nil, data: String = "{}"
    ) -> PublishedEvent {
        PublishedEvent(
            EventRow(position: position, type: type, task: task, taskStatus: status, data: JSONText(data)), epoch: "e1")
    }
}
