import ArgumentParser

struct TaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Starts, shows and steers tasks.",
        subcommands: [
            TaskStart.self, TaskList.self, TaskShow.self, TaskWatch.self, TaskPause.self, TaskResume.self, TaskCancel.self,
            TaskRetry.self, TaskFork.self, TaskSignal.self,
        ])
}
