public import CoreMetrics
import Foundation
import Service
import Telemetry

/// The service, as part of your own program.
public enum Pressroom {
    /// The metrics of the node, as a backend of `swift-metrics`. A program that gives it to `MetricsSystem.bootstrap`, alone or
    /// in a `MultiplexMetricsHandler`, has its own metrics and those of its libraries in the node's `/metrics`.
    public static var metrics: any MetricsFactory { MetricRegistry.shared }

    /// Runs a node like `pressroom serve`, with phase kinds of your own, until SIGTERM or SIGINT.
    ///
    /// Settings come from `settings` (`["http.port": "9090"]`), then the environment (`PRESSROOM_HTTP_PORT`), then
    /// `pressroom.yaml` in the working directory; `docs/configuration.md` lists them. Where the program is not inside a
    /// checkout, `database.migrations_directory` and `public_directory` must name the directories of one.
    ///
    /// - Throws: ``StartProblem`` with everything that is wrong with the settings and kinds; any other error that keeps the
    ///   node from starting.
    public static func serve(kinds: [any CustomKind], settings: [String: String] = [:]) async throws {
        let registered = kinds.map(\.registered)
        do {
            let sources = ConfigurationSources(
                flags: settings.sorted { $0.key < $1.key }.map { .init(name: $0.key, key: $0.key, value: $0.value) },
                environment: ProcessInfo.processInfo.environment, workingDirectory: FileManager.default.currentDirectoryPath)
            try await runService(try PressroomConfiguration(sources), customKinds: registered)
        } catch let error as ConfigurationError {
            throw StartProblem(description: "\(error)")
        }
    }
}

/// Why a node could not start.
public struct StartProblem: Error, CustomStringConvertible, Sendable {
    public let description: String
}
