/// Where `http` phases may connect to: every public address, and what is allowed beside them.
package struct AddressRules: Sendable, Hashable {
    /// One exception: `10.1.0.0/16`, `127.0.0.1:9000`, `[::1]:9000`, `[fd00::/8]:80`, `intranet`, `intranet:8080`.
    package struct Exception: Sendable, Hashable {
        private enum Place: Sendable, Hashable {
            case block(AddressBlock)
            /// In lower case; whatever address it has.
            case host(String)
        }

        private let place: Place
        /// Nil for every port.
        private let port: Int?

        /// Nil when the text is none of the forms.
        package init?(_ text: String) {
            guard let (place, port) = Self.split(text) else { return nil }
            if let port {
                guard let number = Int(port), (1...65_535).contains(number), port.allSatisfy(\.isNumber) else { return nil }
                self.port = number
            } else {
                self.port = nil
            }
            if let block = AddressBlock(place) {
                self.place = .block(block)
            } else if Self.isHostName(place) {
                self.place = .host(place.lowercased())
            } else {
                return nil
            }
        }

        package func covers(_ address: IPAddress, host: String, port: Int) -> Bool {
            guard self.port == nil || self.port == port else { return false }
            return switch place {
            case .block(let block): block.contains(address)
            case .host(let name): name == host.lowercased()
            }
        }

        private static func split(_ text: String) -> (place: String, port: String?)? {
            if text.hasPrefix("[") {
                guard let end = text.firstIndex(of: "]") else { return nil }
                let place = String(text[text.index(after: text.startIndex)..<end])
                let rest = text[text.index(after: end)...]
                guard place.contains(":"), rest.isEmpty || rest.hasPrefix(":") else { return nil }
                return (place, rest.isEmpty ? nil : String(rest.dropFirst()))
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            return parts.count == 2 ? (parts[0], parts[1]) : (text, nil)  // more colons: an address of version 6
        }

        /// Letters, digits, dots and dashes, not all digits and dots (which would be a mistyped address).
        private static func isHostName(_ text: String) -> Bool {
            text.utf8.count <= 253 && text.contains(where: \.isLetter) && !text.hasPrefix("-") && !text.hasPrefix(".")
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") }
        }
    }

    package var exceptions: [Exception]

    package init(exceptions: [Exception] = []) {
        self.exceptions = exceptions
    }

    /// - Parameter host: as the URL names it.
    package func permit(_ address: IPAddress, host: String, port: Int) -> Bool {
        PublicAddresses.contains(address) || exceptions.contains { $0.covers(address, host: host, port: port) }
    }
}
