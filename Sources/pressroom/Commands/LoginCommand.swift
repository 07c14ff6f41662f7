import ArgumentParser
import Base
import Client
import Foundation

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Keeps an API key or token for the commands that use a service.",
        discussion: """
            Reads it from --token, PRESSROOM_TOKEN, or standard input, checks it with the service, and writes it to a file that
            only you can read. The file is used for that service only. PRESSROOM_TOKEN and --token go before it.
            """)

    @Flag(help: "Forget the token of the service.")
    var forget = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let address = try client.address
        if forget {
            try TokenFile.standard.set(nil, for: address)
            return Terminal.write("forgot the token for \(SafeText.line(address))")
        }
        guard let token = client.givenToken ?? Self.typed(), !token.isEmpty else {
            throw CommandFailure("no token was given; pipe one in, or set PRESSROOM_TOKEN", status: .usage)
        }
        let me = try await PressroomClient.withClient(baseURL: address, token: token) { try await $0.me() }
        try TokenFile.standard.set(token, for: address)
        let (user, tenant) = (me.json["user_id"]?.string ?? "", me.json["tenant_id"]?.string ?? "")
        Terminal.write(SafeText.line("you are \(user) of tenant \(tenant) at \(address)"))
    }

    private static func typed() -> String? {
        if isatty(STDIN_FILENO) == 1 { Terminal.writeError("API key or token (it is shown as you type; end with Enter):") }
        return readLine()?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// The tokens that `login` keeps, by the address of their service: `~/.config/pressroom/tokens.json`, mode 0600.
struct TokenFile {
    let path: String

    static var standard: TokenFile {
        let environment = ProcessInfo.processInfo.environment
        let base =
            environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
            ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.config"
        return TokenFile(path: base + "/pressroom/tokens.json")
    }

    /// Nil where none is kept for the address, or the file cannot be read.
    func token(for address: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return (try? JSON(parsing: Array(data)))?[address]?.string
    }

    func set(_ token: String?, for address: String) throws {
        let data = FileManager.default.contents(atPath: path)
        var tokens = data.flatMap { try? JSON(parsing: Array($0)) }?.object ?? [:]
        if let token { tokens[address] = .string(token) } else { _ = tokens.removeValue(forKey: address) }
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // A file of its own, which no other user could have opened, takes the place of the old one at once.
        let new = path + ".\(ProcessInfo.processInfo.processIdentifier)"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("cannot write \(new): \(String(cString: strerror(errno)))") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(JSON.object(tokens).utf8))
            try handle.close()
        } catch {
            unlink(new)
            throw error
        }
        guard rename(new, path) == 0 else {
            unlink(new)
            throw CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
