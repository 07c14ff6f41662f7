import Base
import ArgumentParser
import Client
import Foundation

/// The service's address and the caller's credentials, for every command that uses a service.
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

    /// The credentials that were given for this command.
    var givenToken: String? { token ?? variable("PRESSROOM_TOKEN") }

    /// Runs `body` with a client of the service. Its credentials are those given, else those that `login` keeps.
    func withClient<Value: Sendable>(_ body: (PressroomClient) async throws -> Value) async throws -> Value {
        let address = try address
        return try await PressroomClient.withClient(
            baseURL: address, token: givenToken ?? TokenFile.standard.token(for: address), body)
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

/// One page of a list.
struct PageOptions: ParsableArguments {
    @Option(help: "How many, 1…500.")
    var limit = 50

    @Option(help: "The 'next' of the page before.")
    var after: String?

    /// Writes a page for people, and how to get the next one.
    func write(_ table: TextTable, next: String?, ifEmpty: String) {
        Terminal.write(table.rows.isEmpty ? ifEmpty : table.text)
        if let next { Terminal.write("more: --after \(SafeText.line(next))") }
    }

    func validate() throws {
        guard (1...500).contains(limit) else { throw ValidationError("--limit must be 1…500") }
    }
}
