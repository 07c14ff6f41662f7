/// `provider/model`: the provider as it is named in the configuration, then that provider's name of the model.
package struct ModelName: Sendable, Hashable, LosslessStringConvertible {
    package let provider: String
    /// May contain further slashes.
    package let model: String

    package init(provider: String, model: String) {
        self.provider = provider
        self.model = model
    }

    /// Nil unless the text has a provider (`a-z 0-9 _ -`) and a model without white space, at most 200 bytes in all.
    package init?(_ description: String) {
        let parts = description.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, description.utf8.count <= 200,
            !parts[0].isEmpty, parts[0].utf8.allSatisfy(Self.isProviderByte),
            !parts[1].isEmpty, parts[1].unicodeScalars.allSatisfy({ !$0.properties.isWhitespace && $0.value > 0x20 })
        else { return nil }
        self.init(provider: String(parts[0]), model: String(parts[1]))
    }

    package var description: String { "\(provider)/\(model)" }

    private static func isProviderByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
