import Base
import Foundation
import TestSupport
import Testing

/// A service with TLS, as `curl` sees it.
@Suite struct SecureServiceTests {
    /// HTTP/1.1 too: its streams may not leave the way of those without TLS.
    @Test(arguments: [("--http2", "2"), ("--http1.1", "1.1")])
    func streamsEndCleanlyWithTheService(option: String, version: String) async throws {
        try await TestCertificate.with { files in
            let yaml = """
                http: {tls_certificate: "\(files.certificate)", tls_key: "\(files.key)"}
                streams: {drain: 300ms}
                """
            try await withService(ServiceSetup(yaml: yaml)) { service in
                let curl = try ChildProgram(
                    "/usr/bin/env",
                    [
                        "curl", option, "--insecure", "--no-buffer", "--silent", "--show-error", "--noproxy", "*",
                        "--header", "accept: text/event-stream", "--write-out", "version %{http_version}\\n",
                        "https://127.0.0.1:\(service.port)/api/v1/stream",
                    ], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], directory: service.directory)
                let line = try await within(.seconds(30), "the first bytes") { await curl.output.first { $0.hasPrefix("id: ") } }
                #expect(line != nil, "\(curl.errors.text)")
                #expect(try await service.terminate() == 0)
                #expect(try await within(.seconds(30), "curl to end") { try await curl.exit() } == 0, "\(curl.errors.text)")
                #expect(curl.output.lines.contains("version \(version)"))
                #expect(service.errorLines.isEmpty, "\(service.errorLines)")
            }
        }
    }

    /// A port scanner, or a balancer that only looks whether somebody listens.
    @Test func whoOnlyConnectsDoesNotHoldUpTheEnd() async throws {
        try await TestCertificate.with { files in
            let yaml = """
                http: {tls_certificate: "\(files.certificate)", tls_key: "\(files.key)", request_timeout: 1h}
                streams: {drain: 0ms}
                """
            try await withService(ServiceSetup(yaml: yaml)) { service in
                let port = service.port
                let isConnected = Eventual<Void>()
                async let silent: Void = RawConnection.with(port: port) { connection in
                    // A record of TLS that is not whole.
                    try await connection.send("\u{16}\u{03}")
                    isConnected.set(())
                    _ = try await connection.restText()
                }
                try await isConnected.get()
                let status = try await within(.seconds(60), "the service to end") { try await service.terminate() }
                #expect(status == 0)
                try await silent
            }
        }
    }

    @Test func aMissingCertificateIsNamedBeforeAnythingStarts() async throws {
        let directory = FileManager.default.temporaryDirectory.path
        for (flag, key) in [("--tls-certificate", "http.tls_key"), ("--tls-key", "http.tls_certificate")] {
            let child = try ChildProgram(PressroomBinary.path(), ["serve", flag, "missing.pem"], directory: directory)
            #expect(try await within(.seconds(30), "the end") { try await child.exit() } != 0)
            #expect(child.errors.text.contains("\(key) is not set"), "\(child.errors.text)")
        }
        let child = try ChildProgram(
            PressroomBinary.path(), ["serve", "--tls-certificate", "missing.pem", "--tls-key", "missing.pem"], directory: directory)
        #expect(try await within(.seconds(30), "the end") { try await child.exit() } != 0)
        #expect(child.errors.text.contains("http.tls_certificate names"), "\(child.errors.text)")
        #expect(child.errors.text.contains("does not exist"))
    }
}
