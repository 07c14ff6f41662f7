import ArgumentParser
import Client

/// What is measured: a task of the service, or any two paths of any server.
struct BenchTargetOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Use this task; it is not cancelled afterwards.", valueName: "task-id"))
    var task: String?

    @Option(help: "Read this path instead of a task's stream, of any server.")
    var subscribePath: String?

    @Option(help: "Post to this path instead of a task's events.")
    var publishPath: String?

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (subscribePath == nil) == (publishPath == nil) else {
            throw ValidationError("--subscribe-path and --publish-path come together")
        }
        guard subscribePath == nil || task == nil else { throw ValidationError("give --task or paths, not both") }
        for path in [subscribePath, publishPath].compactMap({ $0 }) where !path.hasPrefix("/") {
            throw ValidationError("paths begin with /")
        }
    }

    /// Runs `body` with the target, on the calling thread; a task that was started for it is cancelled afterwards.
    func withTarget<Value>(_ body: (BenchTarget) throws -> Value) async throws -> Value {
        let server = try ServerAddress(try client.address)
        let token = client.bearerToken
        if let subscribePath, let publishPath {
            return try body(BenchTarget(server: server, token: token, subscribePath: subscribePath, publishPath: publishPath))
        }
        if let task { return try body(BenchTarget(server: server, token: token, taskID: task)) }
        let started = try await client.withClient { client in
            _ = try await client.publishWorkflow(BenchWorkflows.waiting, as: .yaml)
            return try await client.startTask(TaskRequest(workflow: BenchWorkflows.waitingName)).id
        }
        let result = Result { try body(BenchTarget(server: server, token: token, taskID: started)) }
        // What was measured matters more than a task that is left behind; it ends by itself within the hour.
        _ = try? await client.withClient { try await $0.transitionTask(started, .cancel) }
        return try result.get()
    }
}
