import Base
import Postgres
import TestSupport
import Testing

/// What errors quote of models and servers is kept as far as their calls are.
@Suite struct CaptureTests {
    typealias Script = ScriptedModelServer.Script

    /// By agent, its model's response, with a word that is nowhere else. Errors quote some of it, and never what is `unquoted`.
    private enum Marker: String, CaseIterable {
        case refusal = "secretrefusal"
        case rejection = "secretrejection"
        case brokenStream = "secretbreak"
        case member = "secretmember"
        case response = "secretresponse"
        case cutText = "secrettext"
        case verdict = "secretverdict"
        case cutVerdict = "secretcut"

        var isQuoted: Bool {
            switch self {
            case .refusal, .rejection, .brokenStream, .member, .response: true
            case .cutText, .verdict, .cutVerdict: false
            }
        }
    }

    private static func workflow(_ capture: String, port: Int) -> String {
        func phase(_ agent: String, _ attributes: String = "") -> String {
            """
              - {id: \(agent), kind: agent, needs: [], agents: [\(agent)], prompt: "Go on."\(attributes), on_failure: continue, retry: {max_attempts: 1}}
            """
        }
        let agents = ["refuses", "rejects", "breaks", "misfits", "cuts", "plain"].map { "  \($0): {role: writer, model: scripted/\($0)}\n" }
        return """
            name: quotes
            version: 1.0.0
            \(capture == "none" ? "capture: none" : "")
            agents:
            \(agents.joined())
              ada: {role: evaluator, model: scripted/ada}
              bob: {role: evaluator, model: scripted/bob}
            phases:
            \(phase("refuses"))
            \(phase("rejects"))
            \(phase("breaks"))
            \(phase("misfits", ", output: {type: object, properties: {plan: {type: string}}, additionalProperties: false}"))
            \(phase("cuts", ", on_cut: fail"))
              - {id: fetch, kind: http, needs: [], url: "http://127.0.0.1:\(port)/page", on_failure: continue, retry: {max_attempts: 1}}
              - {id: write, kind: write, needs: [], agents: [plain], prompt: "Write it."}
              - {id: judge, kind: evaluate, needs: [write], stage: final, agents: [ada, bob], criteria: [{id: clarity}], on_cut: fail, on_failure: continue, retry: {max_attempts: 1}}
            """
    }

    private static let script = Script { request, reply in
        func events(_ data: String...) -> Script { .events(data + ["[DONE]"]) }
        func said(_ text: String, finish: String = "stop") -> Script {
            events(ScriptedModelServer.chunk(text), ScriptedModelServer.chunk(finish: finish))
        }
        guard request.method == "POST" else {
            return try await Script.status(404, body: "There is no \(Marker.response.rawValue) here.").run(request, reply)
        }
        let script: Script =
            switch request.json?["model"]?.string {
            case "refuses":
                events(
                    #"{"choices":[{"index":0,"delta":{"refusal":"Not \#(Marker.refusal.rawValue)."}}]}"#,
                    ScriptedModelServer.chunk(finish: "stop"))
            case "rejects": .error(400, message: "cannot take the prompt \(Marker.rejection.rawValue)")
            case "breaks":
                events(ScriptedModelServer.chunk("So "), #"{"error":{"code":500,"message":"at \#(Marker.brokenStream.rawValue)"}}"#)
            case "misfits": said(#"{"\#(Marker.member.rawValue)": 1}"#)
            case "cuts": said("It was a \(Marker.cutText.rawValue) and", finish: "length")
            case "ada": said("\(Marker.verdict.rawValue): eight of ten.")
            case "bob": said(#"{"reasoning": "\#(Marker.cutVerdict.rawValue)", "criteria_scores": {"clarity": 8}}"#, finish: "length")
            default: said("A plain draft.")
            }
        try await script.run(request, reply)
    }

    @Test(arguments: ["full", "metadata", "none"])
    func errorsQuoteWhatIsKept(_ capture: String) async throws {
        try await ScriptedModelServer.withServer { server in
            server.answerAlways(with: Self.script)
            let yaml = """
                calls: {capture: \(capture == "none" ? "full" : capture)}
                log_level: trace
                requests: {allow: "127.0.0.1:\(server.port)"}
                providers:
                  scripted: {kind: openai, base_url: "\(server.baseURL)"}
                """
            try await withService(ServiceSetup(yaml: yaml)) { service in
                try await service.publish(Self.workflow(capture, port: server.port))
                let task = try await service.startTask("quotes")
                #expect(try await service.end(of: task) == "completed")
                let codes = try await service.sql("SELECT error ->> 'code' AS code FROM pressroom.steps WHERE status = 'failed' ORDER BY 1")
                    .map { try $0.decode("code", as: String.self) }
                #expect(
                    codes == [
                        "cut_off", "cut_off", "http_status", "invalid_request", "invalid_response", "invalid_response", "refused", "unavailable",
                    ])
                let tables = try await service.sql(
                    "SELECT relname::text FROM pg_class WHERE relnamespace = 'pressroom'::regnamespace AND relkind = 'r'"
                ).map { try $0.decode("relname", as: String.self) }
                for marker in Marker.allCases {
                    var found: Set<String> = []
                    for table in tables {
                        let rows = try await service.number(
                            "SELECT count(*) FROM pressroom.\(identifier: table) t WHERE t::text LIKE \("%\(marker.rawValue)%")")
                        if rows > 0 { found.insert(table) }
                    }
                    #expect(found.contains("call_bodies") == (capture == "full"), "\(marker): \(found.sorted())")
                    found.remove("call_bodies")
                    if marker.isQuoted, capture != "none" {
                        #expect(found.isSuperset(of: ["steps", "attempts"]), "\(marker): \(found.sorted())")
                    } else {
                        #expect(found.isEmpty, "\(marker): \(found.sorted())")
                        for line in service.logLines { #expect(!line.contains(marker.rawValue), "\(line)") }
                    }
                }
                let silent = try await service.number("SELECT count(*) FROM pressroom.steps WHERE error ->> 'message' LIKE '%capture is none%'")
                #expect(silent == (capture == "none" ? Marker.allCases.count(where: \.isQuoted) : 0))
                try await Invariants.check(service)
            }
        }
    }
}
