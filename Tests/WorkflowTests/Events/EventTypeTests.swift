import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct EventTypeTests {
    @Test(arguments: EventType.allCases) func everyTypeReadsBack(_ type: EventType) {
        #expect(EventType(type: type.rawValue) == type)
        #expect(type.isSelectable == (type.isLogged || [.outputDelta, .stepDelta].contains(type)))
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
        let migrations = Self.checkout.appendingPathComponent("migrations")
        let names = try FileManager.default.contentsOfDirectory(atPath: migrations.path).filter { $0.hasSuffix(".up.sql") }
        #expect(!names.isEmpty)
        let sql = try names.map { try Self.text("migrations/\($0)") }.joined()
        let word = #/'([a-z_]+_(?:updated|changed|added|appended|built|selected|recorded|deleted))'/#
        let written = Set(sql.matches(of: word).map { String($0.1) })
        let logged = Set(EventType.allCases.filter(\.isLogged).map(\.rawValue))
        // Clients never get the last one.
        #expect(written.isSubset(of: logged.union(["access_changed"])), "\(written.subtracting(logged))")
        #expect(logged.subtracting(written).isSubset(of: ["custom", "finalists_selected"]), "\(logged.subtracting(written))")
    }

    @Test func theDescriptionOfTheAPIHasTheSameTypes() throws {
        let document = try JSON(parsing: Self.text("Public/openapi.json"))
        let schema = document["components"]?["schemas"]?["EventType"]
        let listed = schema?["anyOf"]?[0]?["enum"]?.array?.compactMap(\.string)
        #expect(listed == EventType.allCases.filter(\.isSelectable).map(\.rawValue))
        for path in ["/api/v1/stream", "/api/v1/tasks/{task_id}/stream"] {
            let parameters = document["paths"]?[path]?["get"]?["parameters"]?.array ?? []
            let types = parameters.first { $0["name"] == "types" }
            #expect(types?["schema"]?["items"]?["$ref"] == "#/components/schemas/EventType", "\(path)")
        }
        let pattern = try #require(schema?["anyOf"]?[1]?["pattern"]?.string.map { try Regex($0) })
        for name in ["custom.x", "custom.Order-1_a.b", "custom.", "custom. x", "custom.é", "custom." + String(repeating: "x", count: 65)] {
            #expect((name.firstMatch(of: pattern) != nil) == EventType.isCustom(name), "\(name)")
        }
    }

    @Test func theDocumentationHasTheSameTypes() throws {
        let page = try Self.text("docs/events.md")
        for type in EventType.allCases { #expect(page.contains("`\(type.rawValue)`"), "\(type.rawValue)") }
    }

    private static let checkout = (0..<4).reduce(URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()) { path, _ in
        path.deletingLastPathComponent()
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: checkout.appendingPathComponent(path), encoding: .utf8)
    }
}
