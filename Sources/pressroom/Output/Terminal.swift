import Foundation
import Glibc

/// Standard output and error.
enum Terminal {
    /// Whether standard output is a terminal that understands escape sequences.
    static var isInteractive: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    /// How many columns a line of standard output has; nil where it is no terminal, so that lines may have any length.
    static var columns: Int? { isatty(STDOUT_FILENO) == 1 ? size.columns : nil }

    /// Columns and rows; 80 × 24 where they are unknown.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Writes the text and a line break.
    static func write(_ text: String) {
        writeRaw(text + "\n")
    }

    /// Writes the text as it is, without buffering.
    ///
    /// When the reader has gone, the program ends silently, with the status of one that SIGPIPE ended. When the text cannot
    /// be written for another reason, such as a full disk, it ends with that reason.
    static func writeRaw(_ text: String) {
        switch send(text, to: STDOUT_FILENO) {
        case 0: return
        case EPIPE: exit(128 + SIGPIPE)
        case let code:
            writeError("pressroom: cannot write: \(String(cString: strerror(code)))")
            exit(ExitStatus.failed.rawValue)
        }
    }

    /// Writes the text and a line break to standard error. There is no other place to report a failure of that.
    static func writeError(_ text: String) {
        _ = send(text + "\n", to: STDERR_FILENO)
    }

    /// Writes the whole text.
    /// - Returns: 0, or the number of the error.
    private static func send(_ text: String, to descriptor: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno == EAGAIN {
                    // Another program has made the terminal or pipe non-blocking.
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}

/// Makes texts of models and servers harmless to a terminal: they cannot move the cursor or set a colour.
enum SafeText {
    /// Keeps line breaks and tabs, drops every other control character and what changes the direction of writing.
    static func lines(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 == "\n" || $0 == "\t" || !isDangerous($0) }))
    }

    /// The same in one line: runs of white space become one space.
    static func line(_ text: String) -> String {
        lines(text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
