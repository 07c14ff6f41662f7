import Base
import Workflow

/// A random workflow with the input and the fate of its steps, and what is done to its task on the way: all that its end
/// follows from.
struct RandomGraph: Sendable {
    struct Writer: Sendable {
        let number: Int
        let fate: Fate
        /// What every judge gives its drafts.
        let score: Int
        var slug: String { "w\(number)\(fate.text)" }
    }

    struct Phase: Sendable {
        enum Work: Sendable {
            case transform(RandomExpression, isList: Bool)
            case branch(cases: [(when: RandomExpression, then: [String])], otherwise: [String])
            /// The data of the signals that were sent before the task began; one that did not come is not waited for long.
            case signal(data: [JSON])
            case log
            case delay
            case agent(Fate)
            /// Where it is final, what does not work in a life is not tried again in it.
            case http(Fate, isFinal: Bool)
            case custom(Fate)
            /// People cancel the question, or let it expire, in the first lives of the task.
            case human(heals: Int, expires: Bool)
            case subtask(Fate)
            case write([Writer])
            case edit(editors: Int, Fate, rejects: Int, maxCycles: Int)
            case evaluate([Fate], Stage)
            case select(top: Int)
            case rank([Fate], Stage, method: String, asksPairs: Bool)
        }

        let id: String
        var needs: [String]
        var work: Work
        var when: RandomExpression?
        var list: RandomExpression?
        var maxItems: Int?
        var repeats: (max: Int, until: RandomExpression?)?
        var mayFail = false
        var concurrency: Int?
        var maxAttempts = 1
        /// Editorial phases that work on the same drafts stand in one chain, each behind all those before it.
        var chain: Int?
    }

    /// What is done to the task while it runs.
    struct Disturbance: Sendable {
        /// It is paused, and resumed, when its log has so many events.
        var pausesAt: [Int] = []
        var cancelAt: Int?
        /// How often it is retried, while it fails.
        var retries = 0

        /// Whether runs of steps may be broken off, so that nobody can say how often they run.
        var isRough: Bool { !pausesAt.isEmpty || cancelAt != nil }
    }

    var seed: UInt64
    var input: JSON
    /// Each behind all that it needs.
    var phases: [Phase]
    /// The places of the phases in the definition.
    var order: [Int]
    var disturbance = Disturbance()
    /// A mistake that was put in, and must be found.
    var flaw: String?

    /// Everything before a phase.
    func ancestors(of id: String) -> Set<String> {
        guard let phase = phases.first(where: { $0.id == id }) else { return [] }
        return phase.needs.reduce(into: Set(phase.needs)) { $0.formUnion(ancestors(of: $1)) }
    }
}
