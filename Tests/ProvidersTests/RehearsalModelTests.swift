import Base
import Foundation
import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("Rehearsal", .limit(minutes: 2))
struct RehearsalModelTests {
    private static let goldenText = """
        It is easy to talk about slow bread and a good deal harder to say something useful. This is a rehearsal, and the \
        real text will be written by a real model.

        The first draft of anything is mostly a list of what its author already believed. The people who use it every \
        day are rarely the ones who describe it best.

        A plain sentence costs more time than a clever one and gives it all back. That is reason enough to give slow \
        bread an hour of attention this week.
        """

    private let model = RehearsalModel(options: RehearsalOptions(tokensPerSecond: 0))

    private func text(_ request: ModelRequest) async throws -> String {
        try await model.answer(request).text
    }

    @Test("answers by task, agent and prompt, and by nothing else")
    func determinism() async throws {
        let base = ModelRequest.sample()
        let answer = try await text(base)
        var same = base
        same.seed = 99
        same.temperature = 1.5
        same.phase = "other"
        same.model = ModelName(provider: "rehearsal", model: "another")
        same.context.traceID = "other"
        #expect(try await RehearsalModel(options: RehearsalOptions(tokensPerSecond: 0)).answer(same).text == answer)
        #expect(try await text(.sample(agent: "terse")) != answer)
        #expect(try await text(.sample(task: UUID(uuid: (9, 9, 9, 9, 9, 9, 0x70, 9, 0x90, 9, 9, 9, 9, 9, 9, 9)))) != answer)
        #expect(try await text(.sample("Write a post on slow bread for home bakers!")) != answer)
        #expect(try await text(.sample(system: "You write warmly.")) != answer)
    }

    @Test("gives this very answer on every machine")
    func golden() async throws {
        let answer = try await text(.sample())
        #expect(answer == Self.goldenText)
    }

    @Test("writes a short post that says once that it is a rehearsal", arguments: [
        "Write a post on slow bread for home bakers.", "x", "", "About   \n\n",
        "Write about the long history of municipal water supply in small mountain towns and valleys of the far north.",
        "Rewrite the draft about tea. The editor's feedback: shorter, please.",
    ])
    func posts(prompt: String) async throws {
        for agent in 0..<60 {
            let text = try await text(.sample(prompt, agent: "agent-\(agent)"))
            let words = text.split(whereSeparator: \.isWhitespace).count
            #expect((60...120).contains(words), "\(words) words, agent-\(agent)")
            #expect(text.ranges(of: "This is a rehearsal").count == 1)
            #expect(text.contains("\n\n"))
            #expect(!text.contains("{topic}"))
        }
    }

    @Test("guesses what a prompt is about", arguments: [
        ("Write a post on slow bread for home bakers.", "slow bread"),
        ("Write a short text about Swift 6.3 and Linux. Be kind.", "Swift 6.3 and Linux"),
        ("You are a writer.\nTopic: \"night trains\"\nAudience: families", "night trains"),
        ("Explain monads", "Explain monads"), ("", "this subject"), ("  \n ", "this subject"), ("...", "this subject"),
    ])
    func topics(prompt: String, topic: String) {
        #expect(RehearsalTopic.topic(of: prompt) == topic)
    }

    @Test("ends a text where the request wants it ended")
    func maxTokens() async throws {
        var request = ModelRequest.sample()
        request.maxTokens = 12
        let response = try await model.answer(request)
        #expect(response.finishReason == "length")
        #expect(response.usage.completionTokens == 12)
        #expect(response.text.split(whereSeparator: \.isWhitespace).count == 12)
    }

    @Test("fails as often as it is told, and succeeds when asked again")
    func failRate() async throws {
        let model = RehearsalModel(options: RehearsalOptions(tokensPerSecond: 0, failRate: 0.3))
        var failures = 0
        var interrupted = 0
        for _ in 0..<400 {
            let collector = TextCollector()
            do throws(ProviderError) {
                _ = try await model.complete(.sample()) { collector.append($0) }
            } catch {
                #expect(error.code == .unavailable)
                failures += 1
                if !collector.pieces.isEmpty { interrupted += 1 }
            }
        }
        // The draws are seeded, so these numbers do not change from run to run.
        #expect((80...160).contains(failures))
        #expect(interrupted > 20 && interrupted < failures)
    }

    @Test("keeps its pace and its latency")
    func pace() async throws {
        let model = RehearsalModel(options: RehearsalOptions(tokensPerSecond: 1_000, latency: .milliseconds(50)))
        let start = ContinuousClock.now
        let response = try await model.answer()
        // Never faster than told; how much slower is the machine's affair.
        let least = Duration.milliseconds(50 + response.usage.completionTokens - 1)
        #expect(ContinuousClock.now - start >= least)
    }

    @Test("judges differently as another judge, and permutes every label")
    func judges() async throws {
        let candidates = (1...5).map { UUID(uuid: (0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, $0)) }
        var rankings: Set<[UUID]> = []
        var scores: Set<String> = []
        for number in 0..<20 {
            let judge = "judge-\(number)"
            let answer = try await text(.sample(agent: judge, schema: .ballot))
            let (ballot, reasoning) = try BallotSchema.parse(answer, candidates: candidates, judge: judge)
            rankings.insert(ballot.order)
            #expect(!reasoning.isEmpty)
            scores.insert(try await text(.sample(agent: judge, schema: .verdict)))
        }
        #expect(rankings.count > 12)
        #expect(scores.count == 20)
    }

    @Test("sends some drafts back, rather in the first round, and says why; polishes some that it approves",
        arguments: [(1, 90...150), (2, 160...195)])
    func reviews(cycle: Int, approvals: ClosedRange<Int>) async throws {
        var approved = 0
        var polished = 0
        for number in 0..<200 {
            let draft = "Draft \(number).\n\nThe end."
            let prompt = EditPrompt.text(draft: PromptDraft(draft), assignment: "Write about tea.", cycle: cycle, maxCycles: 3)
            let decision = try EditDecision.parse(try await text(.sample(prompt, schema: .review)))
            if decision.isApproved { approved += 1 }
            if let content = decision.content {
                polished += 1
                #expect(content.hasPrefix(draft + " "))
            }
            #expect(!decision.feedback.isEmpty)
        }
        #expect(approvals.contains(approved), "\(approved) approved")
        #expect(polished > 30 && polished < approved)
    }

    @Test("rewrites about what the draft was about, in other words")
    func rewrites() async throws {
        let assignment = "Write a post on slow bread for home bakers."
        let draft = try await text(.sample(assignment))
        let prompt = RewritePrompt.text(draft: PromptDraft(draft), feedback: "Shorter, on the whole.", assignment: assignment)
        let rewritten = try await text(.sample(prompt))
        #expect(rewritten != draft)
        #expect(rewritten.contains("slow bread"))
        #expect(rewritten.ranges(of: "This is a rehearsal").count == 1)
    }
}
