package import Base

/// Sends one request to a server.
package struct HTTPPhase: Sendable, Hashable {
    package struct Header: Sendable, Hashable {
        package enum Value: Sendable, Hashable {
            case template(String)
            /// The name of a secret that is the whole value.
            case secret(String)
        }

        package var name: String
        package var value: Value
    }

    package enum Body: Sendable, Hashable {
        /// A Mustache template.
        case text(String)
        /// Its strings are Mustache templates.
        case json(JSON)
    }

    package var method: WebMethod
    /// A Mustache template whose values are percent-encoded.
    package var url: String
    package var headers: [Header]
    package var body: Body?
    /// The statuses that count as success; nil for 200 to 299.
    package var expect: [Int]?
    /// The limit of the response's body, in bytes.
    package var maxBytes: Int

    package static let defaultMaxBytes = 1 << 20
    package static let maxBytesLimit = 16 << 20

    /// The secrets that the request refers to.
    package var secretNames: Set<String> { Set(secretReferences.map(\.name)) }

    /// The secrets that the request refers to, with their places in the phase.
    var secretReferences: [(path: String, name: String)] {
        let references = headers.compactMap { header -> (path: String, name: String)? in
            guard case .secret(let name) = header.value else { return nil }
            return (JSONPointer.appending(header.name, to: "/headers"), name)
        }
        return references + templates.flatMap { path, text in SecretReferences.names(in: text).sorted().map { (path, $0) } }
    }

    /// Its templates, with their places in the phase.
    var templates: [(path: String, template: String)] {
        var all = [("/url", url)]
        for header in headers {
            if case .template(let text) = header.value { all.append((JSONPointer.appending(header.name, to: "/headers"), text)) }
        }
        switch body {
        case .text(let text): all.append(("/body", text))
        case .json(let json): all += json.texts(at: "/body")
        case nil: break
        }
        return all
    }
}

extension HTTPPhase {
    private static let maxHeaders = 50

    /// Headers that the connection itself sets.
    private static let reservedHeaders: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect", "keep-alive",
        "proxy-connection", "proxy-authorization", "accept-encoding",
    ]

    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let method = reader.word("method", as: WebMethod.self) ?? .get
        let url = Self.readURL(reader)
        let headers = Self.readHeaders(reader)
        let body = Self.readBody(reader)
        if reader.value("body") != nil, method.isSafe { reader.report("must not be there with the method \(method.rawValue)", at: "body") }
        let expect = Self.readExpect(reader)
        let maxBytes = reader.integer("max_bytes", in: 1...Self.maxBytesLimit) ?? Self.defaultMaxBytes
        guard let url, let headers else { return nil }
        self.init(method: method, url: url, headers: headers, body: body, expect: expect, maxBytes: maxBytes)
        for name in secretNames.sorted() where !SecretReferences.isName(name) {
            reader.problems.report(
                "refers to the secret '\(name.prefix(80))', and names of secrets are of A-Z, 0-9 and _", at: reader.pointer)
        }
    }

    private static func readURL(_ reader: ObjectReader) -> String? {
        guard reader.required("url") != nil, let url = reader.template("url") else { return nil }
        let isAbsolute = ["http://", "https://", "{{"].contains { url.lowercased().hasPrefix($0) }
        guard isAbsolute else {
            reader.report("must begin with http:// or https://, or with a variable", at: "url")
            return nil
        }
        return url
    }

    private static func readHeaders(_ reader: ObjectReader) -> [Header]? {
        guard reader.value("headers") != nil else { return [] }
        guard let list = reader.nested("headers"), list.isObject else { return nil }
        guard list.members.count <= maxHeaders else {
            reader.report("must have at most \(maxHeaders) headers", at: "headers")
            return nil
        }
        var headers: [Header] = []
        var seen: Set<String> = []
        for name in list.members.keys.sorted() {
            guard isToken(name) else {
                list.report("is not the name of a header", at: name)
                continue
            }
            if reservedHeaders.contains(name.lowercased()) {
                list.report("is a header that the service sets itself", at: name)
            } else if !seen.insert(name.lowercased()).inserted {
                list.report("is there twice", at: name)
            } else if let value = readValue(list, name) {
                headers.append(Header(name: name, value: value))
            }
        }
        return headers
    }

    private static func readValue(_ headers: ObjectReader, _ name: String) -> Header.Value? {
        guard case .object = headers.value(name) ?? .null else { return headers.template(name, isRequired: true).map(Header.Value.template) }
        guard let reference = headers.nested(name) else { return nil }
        let secret = reference.text("secret", isRequired: true, maxLength: 100)
        reference.refuseUnknownKeys()
        return secret.map(Header.Value.secret)
    }

    private static func readBody(_ reader: ObjectReader) -> Body? {
        switch reader.value("body") {
        case nil:
            return nil
        case .string(let text):
            // An empty text is a body too, and `template` refuses it.
            if !text.isEmpty { _ = reader.template("body") }
            return .text(text)
        case .some(let json):
            reader.checkTemplates(json, at: "body")
            return .json(json)
        }
    }

    private static func readExpect(_ reader: ObjectReader) -> [Int]? {
        guard let elements = reader.list("expect", maxCount: 100) else { return nil }
        if elements.isEmpty { reader.report("must have at least one status", at: "expect") }
        return elements.enumerated().compactMap { index, element in
            if let status = element.int, (200...599).contains(status) { return status }
            reader.problems.report("must be a status from 200 to 599", at: JSONPointer.appending(index, to: reader.place("expect")))
            return nil
        }
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 200
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0)) }
    }
}

/// The secrets that templates refer to: `{{secret.NAME}}`.
package enum SecretReferences {
    /// Whether a name is `A-Z 0-9 _`, begins with a letter and has at most 100 bytes: the names of environment variables.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x41...0x5A).contains(first), text.utf8.count <= 100 else { return false }
        return text.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    package static func names(in template: String) -> Set<String> {
        Set(template.matches(of: /\bsecret\.([A-Za-z0-9_\-]+)/).map { String($0.1) })
    }

    package static func names(in json: JSON) -> Set<String> {
        json.texts(at: "").reduce(into: []) { $0.formUnion(names(in: $1.template)) }
    }
}
