import ArgumentParser

/// Which part of a list.
struct PageOptions: ParsableArguments {
    @Option(help: "How many, 1…500.")
    var limit = 50

    @Option(help: "Where the page before ended: its 'next'.")
    var after: String?

    func validate() throws {
        guard (1...500).contains(limit) else { throw ValidationError("--limit must be 1…500") }
    }
}
