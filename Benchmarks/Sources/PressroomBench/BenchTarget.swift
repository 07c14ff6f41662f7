import ArgumentParser
import Client
import Foundation
import Glibc

/// Where events are posted and read, and the requests for it.
struct BenchTarget: Sendable {
    let server: ServerAddress
    let token: String?
    /// Nil for paths that are no task's.
    var taskID: String?
    let subscribePath: String
    let publishPath: String

    init(server: ServerAddress, token: String?, subscribePath: String, publishPath: String) {
        self.server = server
        self.token = token
        self.subscribePath = subscribePath
        self.publishPath = publishPath
    }

    init(server: ServerAddress, token: String?, taskID: String) {
        let task = server.basePath + "/api/v1/tasks/\(taskID)"
        self.init(server: server, token: token, subscribePath: task + "/stream?from=now", publishPath: task + "/events")
        self.taskID = taskID
    }

    /// A reader's request; with a cursor, one that resumes.
    func subscription(lastEventID: String? = nil) -> [UInt8] {
        var head = "GET \(subscribePath) HTTP/1.1\r\nHost: \(server.authority)\r\nAccept: text/event-stream\r\n"
        if let lastEventID { head += "Last-Event-ID: \(lastEventID)\r\n" }
        return Array((head + authorization + "\r\n").utf8)
    }

    /// A request with a JSON body.
    func post(_ body: String, to path: String? = nil) -> [UInt8] {
        let head =
            "POST \(path ?? publishPath) HTTP/1.1\r\nHost: \(server.authority)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n"
        return Array((head + authorization + "\r\n" + body).utf8)
    }

    func get(_ path: String) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: \(server.authority)\r\n\(authorization)\r\n".utf8)
    }

    private var authorization: String { token.map { "Authorization: Bearer \($0)\r\n" } ?? "" }
}

/// The target of the load: a task of the service, or any two paths of any server.
struct TargetOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Use this task; it is not cancelled afterwards.", valueName: "task-id"))
    var task: String?

    @Option(help: "Read this path instead of a task's stream, of any server.")
    var subscribePath: String?

    @Option(help: "Post to this path instead of a task's events.")
    var publishPath: String?

    @OptionGroup var client: ServiceOptions

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
        let server = try ServerAddress(client.url)
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
        // A task that is left behind does not spoil the result; it ends by itself within an hour.
        _ = try? await client.withClient { try await $0.transitionTask(started, .cancel) }
        return try result.get()
    }
}

/// Where a server listens, resolved once; plain HTTP only.
struct ServerAddress: Sendable {
    /// What precedes the API's paths, without a slash at its end.
    let basePath: String
    /// For the `Host` header.
    let authority: String
    private let family: Int32
    private let bytes: [UInt8]

    init(_ url: String) throws(BenchFailure) {
        guard let parts = URLComponents(string: url), parts.scheme == "http", let host = parts.host, !host.isEmpty else {
            throw BenchFailure("only plain HTTP is measured: \(url) must be http://host:port", status: .usage)
        }
        let port = parts.port ?? 80
        basePath = String(parts.path.reversed().drop { $0 == "/" }.reversed())
        authority = "\(host):\(port)"
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let name = host.trimmingCharacters(in: ["[", "]"])
        let status = getaddrinfo(name, String(port), &hints, &found)
        guard status == 0, let first = found?.pointee, let address = first.ai_addr else {
            throw BenchFailure("\(name) cannot be found: \(String(cString: gai_strerror(status)))", status: .unreachable)
        }
        defer { freeaddrinfo(found) }
        family = first.ai_family
        bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(first.ai_addrlen)))
    }

    /// A socket on its way to the server; non-blocking ones are not connected yet. The caller closes it.
    func connect(isBlocking: Bool, receiveBuffer: Int32? = nil) throws(BenchFailure) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(family, isBlocking ? kind : kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { throw .system("cannot open a socket") }
        var on: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        // Before connecting, because it decides the window that is announced.
        if var receiveBuffer { setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        let status = bytes.withUnsafeBytes { raw in
            Glibc.connect(socket, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        guard status == 0 || (!isBlocking && errno == EINPROGRESS) else {
            let failure = BenchFailure.system("cannot connect to \(authority)", status: .unreachable)
            close(socket)
            throw failure
        }
        return socket
    }
}
