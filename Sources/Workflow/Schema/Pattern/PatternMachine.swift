/// Runs all threads of a program side by side over the input; each instruction at most once a position.
struct PatternMachine {
    let program: [PatternInstruction]
    let input: [Unicode.Scalar]
    private var visited: [Int]
    private var stack: [Int] = []

    init(program: [PatternInstruction], input: [Unicode.Scalar]) {
        self.program = program
        self.input = input
        visited = [Int](repeating: -1, count: program.count)
    }

    /// Whether the program matches anywhere in the input.
    mutating func run() -> Bool {
        var threads: [Int] = []
        for position in 0...input.count {
            var next: [Int] = []
            for thread in threads {
                if case .consume(let set) = program[thread], set.contains(input[position - 1]) {
                    if follow(thread + 1, at: position, into: &next) { return true }
                }
            }
            if follow(0, at: position, into: &next) { return true }
            threads = next
        }
        return false
    }

    /// Follows what consumes nothing, up to the instructions that do; true when it reaches the end of the program.
    private mutating func follow(_ start: Int, at position: Int, into threads: inout [Int]) -> Bool {
        stack.append(start)
        defer { stack.removeAll(keepingCapacity: true) }
        while let counter = stack.popLast() {
            guard visited[counter] != position else { continue }
            visited[counter] = position
            switch program[counter] {
            case .consume: threads.append(counter)
            case .jump(let target): stack.append(target)
            case .split(let first, let second): stack += [second, first]
            case .start: if position == 0 { stack.append(counter + 1) }
            case .end: if position == input.count { stack.append(counter + 1) }
            case .wordBoundary(let wanted): if isBoundary(position) == wanted { stack.append(counter + 1) }
            case .match: return true
            }
        }
        return false
    }

    private func isBoundary(_ position: Int) -> Bool {
        let before = position > 0 && ScalarSet.isWord(input[position - 1])
        let after = position < input.count && ScalarSet.isWord(input[position])
        return before != after
    }
}
