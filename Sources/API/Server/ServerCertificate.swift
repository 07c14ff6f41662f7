import Foundation
package import NIOSSL

/// The certificate of a server with those that lead to its root, and its key: what TLS needs.
package struct ServerCertificate: Sendable {
    /// Which of the two files is wrong, and how.
    package struct Failure: Error, Sendable, Hashable {
        package enum File: Sendable, Hashable {
            case certificate
            case key
        }

        package let file: File
        /// The end of a sentence about the file's setting.
        package let detail: String
    }

    package let context: NIOSSLContext

    /// Reads both, in PEM, the server's certificate first. TLS 1.2 and 1.3; HTTP/2 where the client can, else HTTP/1.1.
    package init(certificateFile: String, keyFile: String) throws(Failure) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(try Self.bytes(of: certificateFile, .certificate))
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(file: .certificate, detail: "names '\(certificateFile)', which holds no certificate in PEM")
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: try Self.bytes(of: keyFile, .key), format: .pem)
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(file: .key, detail: "names '\(keyFile)', which holds no private key in PEM without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw Failure(
                file: .key, detail: "names '\(keyFile)', which is not the key of the certificate in '\(certificateFile)'")
        }
    }

    private static func bytes(of path: String, _ file: Failure.File) throws(Failure) -> [UInt8] {
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure(file: file, detail: "names '\(path)', which does not exist")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(file: file, detail: "names '\(path)', which cannot be read")
        }
        return Array(data)
    }
}
