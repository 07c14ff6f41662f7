import Base
import Foundation
import Store
import Workflow

/// What routes do in a transaction with their response, in one of its own.
extension Store {
    func addSignal(_ scope: Scope, taskID: UUID, name: String, data: JSON) async throws {
        try await write(scope) { try await addSignal(on: $0, scope, taskID: taskID, name: name, data: data) }
    }

    func actOnHumanTask(
        _ scope: Scope, _ id: UUID, _ action: HumanTaskAction, ifVersion: RowVersions? = nil
    ) async throws -> HumanTaskView {
        try await write(scope) { try await actOnHumanTask(on: $0, scope, id, action, ifVersion: ifVersion) }
    }
}
