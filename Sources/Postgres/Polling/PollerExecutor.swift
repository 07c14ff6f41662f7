import Dispatch
import Synchronization

/// Runs tasks on the poller's thread, so that a response of the server continues its task without waking another thread.
///
/// Only for loops that spend their time on the database and compute little: a job on this thread delays every connection
/// of the process. Use it as `withTaskExecutorPreference(PollerExecutor.shared) { … }`.
package final class PollerExecutor: TaskExecutor {
    package static let shared = PollerExecutor()

    private struct State {
        var jobs: [UnownedJob] = []
        var isWaking = false
    }

    private let state = Mutex(State())

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard let poller = try? SocketPoller.shared.get() else {
            // Without a poller there are no connections, and any thread will do.
            BlockingWork.queue.async { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
            return
        }
        let mustWake = state.withLock { state in
            state.jobs.append(job)
            guard !state.isWaking, !poller.isCurrentThread else { return false }
            state.isWaking = true
            return true
        }
        if mustWake { poller.wake() }
    }

    /// Runs what has been enqueued so far, on the poller's thread. Returns whether more has come meanwhile.
    func runJobs() -> Bool {
        let jobs = state.withLock { state in
            state.isWaking = false
            let jobs = state.jobs
            state.jobs.removeAll(keepingCapacity: false)
            return jobs
        }
        if jobs.isEmpty { return false }
        for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        return state.withLock { !$0.jobs.isEmpty }
    }
}

/// The queue for calls that block: name resolution, authentication, cancel requests, child processes.
enum BlockingWork {
    static let queue = DispatchQueue(label: "postgres-blocking", attributes: .concurrent)
}
