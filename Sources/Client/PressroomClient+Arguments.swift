import Foundation
import Workflow

extension PressroomClient {
    /// An argument that is JSON text; `name` is for the error.
    static func parse(_ data: Data, _ name: String) throws(PressroomError) -> JSON {
        do {
            return try JSON(parsing: data)
        } catch {
            throw PressroomError(code: .invalidArgument, title: "\(name) is not JSON", detail: "\(error)")
        }
    }

    static func ifMatch(_ version: Int?) -> [(name: String, value: String)] {
        version.map { [(name: "if-match", value: "\"\($0)\"")] } ?? []
    }

    static func idempotency(_ key: String?) -> [(name: String, value: String)] {
        key.map { [(name: "idempotency-key", value: $0)] } ?? []
    }
}
