extension RetryPolicy {
    init(reading reader: ObjectReader) {
        let defaults = RetryPolicy()
        reader.refuseUnknownKeys(known: ["max_attempts", "initial", "factor", "max", "jitter", "non_retryable"])
        let initial = reader.duration("initial", zeroAllowed: true) ?? defaults.initial
        let longest = reader.duration("max", zeroAllowed: true) ?? Swift.max(defaults.max, initial)
        if longest < initial { reader.report("must not be shorter than 'initial'", at: "max") }
        self.init(
            maxAttempts: reader.integer("max_attempts", in: 1...100) ?? defaults.maxAttempts,
            initial: initial,
            factor: reader.number("factor", in: 1...100) ?? defaults.factor,
            max: longest,
            jitter: reader.number("jitter", in: 0...1) ?? defaults.jitter,
            nonRetryable: reader.texts("non_retryable", atMost: 50, length: 100) ?? defaults.nonRetryable)
    }
}
