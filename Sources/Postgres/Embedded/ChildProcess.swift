import CLibPQ
import Dispatch
import Foundation
import Glibc
import Synchronization

/// Runs a program to its end. The program inherits nothing of this process: no open file (a server that it starts would
/// keep the sockets open), no ignored signal, no `PG…` variable.
enum ChildProcess {
    struct Outcome: Sendable {
        /// The exit status; 128 plus the signal when one ended it.
        var status: Int32
        /// Standard output and standard error together.
        var output: String
    }

    /// - Parameter endsWhenCancelled: whether the program is interrupted (SIGINT) when the task is cancelled; otherwise it
    ///   runs to its end then too. `pg_ctl` passes an interrupt on to the server that it starts.
    static func run(_ arguments: [String], endsWhenCancelled: Bool = false) async throws(EmbeddedPostgresError) -> Outcome {
        let process = Handle()
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<Outcome, EmbeddedPostgresError>, Never>) in
                BlockingWork.queue.async {
                    continuation.resume(
                        returning: Result { () throws(EmbeddedPostgresError) in try runBlocking(arguments, process) })
                }
            }
        } onCancel: {
            if endsWhenCancelled { process.interrupt() }
        }
        return try result.get()
    }

    /// The process of a program, as long as it runs.
    final class Handle: Sendable {
        private let state = Mutex<(pid: pid_t?, isInterrupted: Bool)>((nil, false))

        /// Notes the process, until it has been waited for.
        func set(_ pid: pid_t?) {
            state.withLock { state in
                state.pid = pid
                if let pid, state.isInterrupted { kill(pid, SIGINT) }
            }
        }

        func interrupt() {
            state.withLock { state in
                state.isInterrupted = true
                if let pid = state.pid { kill(pid, SIGINT) }
            }
        }
    }

    /// Like `run`, and throws `.command` unless the status is 0.
    static func check(_ arguments: [String], endsWhenCancelled: Bool = false) async throws(EmbeddedPostgresError) {
        let outcome = try await run(arguments, endsWhenCancelled: endsWhenCancelled)
        guard outcome.status != 0 else { return }
        let command = arguments.joined(separator: " ")
        throw EmbeddedPostgresError(
            code: .command,
            message: "\(command) ended with status \(outcome.status): \(outcome.output.trimmingLineEnd)"
        )
    }

    static func runBlocking(_ arguments: [String], _ process: Handle = Handle()) throws(EmbeddedPostgresError) -> Outcome {
        // A file, not a pipe: a server that the program starts would keep a pipe open.
        var template = Array("/tmp/pressroom-output-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw failure("cannot create a temporary file", errno) }
        unlink(template)
        defer { close(file) }

        let pid = try spawn(arguments, output: file)
        process.set(pid)
        // Waits without reaping, so that the number belongs to the process as long as it may be sent a signal.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        process.set(nil)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw failure("cannot wait for \(arguments[0])", errno) }
        }
        lseek(file, 0, SEEK_SET)
        let output = FileHandle(fileDescriptor: file, closeOnDealloc: false).readDataToEndOfFile()
        let signal = status & 0x7F
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal,
            output: String(decoding: output, as: UTF8.self)
        )
    }

    private static func spawn(_ arguments: [String], output: Int32) throws(EmbeddedPostgresError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        // PostgreSQL must be able to enter its working directory, also as another user.
        posix_spawn_file_actions_addchdir_np(&actions, "/")

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2] {
            sigaddset(&signals, signal)
        }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let argumentPointers = arguments.map { strdup($0) } + [nil]
        let environmentPointers = environment.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var pid: pid_t = 0
        let status = posix_spawnp(&pid, arguments[0], &actions, &attributes, argumentPointers, environmentPointers)
        guard status == 0 else { throw failure("cannot run \(arguments[0])", status) }
        return pid
    }

    private static var environment: [String] {
        let inherited = ProcessInfo.processInfo.environment
        let path = inherited["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return ["PATH=\(path)", "LC_ALL=C"] + (inherited["TZ"].map { ["TZ=\($0)"] } ?? [])
    }

    private static func failure(_ text: String, _ number: Int32) -> EmbeddedPostgresError {
        EmbeddedPostgresError(code: .command, failed: text, number)
    }
}

/// The `PG…` variables by which libpq fills in what a connection string leaves out.
enum LibPQEnvironment {
    /// Removes those that this process has. The private server is reached by its socket alone, and libpq has no other way to
    /// ignore a variable: an empty value counts as left out.
    static func clear() {
        var names = ["PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGDATESTYLE", "PGTZ", "PGGEQO"]
        if let options = PQconndefaults() {
            defer { PQconninfoFree(options) }
            var option = options
            while option.pointee.keyword != nil {
                if let name = option.pointee.envvar { names.append(String(cString: name)) }
                option += 1
            }
        }
        for name in names where getenv(name) != nil { unsetenv(name) }
    }
}
