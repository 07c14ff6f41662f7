import ArgumentParser
import Client
import Foundation

/// Where the service is, for every command that talks to one.
struct ClientOptions: ParsableArguments {
    @Option(help: "The service's address (or PRESSROOM_URL; default http://127.0.0.1:8080).")
    var url: String?

    @Option(help: "An API key or token (better: PRESSROOM_TOKEN).")
    var token: String?

    func validate() throws {
        if let url, !["http://", "https://"].contains(where: url.hasPrefix) {
            throw ValidationError("--url must begin with http:// or https://")
        }
    }

    /// Where the service is.
    var address: String {
        get throws {
            let address = url ?? variable("PRESSROOM_URL") ?? "http://127.0.0.1:8080"
            guard ["http://", "https://"].contains(where: address.hasPrefix) else {
                throw CommandFailure("PRESSROOM_URL must begin with http:// or https://", status: .usage)
            }
            return address
        }
    }

    /// What proves who is asking.
    var bearerToken: String? { token ?? variable("PRESSROOM_TOKEN") }

    /// Runs `body` with a client of the service.
    func withClient<Value: Sendable>(_ body: (PressroomClient) async throws -> Value) async throws -> Value {
        try await PressroomClient.withClient(baseURL: address, token: bearerToken, body)
    }

    private func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// How results are shown.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Write JSON, as the service sends it.")
    var json = false

    /// One document as one line.
    func write(_ document: Document) {
        Terminal.write(String(decoding: document.data, as: UTF8.self))
    }
}

/// Which part of a list.
struct PageOptions: ParsableArguments {
    @Option(help: "How many, 1…500.")
    var limit = 50

    @Option(help: "Where the page before ended: its 'next'.")
    var after: String?

    func validate() throws {
        guard (1...500).contains(limit) else { throw ValidationError("--limit must be 1…500") }
    }
}
