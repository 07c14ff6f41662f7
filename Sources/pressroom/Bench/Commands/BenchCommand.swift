import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures a running service.",
        discussion: """
            Everything but 'state', 'steps', 'start' and 'scale' posts events to a task and reads its stream over plain sockets, with one \
            thread for all readers. Clocks are compared, so run it on the service's machine, and the load generator on \
            another core than the service. Every run starts a task of its own (and cancels it) unless --task names one.
            """,
        subcommands: [
            BenchFanOut.self, BenchLatency.self, BenchIdle.self, BenchConnect.self, BenchSlowReader.self, BenchState.self,
            BenchSteps.self, BenchStart.self, BenchScale.self, BenchNode.self,
        ])
}
