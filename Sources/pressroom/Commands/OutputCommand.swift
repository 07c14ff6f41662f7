import Base
import ArgumentParser
import Client
import Foundation

struct OutputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "output", abstract: "Edits the drafts of tasks.", subcommands: [OutputEdit.self])
}

struct OutputEdit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Replaces the text of a draft; every later step, open question and result reads the new one.",
        discussion: "The old text stays as a version. Line breaks at the end of the file are left out.")

    @Argument(help: "The output's id.")
    var id: String

    @Argument(help: "The text, UTF-8; - for standard input.")
    var file: String

    @Option(help: "Only if the row still has this version.")
    var ifVersion: Int?

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var text = try InputFile.text(file)
        while text.last?.isNewline == true { text.removeLast() }
        let content = text
        let row = try await client.withClient { try await $0.editOutput(id, content: content, ifVersion: ifVersion) }
        if output.json { return output.write(row.document) }
        Terminal.write(SafeText.line("output \(row.id) has version \(row.versionNumber)"))
    }
}
