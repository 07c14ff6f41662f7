import NIOCore

/// Why the address could not be listened on, in words that say what to do.
struct StartError: Error, CustomStringConvertible {
    let description: String

    init?(_ error: any Error, _ http: PressroomConfiguration.HTTP) {
        guard let error = error as? IOError else { return nil }
        let address = "\(http.host):\(http.port)"
        switch error.errnoCode {
        case 98: description = "\(address) is in use by another program; choose another port with --http-port."
        case 13: description = "\(address) may not be listened on by this user; choose a port above 1023 with --http-port."
        case 99: description = "\(http.host) is no address of this machine; choose another with --http-host."
        default: return nil
        }
    }
}
