import Base
import TestSupport
import Testing
import Workflow

@Suite("Limits per minute")
struct RateBucketTests {
    @Test("No 60 seconds let through more than the limit, whenever calls come", arguments: [1, 2, 7, 20, 39, 500, 6_000])
    func noMinuteIsOver(limit: Int) {
        let seed = Seed.pick()
        var random = SeededGenerator(seed: seed)
        let bucket = RateBucket(perMinute: limit)
        var level = Double.infinity
        var now = 0.0
        var passed: [Double] = []
        while passed.count < 4 * limit {
            // Now and then a pause, in which the bucket fills; else calls that come too fast.
            let pause = Int.random(in: 0..<50, using: &random) == 0 ? 90 : 0.0
            let step = pause + Double.random(in: 0...(40 / Double(limit)), using: &random)
            now += step
            level = min(bucket.burst, level + step * bucket.perSecond)
            while level >= 1 {
                level -= 1
                passed.append(now)
            }
        }
        for (index, begin) in passed.enumerated() where index + limit < passed.count {
            #expect(passed[index + limit] - begin >= 60 - 1e-6, "seed \(seed), limit \(limit)")
        }
    }

    @Test("In the long run nineteen twentieths of the limit go through", arguments: [1, 10, 100, 10_000])
    func longRun(limit: Int) {
        #expect(RateBucket(perMinute: limit).perSecond * 60 >= 0.95 * Double(limit))
        #expect(RateBucket(perMinute: limit).perSecond * 60 <= Double(limit))
    }

    @Test("A call falls under its provider's limits and its own")
    func scopes() throws {
        let limits: ScopedModelLimits = [
            "a": ModelLimits(concurrency: 1), "a/x": ModelLimits(requestsPerMinute: 1), "b/x": ModelLimits(tokensPerMinute: 1),
        ]
        #expect(limits.scopes(of: try #require(ModelName("a/x"))) == ["a", "a/x"])
        #expect(limits.scopes(of: try #require(ModelName("a/y"))) == ["a"])
        #expect(limits.scopes(of: try #require(ModelName("b/x"))) == ["b/x"])
        #expect(limits.scopes(of: try #require(ModelName("c/a"))).isEmpty)
    }
}
