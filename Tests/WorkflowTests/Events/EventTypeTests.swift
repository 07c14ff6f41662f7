import Foundation
import Testing

@testable import Workflow

@Suite struct EventTypeTests {
    @Test(arguments: EventType.allCases) func everyTypeReadsBack(_ type: EventType) {
        #expect(EventType(type: type.rawValue) == type)
        #expect(type.isSelectable == (type.isLogged || type == .outputDelta))
    }

    @Test(arguments: ["custom", "custom.x", "custom.Order-1_a.b", "custom." + String(repeating: "x", count: 64)])
    func customTypesAreOneCase(_ type: String) {
        #expect(EventType(type: type) == .custom)
    }

    @Test(arguments: [
        "", "custom.", "custom. x", "customs", "customx", "custom.é", "Custom.x", "task", "task_updated.x",
        "custom." + String(repeating: "x", count: 65),
    ])
    func othersAreUnknown(_ type: String) {
        #expect(EventType(type: type) == nil && !EventType.isCustom(type))
    }

    /// The triggers write no type that is not here, and each logged type but those that the service appends itself.
    @Test func theTriggersWriteTheSameTypes() throws {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let migrations = (0..<4).reduce(file) { path, _ in path.deletingLastPathComponent() }.appendingPathComponent("migrations")
        let names = try FileManager.default.contentsOfDirectory(atPath: migrations.path).filter { $0.hasSuffix(".up.sql") }
        #expect(!names.isEmpty)
        let sql = try names.map { try String(contentsOf: migrations.appendingPathComponent($0), encoding: .utf8) }.joined()
        let word = #/'([a-z_]+_(?:updated|changed|added|appended|built|selected|recorded|deleted))'/#
        let written = Set(sql.matches(of: word).map { String($0.1) })
        let logged = Set(EventType.allCases.filter(\.isLogged).map(\.rawValue))
        #expect(written.isSubset(of: logged), "\(written.subtracting(logged))")
        #expect(logged.subtracting(written).isSubset(of: ["custom", "finalists_selected"]), "\(logged.subtracting(written))")
    }
}
