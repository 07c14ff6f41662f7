import Base
import TestSupport
import Testing

@testable import Workflow

@Suite struct CronExpressionTests {
    @Test(arguments: [
        ("0 9 * * mon-fri", "0 9 * * 1,2,3,4,5"), ("0 0 * * sun", "0 0 * * 7"), ("0 0 * * SUN", "0 0 * * 0"),
        ("0 0 1 Jan,jul *", "0 0 1 1,7 *"), ("0 0 1 jan-mar *", "0 0 1 1-3 *"), ("0 0 * * fri-sun", "0 0 * * 5-7"),
        ("0 0 * * fri-7", "0 0 * * 0,5,6"), ("0 0 * * 0-7", "0 0 * * 0-6"), ("10-40/10 0 1 1 *", "10,20,30,40 0 1 1 *"),
        ("0 8-18/5 1 1 *", "0 8,13,18 1 1 *"), ("05 007 1 1 *", "5 7 1 1 *"), ("  0\t9  *  * 1 ", "0 9 * * 1"),
        ("1,1,2-3,3 0 1 1 *", "1-3 0 1 1 *"), ("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * sun"), ("@Monthly", "0 0 1 * *"), (" @yearly ", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"),
    ])
    func sameTimes(written: String, meant: String) throws {
        let (first, second) = (try CronExpression(written), try CronExpression(meant))
        #expect(first.minutes == second.minutes && first.hours == second.hours && first.days == second.days)
        #expect(first.months == second.months && first.weekdays == second.weekdays)
        #expect(first.eitherDay == second.eitherDay && first.isFixed == second.isFixed)
        #expect(first.text == written)
    }

    @Test(arguments: [
        ("", "must not be empty"),
        ("   ", "must not be empty"),
        ("* * * *", "must have five fields (minute, hour, day of month, month, day of week), not 4"),
        ("0 0 0 * * *", "must have five fields (minute, hour, day of month, month, day of week), not 6; there is none for seconds"),
        ("60 * * * *", "is wrong in the minute, at character 1: must be from 0 to 59, not 60"),
        ("0  24 * * *", "is wrong in the hour, at character 4: must be from 0 to 23, not 24"),
        ("0 0 0 * *", "is wrong in the day of month, at character 5: must be from 1 to 31, not 0"),
        ("0 0 1 13 *", "is wrong in the month, at character 7: must be from 1 to 12, not 13"),
        ("0 0 * * 8", "is wrong in the day of week, at character 9: must be from 0 to 7, not 8"),
        ("0 0 1,2,x * *",
         "is wrong in the day of month, at character 9: must be from 1 to 31, not 'x'"),
        ("0 0 1 mai *",
         "is wrong in the month, at character 7: must be from 1 to 12, or one of jan feb mar apr may jun jul aug sep oct nov dec, not 'mai'"),
        ("0 mon * * *", "is wrong in the hour, at character 3: must be from 0 to 23, not 'mon'"),
        ("0 0 ? * 1", "is wrong in the day of month, at character 5: must be * where any value will do; ? is not known"),
        ("0 0 L * *", "is wrong in the day of month, at character 5: must be from 1 to 31, not 'L'"),
        ("5/15 * * * *", "is wrong in the minute, at character 1: needs * or a range before a step, as in */5 or 10-40/10"),
        ("*/0 * * * *", "is wrong in the minute, at character 3: must have a step from 1 to 59, not 0"),
        ("*/60 * * * *", "is wrong in the minute, at character 3: must have a step from 1 to 59, not 60"),
        ("*/ * * * *", "is wrong in the minute, at character 3: must have a step from 1 to 59, but nothing is there"),
        ("*/5/2 * * * *", "is wrong in the minute, at character 3: must have a step from 1 to 59, not '5/2'"),
        ("0 18-8 * * *", "is wrong in the hour, at character 3: must not have a range that ends before it begins"),
        ("0 1-2-3 * * *", "is wrong in the hour, at character 5: must be from 0 to 23, not '2-3'"),
        ("0 1, * * *", "is wrong in the hour, at character 5: must be from 0 to 23, but nothing is there"),
        ("0 -1 * * *", "is wrong in the hour, at character 3: must be from 0 to 23, but nothing is there"),
        ("0 +1 * * *", "is wrong in the hour, at character 3: must be from 0 to 23, not '+1'"),
        ("0 ١ * * *", "is wrong in the hour, at character 3: must be from 0 to 23, not '١'"),
        ("0 99999999999999999999 * * *", "is wrong in the hour, at character 3: must be from 0 to 23, not '99999999999999999999'"),
        ("** * * * *", "is wrong in the minute, at character 1: must be from 0 to 59, not '**'"),
        ("0 0 30 2 *", "is wrong in the day of month: names no day that its months have"),
        ("0 0 31 4,6,9,11 *", "is wrong in the day of month: names no day that its months have"),
        ("@reboot", "must be one of @annually, @daily, @hourly, @midnight, @monthly, @weekly, @yearly, where it begins with @"),
        ("@daily 5", "must have nothing after @daily"),
        (String(repeating: "1,", count: 100) + "1 * * * *", "must have at most 200 characters"),
    ])
    func mistakes(written: String, detail: String) {
        let problem = #expect(throws: CronProblem.self) { try CronExpression(written) }
        // The word that follows @daily has its place too.
        #expect(problem?.description.replacing("is wrong at character 8: ", with: "") == detail)
    }

    @Test func mutatedTextsNeverCrash() {
        let seed = Seed.pick()
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("0123456789*/-, \t@?LW#jansunmoé🙂\u{0}")
        let whole = ["*/15 0-6 1,15 * mon-fri", "30 2 29 2 *", "5-59/7 */2 * jan,jul 7", "0 9 * * 1", "@daily"].map(Array.init)
        var usable = 0
        for index in 0..<3_000 {
            // Every fifth text is random from its first character; the others are expressions with a few mistakes.
            var text = index % 5 == 0 ? [] : whole[Int(generator.next(below: UInt64(whole.count)))]
            for _ in 0..<generator.next(below: index % 5 == 0 ? 24 : 4) {
                let character = alphabet[Int(generator.next(below: UInt64(alphabet.count)))]
                let place = Int(generator.next(below: UInt64(text.count + 1)))
                if place < text.count, generator.next(below: 2) == 0 { text[place] = character } else { text.insert(character, at: place) }
            }
            guard let expression = try? CronExpression(String(text)) else { continue }
            #expect(expression.firstLocalTime(from: 0) != nil, "seed \(seed): \(String(text))")
            usable += 1
        }
        #expect((100..<2_900).contains(usable), "seed \(seed): \(usable) of 3000 texts are expressions")
    }

    @Test func zones() throws {
        for name in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "Asia/Calcutta", "Etc/GMT+3", "US/Eastern", "GMT"] {
            #expect(try ZoneRules(name).name == name)
        }
        for name in ["", "Mars/Olympus", "GMT+3", "+02:00", "europe/berlin", "CEST", "BST", "EST", "SystemV/PST8", "../etc/passwd", "Europe/Berlin ", "Etc/Unknown"] {
            #expect(throws: ZoneProblem.unknown) { try ZoneRules(name) }
        }
    }
}
