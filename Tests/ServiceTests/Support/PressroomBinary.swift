import Foundation

/// The program under test, as the build has put it beside the tests.
enum PressroomBinary {
    struct Missing: Error, CustomStringConvertible {
        let path: String
        var description: String { "\(path) is not there; build it: swift build --product pressroom" }
    }

    static func path() throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("pressroom").path
        guard FileManager.default.isExecutableFile(atPath: path) else { throw Missing(path: path) }
        return path
    }
}
