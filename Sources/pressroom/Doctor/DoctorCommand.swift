import Base
import ArgumentParser
import Postgres
import Service
import Store
import Workflow

struct DoctorCommand: CleansUp {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks configuration, database, models and port, and says how to correct what is wrong.",
        discussion: """
            Exits with 1 when something fails. With --check it checks the tables instead: what must be true of them at \
            every moment, whatever has crashed; it exits with 3 when the database cannot be reached.
            """)

    @OptionGroup var listen: ListenOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var check: CheckOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let findings = try await check.check ? examineTables() : examine()
        if output.json {
            Terminal.write(JSON.object(["items": .array(findings.map(\.json)), "next": .null]).text)
        } else {
            for finding in findings { write(finding) }
        }
        guard findings.allSatisfy({ $0.status != .failed }) else { throw CommandFailure("") }
    }

    private func examineTables() async throws -> [Finding] {
        do {
            return try await InvariantCheck(configuration: options.load(listen.flags), options: check).findings()
        } catch let error as PostgresError where error.isConnectionProblem {
            throw CommandFailure("the database cannot be reached: \(error.message)", status: .unreachable)
        }
    }

    private func examine() async throws -> [Finding] {
        let configuration: PressroomConfiguration
        let given: [String]
        do {
            let sources = options.sources(listen.flags)
            configuration = try PressroomConfiguration(sources)
            given = try sources.given()
        } catch {
            // The other checks need a configuration.
            return error.problems.map { Finding("configuration", .failed, $0.description) }
        }
        let text = given.isEmpty ? "is valid; everything has its default" : "is valid; set: \(given.joined(separator: ", "))"
        var findings = [Finding("configuration", .ok, text)]
        findings += FileCheck(configuration: configuration).findings()
        findings += await DatabaseCheck(configuration: configuration).findings()
        for provider in try await ProviderFinding.all(of: configuration) {
            findings.append(Finding("provider \(provider.name)", provider.isUsable ? .ok : .failed, provider.summary))
        }
        findings.append(await PortCheck(host: configuration.http.host, port: configuration.http.port).finding())
        return findings
    }

    private func write(_ finding: Finding) {
        let mark = [Finding.Status.ok: "ok", .warning: "warning", .failed: "FAILED"][finding.status] ?? ""
        Terminal.write(DisplayWidth.padded(mark, 7) + "  " + SafeText.line("\(finding.subject): \(finding.text)"))
    }
}

/// The result of one of the doctor's checks.
struct Finding {
    enum Status: String {
        case ok
        /// Works, but perhaps not as expected.
        case warning
        case failed
    }

    var subject: String
    var status: Status
    /// What was found and, unless all is well, how to correct it.
    var text: String
    /// Of an invariant: how many rows break it, and some of them.
    var violations: Int?
    var samples: [String] = []

    init(_ subject: String, _ status: Status, _ text: String) {
        self.subject = subject
        self.status = status
        self.text = text
    }

    var json: JSON {
        var members: JSONObject = [
            "subject": .string(subject), "status": .string(status.rawValue), "text": .string(text),
        ]
        if let violations {
            members["violations"] = .integer(Int64(violations))
            members["samples"] = .array(samples.map(JSON.string))
        }
        return .object(members)
    }
}
