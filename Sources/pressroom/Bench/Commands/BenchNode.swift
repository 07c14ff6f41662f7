import ArgumentParser
import Processor
import Service
import Workflow

/// A node that knows a kind of phase which does nothing: what a step costs without its work.
struct BenchNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Runs the service with a kind of phase that does nothing, `\(Self.kind)`; for measurements.",
        shouldDisplay: false)

    /// Goes the whole way of a step: queue, claim, run, commit, events.
    static let kind = "bench.nothing"

    @OptionGroup var listen: ListenOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let nothing = RegisteredKind(
            name: Self.kind,
            check: { attributes in (attributes.object ?? [:]).keys.sorted().map { Problem(pointer: "/\($0)", detail: "is not a known key") } },
            run: { _ in [:] })
        try await runService(try options.load(listen.flags), ownKinds: [nothing])
    }
}
