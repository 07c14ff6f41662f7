import Base
import Foundation
import Synchronization
import Workflow

/// How the calls of a step go: none works in the first `heals` lives of its task (a retry begins a new one), and of all
/// its calls the first `failures` fail whatever comes.
struct Fate: Sendable, Hashable {
    var failures: Int
    var heals: Int

    /// As it stands in the slug of an agent.
    var text: String { "f\(failures)h\(heals)" }

    init(failures: Int, heals: Int) {
        self.failures = failures
        self.heals = heals
    }

    /// Reads the end of a slug.
    init(_ slug: String) {
        let numbers = slug.split { !$0.isNumber }.compactMap { Int($0) }.suffix(2)
        self.init(failures: numbers.first ?? 0, heals: numbers.last ?? 0)
    }
}

/// Lets calls fail as their fates say.
final class Fates: Sendable {
    private let state = Mutex((lives: [String: Int](), calls: [String: Int]()))

    /// Before a retry.
    func beginLife(of task: UUID) {
        state.withLock { $0.lives[task.text, default: 0] += 1 }
    }

    func life(of task: String) -> Int {
        state.withLock { $0.lives[task] ?? 0 }
    }

    /// Whether the next call with this key works.
    func works(_ task: String, _ key: String, _ fate: Fate) -> Bool {
        state.withLock { state in
            state.calls[task + " " + key, default: 0] += 1
            return state.lives[task] ?? 0 >= fate.heals && state.calls[task + " " + key] ?? 0 > fate.failures
        }
    }
}
