/// Where events are posted and read.
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
