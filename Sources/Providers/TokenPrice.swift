package import Workflow

/// What a model's tokens cost, per million, in whatever currency the configuration uses throughout.
package struct TokenPrice: Sendable, Equatable {
    /// Of the prompt; at least 0.
    package var input: Double
    /// Of the answer; at least 0.
    package var output: Double

    package init(input: Double, output: Double) {
        self.input = input
        self.output = output
    }

    /// What the tokens cost, to a billionth; nil when the provider counted none.
    package func cost(of usage: Usage) -> Double? {
        guard usage.totalTokens > 0 else { return nil }
        let cost = Double(usage.promptTokens) * input + Double(usage.completionTokens) * output
        return (cost * 1e3).rounded() / 1e9
    }
}
