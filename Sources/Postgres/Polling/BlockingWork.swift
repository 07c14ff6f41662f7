import Dispatch

/// Where calls run that block: name resolution, authentication, cancel requests, child processes.
enum BlockingWork {
    static let queue = DispatchQueue(label: "postgres-blocking", attributes: .concurrent)
}
