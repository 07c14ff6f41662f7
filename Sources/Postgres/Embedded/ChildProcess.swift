import CLibPQ
import Dispatch
import Foundation
import Glibc

/// Runs a program to its end. The program inherits nothing of this process: no open file (a server that it starts would
/// keep the sockets open), no ignored signal, no `PG…` variable.
enum ChildProcess {
    struct Outcome: Sendable {
        /// The exit status; 128 plus the signal when one ended it.
        var status: Int32
        /// Standard output and standard error together.
        var output: String
    }

    static func run(_ arguments: [String]) async throws(EmbeddedPostgresError) -> Outcome {
        let result = await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<Outcome, EmbeddedPostgresError>, Never>) in
            BlockingWork.queue.async {
                continuation.resume(returning: Result { () throws(EmbeddedPostgresError) in try runBlocking(arguments) })
            }
        }
        return try result.get()
    }

    /// Like `run`, and throws `.command` unless the status is 0.
    static func check(_ arguments: [String]) async throws(EmbeddedPostgresError) {
        let outcome = try await run(arguments)
        guard outcome.status != 0 else { return }
        let command = arguments.joined(separator: " ")
        throw EmbeddedPostgresError(
            code: .command,
            message: "\(command) ended with status \(outcome.status): \(outcome.output.trimmingLineEnd)"
        )
    }

    static func runBlocking(_ arguments: [String]) throws(EmbeddedPostgresError) -> Outcome {
        // A file, not a pipe: a server that the program starts would keep a pipe open.
        var template = Array("/tmp/pressroom-output-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw failure("cannot create a temporary file", errno) }
        unlink(template)
        defer { close(file) }

        let pid = try spawn(arguments, output: file)
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
