/// The syntax tree of a pattern.
indirect enum PatternNode {
    case empty
    case set(ScalarSet)
    case start
    case end
    case wordBoundary(Bool)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// `maximum` nil: without end.
    case repetition(PatternNode, minimum: Int, maximum: Int?)
}

/// What the machine runs.
enum PatternInstruction {
    case consume(ScalarSet)
    case split(Int, Int)
    case jump(Int)
    case start
    case end
    case wordBoundary(Bool)
    case match
}
