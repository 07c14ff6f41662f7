import Foundation
import Glibc
import Synchronization

/// A program that runs as a child of the tests.
final class ChildProgram: Sendable {
    struct SpawnError: Error {
        let program: String
        let code: Int32
    }

    let pid: pid_t
    let output = LineLog()
    let errors = LineLog()
    /// The exit status; 128 plus the signal when one ended it.
    private let status = Eventual<Int32>()

    /// What still runs, so that a test process that ends leaves nothing behind.
    private static let running = Mutex<Set<pid_t>>([])
    private static let cleanUp: Void = {
        atexit { for pid in ChildProgram.running.withLock({ $0 }) { kill(pid, SIGKILL) } }
        return ()
    }()

    /// - Parameter environment: everything that the program sees, besides `PATH`.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:], directory: String) throws {
        _ = Self.cleanUp
        // One at a time, so that none inherits the pipes of another.
        let (pid, outputEnd, errorEnd) = try Self.running.withLock { running in
            let (output, errors) = (try Pipe(), try Pipe())
            defer { for pipe in [output, errors] { close(pipe.writing) } }
            do {
                let pid = try Self.spawn(
                    program, arguments, environment: environment, directory: directory, output: output.writing,
                    errors: errors.writing)
                running.insert(pid)
                return (pid, output.reading, errors.reading)
            } catch {
                for pipe in [output, errors] { close(pipe.reading) }
                throw error
            }
        }
        self.pid = pid
        Self.read(outputEnd, into: output)
        Self.read(errorEnd, into: errors)
        Thread.detachNewThread { [status] in
            var result: Int32 = 0
            while waitpid(pid, &result, 0) < 0, errno == EINTR {}
            _ = Self.running.withLock { $0.remove(pid) }
            let signal = result & 0x7F
            status.set(signal == 0 ? (result >> 8) & 0xFF : 128 + signal)
        }
    }

    /// Nil while it runs.
    var exitStatus: Int32? { status.value }

    func send(_ signal: Int32) {
        if status.value == nil { kill(pid, signal) }
    }

    /// Waits for its end and for everything that it wrote.
    func exit() async throws -> Int32 {
        let status = try await status.get()
        await output.end()
        await errors.end()
        return status
    }

    /// A pipe that no program inherits by itself.
    private struct Pipe {
        let reading: Int32
        let writing: Int32

        init() throws(SpawnError) {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw SpawnError(program: "pipe", code: errno) }
            (reading, writing) = (ends[0], ends[1])
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
    }

    private static func read(_ descriptor: Int32, into log: LineLog) {
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = Glibc.read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                log.append(buffer[..<count])
            }
            close(descriptor)
            log.finish()
        }
    }

    private static func spawn(
        _ program: String, _ arguments: [String], environment: [String: String], directory: String, output: Int32, errors: Int32
    ) throws(SpawnError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)

        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let variables = ["PATH=\(path)", "LC_ALL=C.UTF-8"] + environment.map { "\($0.key)=\($0.value)" }
        let command = ["/usr/bin/env", "-C", directory, program] + arguments
        let argumentPointers = command.map { strdup($0) } + [nil]
        let environmentPointers = variables.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, command[0], &actions, nil, argumentPointers, environmentPointers)
        guard code == 0 else { throw SpawnError(program: program, code: code) }
        return pid
    }
}
