import ArgumentParser
import Client

/// How results are shown.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Write JSON, as the service sends it.")
    var json = false

    /// One document as one line.
    func write(_ document: Document) {
        Terminal.write(String(decoding: document.data, as: UTF8.self))
    }
}
