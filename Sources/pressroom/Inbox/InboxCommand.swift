import ArgumentParser

struct InboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox", abstract: "Lists what people are asked, and answers it.",
        subcommands: [InboxList.self, InboxComplete.self])
}
