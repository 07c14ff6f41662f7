import Store
import Telemetry
import Workflow

/// What the processor counts of its steps.
enum StepMeasures {
    static func claimed(_ count: Int, since start: ContinuousClock.Instant) {
        Instruments.claims.increment()
        Instruments.claimTime.record(since: start)
        if count > 0 { Instruments.claimedSteps["queue"].increment(by: count) }
    }

    static func claimedDirectly(_ count: Int) {
        if count > 0 { Instruments.claimedSteps["direct"].increment(by: count) }
    }

    static func ended(_ step: ClaimedStep, _ outcome: StepOutcome, since start: ContinuousClock.Instant) {
        let kind = step.kind.rawValue
        Instruments.stepTime[kind].record(since: start)
        switch outcome {
        case .completed: Instruments.steps[kind, "completed", ""].increment()
        case .failed(let failure): Instruments.steps[kind, "failed", failure.code].increment()
        case .handedBack: Instruments.steps[kind, "handed_back", ""].increment()
        }
    }

    static func committed(_ results: Int, since start: ContinuousClock.Instant) {
        Instruments.commits.increment()
        Instruments.commitResults.record(results)
        Instruments.commitTime.record(since: start)
    }
}

/// What the processor counts of one call of a model.
struct CallMeasures: Sendable {
    private let model: String
    private let start = ContinuousClock.now

    init(_ model: ModelName) {
        self.model = model.description
    }

    func firstText() {
        Instruments.firstTokenTime[model].record(since: start)
    }

    func answered(_ usage: Usage) {
        Instruments.modelCalls[model, "completed"].increment()
        Instruments.modelCallTime[model].record(since: start)
        Instruments.modelTokens[model, "prompt"].increment(by: usage.promptTokens)
        Instruments.modelTokens[model, "completion"].increment(by: usage.completionTokens)
        if let cost = usage.cost { Instruments.modelCost[model].increment(by: cost) }
    }

    func failed(_ error: ProviderError) {
        Instruments.modelCalls[model, error.code.rawValue].increment()
    }
}
