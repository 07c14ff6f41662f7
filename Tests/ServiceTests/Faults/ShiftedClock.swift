import Base
import Foundation
import TestSupport

/// Lets a program see another time of day: a library that is loaded before all others. What measures spans, the
/// monotonic clock, stays as it is.
enum ShiftedClock {
    struct CompilerFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// The environment of a program whose clock is off.
    static func environment(seconds: Int) async throws -> [String: String] {
        ["LD_PRELOAD": try await library.value, "PRESSROOM_TEST_CLOCK_SHIFT": "\(seconds)"]
    }

    private static let library = Task { try await compile() }

    private static func compile() async throws -> String {
        let path = PostgresTestDirectory.own + "/shifted-clock"
        // The server that the other tests share makes the directory and clears it away.
        _ = try await PostgresServer.shared()
        try source.write(toFile: path + ".c", atomically: true, encoding: .utf8)
        let child = try ChildProgram("clang", ["-shared", "-fPIC", "-O1", "-o", path + ".so", path + ".c"], directory: "/tmp")
        guard try await child.exit() == 0 else { throw CompilerFailure(description: child.errors.text) }
        return path + ".so"
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static long shift(void) {
            const char *text = getenv("PRESSROOM_TEST_CLOCK_SHIFT");
            return text ? atol(text) : 0;
        }

        int clock_gettime(clockid_t clock, struct timespec *now) {
            int result = syscall(SYS_clock_gettime, clock, now);
            if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
            return result;
        }

        int gettimeofday(struct timeval *restrict now, void *restrict zone) {
            struct timespec precise;
            int result = clock_gettime(CLOCK_REALTIME, &precise);
            if (result == 0 && now) {
                now->tv_sec = precise.tv_sec;
                now->tv_usec = precise.tv_nsec / 1000;
            }
            return result;
        }

        time_t time(time_t *place) {
            struct timespec precise;
            if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
            if (place) *place = precise.tv_sec;
            return precise.tv_sec;
        }
        """
}
