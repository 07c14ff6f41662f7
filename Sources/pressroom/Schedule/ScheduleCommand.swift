import ArgumentParser

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Starts tasks at the times of cron expressions.",
        subcommands: [
            ScheduleCreate.self, ScheduleList.self, ScheduleShow.self, SchedulePause.self, ScheduleResume.self,
            ScheduleDelete.self,
        ])
}
