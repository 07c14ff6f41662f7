import API
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// TLS by itself, and HTTP/1.1 over it.
@Suite struct TLSTests {
    @Test func streamsWorkInHTTP1() async throws {
        try await SecureFixture.with(http1Only: true) { secure in
            let stream = try await secure.open("/api/v1/stream?from=now")
            #expect(stream.version == .http1_1 && stream.status == .ok)
            async let positions = stream.positions(5)
            try await secure.publish(5)
            #expect(try await positions.count == 5)
        }
    }

    @Test func whoSpeaksNoTLSIsClosed() async throws {
        try await SecureFixture.with(configure: { $0.idleTimeout = .seconds(3) }) { secure in
            let plain = try await exchange(port: secure.api.port, ["GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"])
            #expect(!plain.contains("HTTP/1.1"))
            // Who says nothing at all waits for the end of the time.
            #expect(try await exchange(port: secure.api.port, []).isEmpty)
        }
    }

    @Test(arguments: ["", "no frame of HTTP/2, and no preface either\r\n\r\n"])
    func whoSpeaksNoHTTP2IsClosed(_ text: String) async throws {
        try await SecureFixture.with(configure: { $0.idleTimeout = .seconds(5) }) { secure in
            let program = Process()
            program.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            program.arguments = [
                "openssl", "s_client", "-connect", "127.0.0.1:\(secure.api.port)", "-alpn", "h2", "-quiet",
            ]
            let (input, output) = (Pipe(), Pipe())
            program.standardInput = input
            program.standardOutput = output
            program.standardError = FileHandle.nullDevice
            let ended = AsyncStream<Void>.makeStream()
            program.terminationHandler = { _ in ended.continuation.finish() }
            try program.run()
            input.fileHandleForWriting.write(Data(text.utf8))
            for await _ in ended.stream {}  // it ends when the server has closed
            #expect(try !output.fileHandleForReading.readToEnd().isNilOrEmpty, "the server has sent its settings")
        }
    }

    @Test func wrongFilesAreNamed() async throws {
        try await TestCertificate.with { good in
            try await TestCertificate.with { other in
                let missing = good.directory + "/missing.pem"
                let wrong: [(String, String, ServerCertificate.Failure.File, String)] = [
                    (missing, good.key, .certificate, "does not exist"), (good.certificate, missing, .key, "does not exist"),
                    (good.directory, good.key, .certificate, "cannot be read"),
                    (good.key, good.key, .certificate, "holds no certificate"),
                    (good.certificate, good.certificate, .key, "holds no private key"),
                    (good.certificate, other.key, .key, "is not the key of"),
                ]
                for (certificate, key, file, detail) in wrong {
                    let failure = #expect(throws: ServerCertificate.Failure.self) {
                        try ServerCertificate(certificateFile: certificate, keyFile: key)
                    }
                    #expect(failure?.file == file && failure?.detail.contains(detail) == true, "\(detail): \(String(describing: failure))")
                }
            }
        }
    }
}

extension Data? {
    fileprivate var isNilOrEmpty: Bool { self?.isEmpty ?? true }
}
