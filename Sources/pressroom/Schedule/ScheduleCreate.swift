import ArgumentParser
import Client
import Foundation
import Workflow

struct ScheduleCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Adds a schedule, out of a file, of options, or of a file with options over it.",
        discussion: "For example: pressroom schedule create --workflow launch-post --cron '30 6 * * mon-fri'")

    @Argument(help: "A YAML or JSON file with the schedule's keys; - for standard input.")
    var file: String?

    @OptionGroup var values: ScheduleOptions

    @Option(help: "The same key with the same request answers the first schedule again.")
    var idempotencyKey: String?

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let body = Data(try values.json(over: file).utf8)
        let schedule = try await client.withClient {
            try await $0.createSchedule(body, idempotencyKey: idempotencyKey)
        }
        if output.json { return output.write(schedule.document) }
        Terminal.write(ScheduleText.line(schedule))
    }
}
