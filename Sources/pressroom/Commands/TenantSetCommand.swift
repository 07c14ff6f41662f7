import ArgumentParser
import Base
import Store
import Workflow

struct TenantSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Sets limits of a tenant's own, in place of the service's settings.",
        discussion: """
            'default' takes a limit away again. Running nodes follow within a second; retention counts from their next \
            round, at most an hour later. For example: pressroom tenant set acme --max-steps 8 --events-retention 7d
            """)

    @Argument(help: "Its name.")
    var name: String

    @Option(help: "Steps at a time, over all nodes.")
    var maxSteps: String?

    @Option(help: "Streams at a time, on each node.")
    var maxStreams: String?

    @Option(help: "Requests of all its users together within a minute, on each node.")
    var requestsPerMinute: String?

    @Option(help: "How long its log keeps events, such as 7d.")
    var eventsRetention: String?

    @Option(help: "How long requests and responses of its calls are kept, such as 7d.")
    var callsRetention: String?

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    private func given() throws -> [TenantLimit: Int?] {
        var limits: [TenantLimit: Int?] = [:]
        for (limit, text) in [
            (TenantLimit.steps, maxSteps), (.streams, maxStreams), (.requestsPerMinute, requestsPerMinute),
            (.eventsRetention, eventsRetention), (.callsRetention, callsRetention),
        ] {
            guard let text else { continue }
            limits[limit] = text == "default" ? .some(nil) : try Self.value(text, limit)
        }
        return limits
    }

    private static func value(_ text: String, _ limit: TenantLimit) throws -> Int {
        let range = limit.range
        let value = limit.isDuration ? DurationText.parse(text).map(\.components.seconds).flatMap { Int(exactly: $0) } : Int(text)
        guard let value, range.contains(value) else {
            let bounds =
                limit.isDuration
                ? "a duration of \(DurationText.text(of: .seconds(range.lowerBound))) to \(DurationText.text(of: .seconds(range.upperBound)))"
                : "a whole number of \(range.lowerBound) to \(range.upperBound)"
            let option = "--" + limit.rawValue.replacing("_", with: "-")
            throw ValidationError("\(option) takes \(bounds), or 'default'")
        }
        return value
    }

    func validate() throws {
        if try given().isEmpty { throw ValidationError("name at least one limit; see --help") }
    }

    func run() async throws {
        let limits = try given()
        let row = try await StoreAccess(configuration: options.load()).withStore { try await $0.setTenantLimits(name, limits) }
        Terminal.write(output.json ? row.string : "set \(SafeText.line(name))")
    }
}
