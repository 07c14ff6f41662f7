package import Base

/// One answer of a provider as it goes over the wire, and what must come of it: a grammar of chunks, numbers, encodings
/// and cuts.
package struct RandomAnswer: Sendable {
    /// The API that the provider speaks.
    package enum API: Sendable {
        case openai
        case anthropic
    }

    package enum Outcome: Sendable {
        /// The text, and no mark.
        case whole
        /// The text, with a mark that it was cut.
        case cut
        case failure
        /// The wire was damaged: the call ends, and nothing else is promised.
        case any
    }

    package enum Ending: Sendable {
        case proper
        /// The connection breaks after so many bytes, or the response ends there as if it were whole.
        case broken(after: Int, isProper: Bool)
        /// Nothing comes after so many bytes.
        case silent(after: Int)
    }

    package let api: API
    /// The tool whose input the model writes instead of a text (anthropic).
    package private(set) var tool: String?
    /// What the model wrote, without thoughts.
    package private(set) var text: String
    package private(set) var outcome: Outcome
    package private(set) var status = 200
    private var headers: [String: String] = [:]
    private var body: [UInt8] = []
    package private(set) var ending = Ending.proper
    /// With this many bytes of the body the answer is complete.
    private var completeAt = 0
    /// How many bytes go out at a time.
    private var pieceSize: Int
    /// The text was given, and stays as it is.
    private let hasOwnText: Bool

    private var generator: SeededGenerator
    private var isOpenAI: Bool { api == .openai }

    /// Any answer, to any request.
    package init(_ generator: SeededGenerator) {
        self.generator = generator
        api = self.generator.chance(0.5) ? .openai : .anthropic
        text = self.generator.modelText()
        outcome = self.generator.chance(0.2) ? .cut : .whole
        pieceSize = [1, 7, 64, 1_000_000][self.generator.index(4)]
        hasOwnText = false
        switch self.generator.index(20) {
        case 0: makeError()
        case 1: makeEmpty()
        case 2...4: makeDocument()
        default:
            if !isOpenAI, self.generator.chance(0.3) { tool = "ballot" }
            makeStream()
        }
        makeEnding(mayDamage: true)
    }

    /// An answer to a request: its text, or the input of its tool, in any wrapping, whole or not. No byte of it is wrong.
    package init(_ generator: SeededGenerator, api: API, text: String, tool: String?) {
        self.generator = generator
        self.api = api
        self.text = text
        self.tool = tool
        outcome = self.generator.chance(0.15) ? .cut : .whole
        pieceSize = [7, 64, 1_000_000][self.generator.index(3)]
        hasOwnText = true
        switch self.generator.index(20) {
        case 0: makeError()
        case 1: makeEmpty()
        case 2...4 where tool == nil: makeDocument()
        default: makeStream()
        }
        makeEnding(mayDamage: false)
    }

    // MARK: - Streams

    /// One event: its data, and its name where it has one.
    private struct Event {
        var data: [UInt8]
        var name = ""
    }

    private mutating func makeStream() {
        headers["content-type"] = ["text/event-stream", "text/event-stream; charset=utf-8", "text/plain", "application/json"][generator.index(4)]
        var (events, last) = isOpenAI ? completion() : message()
        if generator.chance(0.1) {
            events.insert(errorEvent(), at: generator.index(last + 1))
            outcome = .failure
        }
        frame(events, completeWith: outcome == .failure ? nil : last)
    }

    /// The chunks of a completion, and which of them makes it complete.
    private mutating func completion() -> ([Event], Int) {
        var events: [Event] = []
        if generator.chance(0.5) { events.append(chunk(#""role":"assistant","content":\#(generator.chance(0.5) ? "null" : #""""#)"#)) }
        for literal in literals(withThoughts: true) {
            noise(&events)
            events.append(chunk(content(literal)))
        }
        noise(&events)
        return end(&events)
    }

    private mutating func end(_ events: inout [Event]) -> ([Event], Int) {
        let usage = Event(data: Array(#"{"choices":[],"usage":{"prompt_tokens":\#(generator.count()),"completion_tokens":\#(generator.count()),"total_tokens":\#(generator.count())}}"#.utf8))
        let done = Event(data: Array(["[DONE]", "[DONE] ", " [DONE]\t", "[DONE]"][generator.index(4)].utf8))
        // Without a word only the end mark tells, and it tells of no cut.
        let hasReason = outcome == .cut || generator.chance(0.8)
        if hasReason {
            let words = outcome == .cut ? ["length", "max_tokens", "MAX_TOKENS", "model_length"] : ["stop", "eos", "STOP", "end_turn"]
            events.append(chunk("", finish: #""\#(words[generator.index(4)])""#))
        }
        let completes = hasReason ? events.count - 1 : nil
        if generator.chance(0.6) { events.append(usage) }
        if !hasReason || generator.chance(0.7) { events.append(done) }
        return (events, completes ?? events.count - 1)
    }

    private mutating func chunk(_ delta: String, finish: String? = nil) -> Event { chunk(Array(delta.utf8), finish: finish) }

    private mutating func chunk(_ delta: [UInt8], finish: String? = nil) -> Event {
        // A server that means none writes any of these.
        let finish = finish ?? ["null", #""""#, #""null""#][generator.index(3)]
        let index = generator.chance(0.8) ? #""index":0,"# : ""
        var choices = [Array(#"{\#(index)"delta":{"#.utf8) + delta + Array(#"},"finish_reason":\#(finish),"logprobs":null}"#.utf8)]
        if !index.isEmpty, generator.chance(0.1) {
            choices.insert(Array(#"{"index":1,"delta":{"content":"another "},"finish_reason":"length"}"#.utf8), at: generator.index(2))
        }
        let usage = generator.chance(0.3) ? #","usage":\#(generator.chance(0.5) ? "null" : #"{"prompt_tokens":\#(generator.count())}"#)"# : ""
        let error = generator.chance(0.1) ? #","error":null"# : ""
        return Event(data: Array(#"{"id":"1","model":"m","choices":["#.utf8) + choices.joined(separator: Array(",".utf8)) + Array("]\(usage)\(error)}".utf8))
    }

    /// The content of a delta, in any of its forms.
    private mutating func content(_ literal: [UInt8]) -> [UInt8] {
        let part = Array(#"{"type":"text","text":"#.utf8) + literal + Array("}".utf8)
        let thought = #"{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},"#
        switch generator.index(8) {
        case 0: return Array(#""content":["#.utf8) + part + Array("]".utf8)
        case 1: return Array(#""content":[\#(thought)"#.utf8) + part + Array("]".utf8)
        case 2: return Array(#""content":"#.utf8) + part
        default: return Array(#""content":"#.utf8) + literal
        }
    }

    /// The events of a message, and which of them makes it complete.
    private mutating func message() -> ([Event], Int) {
        let isTool = tool != nil
        var events = [typed("message_start", #""message":{"id":"1","model":"m","content":[],"stop_reason":null,"usage":\#(messageUsage())}"#)]
        var index = 0
        if generator.chance(0.3) {
            events.append(typed("content_block_start", #""index":0,"content_block":{"type":"thinking","thinking":""}"#))
            events.append(typed("content_block_delta", #""index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}"#))
            events.append(typed("content_block_stop", #""index":0"#))
            index = 1
        }
        let block = isTool ? #"{"type":"tool_use","id":"t","name":"\#(tool ?? "")","input":{}}"# : #"{"type":"text","text":""}"#
        if isTool || generator.chance(0.9) { events.append(typed("content_block_start", #""index":\#(index),"content_block":\#(block)"#)) }
        for literal in literals(withThoughts: !isTool) {
            noise(&events)
            let type = isTool ? #""type":"input_json_delta","partial_json":"# : #""type":"text_delta","text":"#
            let delta = Array(#""index":\#(index),"delta":{\#(type)"#.utf8) + literal + Array("}".utf8)
            events.append(typed("content_block_delta", delta))
        }
        if generator.chance(0.9) { events.append(typed("content_block_stop", #""index":\#(index)"#)) }
        let hasReason = outcome == .cut || generator.chance(0.8)
        let words = outcome == .cut ? ["max_tokens", "pause_turn", "model_context_window_exceeded"] : ["end_turn", "stop_sequence", isTool ? "tool_use" : "end_turn"]
        let reason = hasReason ? #""\#(words[generator.index(3)])""# : ["null", #""""#][generator.index(2)]
        events.append(typed("message_delta", #""delta":{"stop_reason":\#(reason),"stop_sequence":null},"usage":\#(messageUsage())"#))
        let completes = hasReason ? events.count - 1 : nil
        if !hasReason || generator.chance(0.7) { events.append(typed("message_stop", nil as String?)) }
        return (events, completes ?? events.count - 1)
    }

    private mutating func messageUsage() -> String {
        #"{"input_tokens":\#(generator.count()),"cache_read_input_tokens":\#(generator.count()),"output_tokens":\#(generator.count())}"#
    }

    private mutating func typed(_ type: String, _ members: String?) -> Event { typed(type, members.map { Array($0.utf8) }) }

    private mutating func typed(_ type: String, _ members: [UInt8]?) -> Event {
        // Some gateways say the type in the event's name only.
        let isNamed = generator.chance(0.7)
        let head = isNamed && generator.chance(0.1) ? "" : #""type":"\#(type)""#
        let comma = head.isEmpty || members == nil ? "" : ","
        return Event(data: Array("{\(head)\(comma)".utf8) + (members ?? []) + Array("}".utf8), name: isNamed ? type : "")
    }

    /// What comes between pieces of text and means nothing.
    private mutating func noise(_ events: inout [Event]) {
        guard generator.chance(0.15) else { return }
        if isOpenAI {
            switch generator.index(3) {
            case 0: events.append(chunk(#""reasoning_content":"hm <think>","reasoning":"hm""#))
            case 1: events.append(Event(data: Array(#"{"choices":[]}"#.utf8)))
            default: events.append(Event(data: []))
            }
        } else {
            events.append(generator.chance(0.5) ? typed("ping", nil as String?) : Event(data: [], name: "ping"))
        }
    }

    private mutating func errorEvent() -> Event {
        if !isOpenAI {
            return Event(data: Array(#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#.utf8), name: "error")
        }
        switch generator.index(5) {
        case 0: return Event(data: Array(#"{"error":{"message":"crashed","code":502}}"#.utf8))
        case 1: return Event(data: Array("no JSON".utf8), name: "error")
        case 2: return Event(data: Array(#"{"choices":[{"index":0,"delta":{},"error":{"code":502,"message":"gone"}}]}"#.utf8))
        case 3: return Event(data: Array(#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#.utf8))
        default: return Event(data: Array(#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop","native_finish_reason":"network_error"}]}"#.utf8))
        }
    }

    /// Writes events as a stream of them.
    private mutating func frame(_ events: [Event], completeWith last: Int?) {
        let end = ["\n", "\r\n", "\r"][generator.index(3)]
        if generator.chance(0.2) { body += [0xEF, 0xBB, 0xBF] }
        if generator.chance(0.2) { body += Array("\(end): hello\(end)".utf8) }
        completeAt = .max
        for (index, event) in events.enumerated() {
            if generator.chance(0.1) { body += Array(": ping\(end)".utf8) }
            if generator.chance(0.05) { body += Array("id: \(index)\(end)retry: 10\(end)".utf8) }
            if !event.name.isEmpty { body += Array("event: \(event.name)\(end)".utf8) }
            body += Array("data:".utf8) + (generator.chance(0.8) ? [0x20] : []) + event.data + Array("\(end)\(end)".utf8)
            if index == last { completeAt = body.count }
        }
        // The last blank line is often forgotten.
        if generator.chance(0.2) {
            while let last = body.last, last == 0x0A || last == 0x0D { body.removeLast() }
            completeAt = completeAt == .max ? .max : min(completeAt, body.count)
        }
    }

    // MARK: - Other answers

    private mutating func makeDocument() {
        headers["content-type"] = ["application/json", "application/json; charset=utf-8", "text/event-stream"][generator.index(3)]
        let literal = literals(withThoughts: true, pieces: 1).first ?? []
        let text: [UInt8]
        if isOpenAI {
            let finish = outcome == .cut ? #""length""# : [#""stop""#, "null"][generator.index(2)]
            text =
                Array(#"{"id":"1","choices":[{"index":0,"message":{"role":"assistant","#.utf8) + content(literal)
                + Array(#"},"finish_reason":\#(finish)}],"usage":{"prompt_tokens":\#(generator.count())}}"#.utf8)
        } else {
            let reason = outcome == .cut ? #""max_tokens""# : [#""end_turn""#, "null"][generator.index(2)]
            text =
                Array(#"{"type":"message","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"#.utf8) + literal
                + Array(#"}],"stop_reason":\#(reason),"usage":\#(messageUsage())}"#.utf8)
        }
        body = (generator.chance(0.2) ? [0xEF, 0xBB, 0xBF] : []) + (generator.chance(0.2) ? Array(" \n".utf8) : []) + text
        completeAt = body.count
    }

    /// The limit comes before any text.
    private mutating func makeEmpty() {
        text = ""
        outcome = .failure
        let thought = generator.chance(0.5) ? #""<think>Hm.""# : #""""#
        if isOpenAI {
            frame([chunk(#""content":\#(thought)"#), chunk("", finish: #""length""#), Event(data: Array("[DONE]".utf8))], completeWith: nil)
        } else {
            frame(
                [
                    typed("content_block_delta", #""index":0,"delta":{"type":"text_delta","text":\#(thought)}"#),
                    typed("message_delta", #""delta":{"stop_reason":"max_tokens"}"#),
                ], completeWith: nil)
        }
    }

    private mutating func makeError() {
        outcome = .failure
        status = [400, 401, 404, 408, 413, 422, 429, 500, 502, 503, 529][generator.index(11)]
        let bodies = [
            "", "null", "[]", "Bad gateway", #"{"error":{"message":"no","code":9223372036854775807}}"#, #"{"detail":[{"loc":["body",1],"msg":"no"}]}"#,
            #"{"error":{"message":["a",{"message":{"message":"b"}}],"code":"429"}}"#, #"{"error":"Loading model","estimated_time":1e400}"#, "{\"error\":\"\\ud83d\"",
            String(repeating: "[", count: 3_000), #"{"error":{"param":"seed","message":"unknown field seed"}}"#,
        ]
        body = Array(bodies[generator.index(bodies.count)].utf8)
        headers["retry-after"] = ["1", "-1", "1e400", "soon", "99999999999999999999", ""][generator.index(6)]
        completeAt = .max
    }

    // MARK: - Texts

    /// The text in pieces, as literals of JSON: escaped in ASCII, or as it is, and cut anywhere, inside of characters too.
    private mutating func literals(withThoughts: Bool, pieces: Int? = nil) -> [[UInt8]] {
        let thoughts = withThoughts && generator.chance(0.2) ? ["<think>", "<thinking>", "[THINK]"][generator.index(3)] : ""
        let closing = thoughts.isEmpty ? "" : "\(thoughts.first ?? "<")/\(thoughts.dropFirst())\n\n"
        let before = thoughts.isEmpty ? "" : thoughts + "Let me think: 1 < 2 </thin> 😀." + closing
        let count = pieces ?? 1 + generator.index(8)
        if generator.chance(0.5) {
            var units = Array((before + text).utf16)
            if !hasOwnText, generator.chance(0.1) {
                // Halves that have no other stay halves.
                units.append(generator.chance(0.5) ? 0xD83D : 0xDE00)
                text = String(decoding: Array(text.utf16) + units.suffix(1), as: UTF16.self)
            }
            return generator.split(units, into: count).map(Self.escaped)
        }
        return generator.split(Array((before + text).utf8), into: count).map { piece in
            [0x22] + piece.flatMap { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C ? Self.escape(UInt16($0)) : [$0] } + [0x22]
        }
    }

    private static func escaped(_ units: ArraySlice<UInt16>) -> [UInt8] {
        [0x22] + units.flatMap { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C ? [UInt8($0)] : escape($0) } + [0x22]
    }

    private static func escape(_ unit: UInt16) -> [UInt8] {
        let digits = String(unit, radix: 16)
        return Array(#"\u"#.utf8) + Array(String(repeating: "0", count: 4 - digits.count).utf8) + Array(digits.utf8)
    }

    // MARK: - Ends

    private mutating func makeEnding(mayDamage: Bool) {
        let position = body.isEmpty ? 0 : generator.index(body.count)
        switch generator.index(10) {
        case 0 where status == 200, 1 where status == 200: ending = .broken(after: position, isProper: generator.chance(0.5))
        case 2 where status == 200: ending = .silent(after: position)
        case 3 where mayDamage:
            outcome = .any
            for _ in 0...generator.index(4) where !body.isEmpty {
                let place = generator.index(body.count)
                switch generator.index(3) {
                case 0: body[place] = UInt8(truncatingIfNeeded: generator.next())
                case 1: body.remove(at: place)
                default: body.insert(contentsOf: body[place..<min(body.count, place + 20)], at: generator.index(body.count))
                }
            }
        case 4:
            headers["content-encoding"] = ["gzip", "deflate"][generator.index(2)]
            body = Stored.compressed(body, isGzip: headers["content-encoding"] == "gzip")
        default: break
        }
    }

    /// Sends it.
    package var script: ScriptedModelServer.Script {
        ScriptedModelServer.Script { _, reply in
            try await reply.start(status: status, headers: headers)
            let (end, isProper) =
                switch ending {
                case .proper: (body.count, true)
                case .broken(let end, let isProper): (end, isProper)
                case .silent(let end): (end, false)
                }
            var position = 0
            while position < end {
                let next = min(end, position + max(pieceSize, end / 200))
                try await reply.send(body[position..<next])
                position = next
            }
            if isProper { return try await reply.finish() }
            if case .silent = ending { try await reply.untilClosed() }
            try await reply.cut()
        }
    }

    /// Whether the answer has to arrive: all of it goes out. What is on the way when a connection breaks may be lost.
    package var hasToArrive: Bool {
        switch ending {
        case .proper: true
        case .broken(let end, let isProper): isProper && end >= completeAt
        case .silent(let end): end >= completeAt
        }
    }
}

/// Compression that does not compress: RFC 1950 to 1952 with stored blocks.
private enum Stored {
    static func compressed(_ bytes: [UInt8], isGzip: Bool) -> [UInt8] {
        var output: [UInt8] = isGzip ? [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] : [0x78, 0x01]
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(60_000)
            rest = rest.dropFirst(block.count)
            let count = UInt16(block.count)
            output += [rest.isEmpty ? 1 : 0, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)] + block
        } while !rest.isEmpty
        if isGzip {
            let sums = [checksum(bytes), UInt32(bytes.count)]
            return output + sums.flatMap { sum in (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt32($0))) } }
        }
        var (low, high) = (UInt32(1), UInt32(0))
        for byte in bytes {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return output + [UInt8(high >> 8), UInt8(high & 255), UInt8(low >> 8), UInt8(low & 255)]
    }

    /// CRC-32.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
    }
}

extension SeededGenerator {
    fileprivate mutating func index(_ count: Int) -> Int { Int(next(below: UInt64(count))) }
    fileprivate mutating func chance(_ share: Double) -> Bool { nextUnit() < share }

    /// A number as a provider may report it.
    fileprivate mutating func count() -> String {
        [
            "0", "1", "17", "2.5", "-3", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e308", "1e400", "-1e400", "null",
            #""12""#, #""many""#, "[1]", "{}", "true", "NaN", "1000000000000", "99999999999999999999999999999999",
        ][index(20)]
    }

    /// A text that begins with no white space and with no tag of thoughts.
    package mutating func modelText() -> String {
        let words = [
            "word ", "Käse ", "😀", "👩‍👩‍👧 ", "\n\n", "\"quoted\" ", "back\\slash ", "data: x\n", "[DONE]", "</think>", "<think>", "{\"a\": [1, 2]}", "\u{2028}", "日本語", "é e\u{301} ",
            "\u{1}\t", "<|im_end|>", "\\ud83d", "\u{FEFF}", "event: error\r\n", "€", "%20&amp;", "\u{7F}",
        ]
        let first = ["A ", "<", "<thin", "{", "\"", "日", "😀", "data:", "[", "[DON"][index(10)]
        return first + (0..<index(12)).map { _ in words[index(words.count)] }.joined() + "."
    }

    /// The elements in about so many parts, none of which is empty.
    fileprivate mutating func split<Element>(_ elements: [Element], into count: Int) -> [ArraySlice<Element>] {
        let cuts = Set((1..<max(1, count)).map { _ in index(elements.count + 1) } + [0, elements.count]).sorted()
        return zip(cuts, cuts.dropFirst()).map { elements[$0..<$1] }
    }
}
