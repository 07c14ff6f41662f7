/// A regular expression of a schema (ECMA-262, with the `u` flag), matched in time linear in the input.
///
/// Schemas come from authors and inputs from anybody, so a backtracking matcher would let one input stall a node.
/// What only backtracking can do (look-around, back-references) is refused. Unanchored, as JSON Schema wants
/// (validation 6.3.3). Source of the method: R. Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009.
struct Pattern: Sendable {
    /// Longer inputs do not match; counted in Unicode scalars.
    static let maximumInput = 65_536

    struct Failure: Error {
        let reason: String
    }

    let text: String
    private let program: [PatternInstruction]

    init(_ text: String) throws(Failure) {
        self.text = text
        var parser = PatternParser(text)
        var compiler = PatternCompiler()
        try compiler.emit(parser.parse())
        program = compiler.program + [.match]
    }

    func matches(_ input: String) -> Bool {
        let scalars = Array(input.unicodeScalars)
        guard scalars.count <= Self.maximumInput else { return false }
        var machine = PatternMachine(program: program, input: scalars)
        return machine.run()
    }
}
