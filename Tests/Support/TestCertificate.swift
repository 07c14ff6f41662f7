import Foundation

/// A certificate that vouches for itself, for 127.0.0.1, made by `openssl` for one test.
package struct TestCertificate: Sendable {
    package struct Failure: Error {
        package let status: Int32
    }

    package let directory: String
    package var certificate: String { directory + "/certificate.pem" }
    package var key: String { directory + "/key.pem" }

    /// Lends one; its files are removed afterwards.
    package static func with<Value: Sendable>(_ body: @Sendable (TestCertificate) async throws -> Value) async throws -> Value {
        let directory = FileManager.default.temporaryDirectory.path + "/pressroom-certificate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let own = TestCertificate(directory: directory)
        try own.make()
        return try await body(own)
    }

    private func make() throws {
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else { throw Failure(status: openssl.terminationStatus) }
    }
}
