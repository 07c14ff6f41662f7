import Base
import Foundation
import Processor
import Service
import Workflow

/// A service with a kind of phase that does nothing, `bench.nothing`: what a step costs without its work. Its steps go
/// the whole way: queue, claim, run, commit, events.
///
/// Settings come from the environment and from `pressroom.yaml`, as for `pressroom serve`.
@main
enum BenchNode {
    static func main() async throws {
        let nothing = RegisteredKind(
            name: "bench.nothing",
            check: { attributes in
                (attributes.object ?? [:]).keys.sorted().map { Problem(pointer: "/\($0)", detail: "is not a known key") }
            },
            run: { _ in [:] })
        let sources = ConfigurationSources(
            environment: ProcessInfo.processInfo.environment, workingDirectory: FileManager.default.currentDirectoryPath)
        try await runService(try PressroomConfiguration(sources), customKinds: [nothing])
    }
}
