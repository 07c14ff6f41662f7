import Glibc

/// The number of files and sockets that this process may open.
enum OpenFiles {
    /// Raises the limit as far as it may be, and throws when that is not enough for so many sockets.
    static func allow(_ sockets: Int) throws(CommandFailure) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        // What the program has open besides.
        let needed = sockets + 64
        guard limit.rlim_cur >= rlim_t(needed) else {
            throw CommandFailure(
                "\(sockets) connections need \(needed) open files, and the hard limit is \(limit.rlim_max): raise it with ulimit -Hn")
        }
    }
}
