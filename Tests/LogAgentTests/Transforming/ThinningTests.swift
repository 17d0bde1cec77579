import Testing

@testable import LogAgent

@Suite struct ThinningTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `a sample is the same for the same key, and stands for all`() throws {
        let step = try Transforming("{ sample: { one_in: 10, key: '$trace' } }")
        let again = try Transforming("{ sample: { ratio: 0.1, key: '$trace' } }")
        var kept = 0
        for number in 0..<20_000 {
            let outcome = step.take(#"{"trace":"\#(number)","x":1}"#)
            #expect((outcome.line == nil) == (step.take(#"{"trace":"\#(number)","y":2}"#).line == nil))
            #expect((outcome.line == nil) == (again.take(#"{"trace":\#(number)}"#).line == nil))
            if outcome.line != nil {
                kept += 1
                #expect(outcome.metadata == #""sample_weight":"10""#)
            } else {
                #expect(outcome.droppedBy == "0_sample")
            }
        }
        // Far beyond six standard deviations.
        #expect((1700...2300).contains(kept))
    }

    @Test func `without the key a line itself decides, and a whole sample has no weight`() throws {
        let step = try Transforming("{ sample: { one_in: 2, key: '$trace' } }")
        let kept = (0..<1000).filter { step.take(#"{"n":\#($0)}"#).line != nil }.count
        #expect((350...650).contains(kept))
        #expect(try Transforming("{ sample: { ratio: 1 } }").take("{}") == Transforming.Outcome(line: "{}"))
        #expect(try Transforming("{ sample: { ratio: 0.3 } }").transforms.tableCount == 0)
    }

    @Test func `a limit fills with the lines' own time, key by key`() throws {
        let step = try Transforming("{ limit: { per_second: 2, burst: 3, key: '$k' } }")
        func take(_ key: String, _ seconds: Double) -> String {
            let outcome = step.take(#"{"k":"\#(key)"}"#, at: transformingTime + UInt64(seconds * 1e9))
            return outcome.line == nil ? "-" : outcome.metadata.isEmpty ? "+" : outcome.metadata
        }
        #expect((0..<5).map { _ in take("a", 0) } == ["+", "+", "+", "-", "-"])
        #expect(take("b", 0) == "+")
        // One of half a second, which also stands for the two before it.
        #expect((0..<2).map { _ in take("a", 0.5) } == [#""sample_weight":"3""#, "-"])
        // Time never steps back.
        #expect(take("a", 0) == "-")
        #expect((0..<5).map { _ in take("a", 100) } == [#""sample_weight":"3""#, "+", "+", "-", "-"])
    }

    @Test func `keys beyond the most share a bucket, and full ones make room`() throws {
        let step = try Transforming("{ limit: { per_second: 1, burst: 1, key: '$k', max_keys: 2 } }")
        func take(_ key: Int, _ seconds: UInt64) -> Bool {
            step.take(#"{"k":\#(key)}"#, at: transformingTime + seconds * Self.second).line != nil
        }
        #expect([1, 2, 3, 4].map { take($0, 0) } == [true, true, true, false])
        #expect([5, 6, 7].map { take($0, 10) } == [true, true, false])
    }

    @Test func `repeats within the window are left out, and counted on the next`() throws {
        let step = try Transforming("{ dedupe: { fields: ['level', 'message'], window: '10s' } }")
        func take(_ message: String, _ seconds: UInt64) -> String? {
            let outcome = step.take(
                #"{"level":"INFO","message":"\#(message)","t":\#(seconds)}"#, at: transformingTime + seconds * Self.second)
            return outcome.line.map { _ in outcome.metadata }
        }
        #expect(take("a", 0) == "")
        #expect(take("a", 1) == nil)
        #expect(take("b", 1) == "")
        #expect(take("a", 9) == nil)
        #expect(take("a", 10) == #""repeats":"2","sample_weight":"3""#)
        #expect(take("a", 19) == nil)
        // Time never steps back.
        #expect(take("b", 2) == "")
        #expect(take("a", 30) == #""repeats":"1","sample_weight":"2""#)
        #expect(take("a", 45) == "")
        #expect(step.take(#"{"x":1}"#).line != nil)
        #expect(step.take(#"{"x":1}"#).line != nil)
    }

    @Test func `weights of several steps are those of all lines left out`() throws {
        let step = try Transforming("{ sample: { one_in: 4 } }, { dedupe: { fields: ['k'], window: '1h' } }")
        var weight = 0.0
        var last = 0.0
        for number in 0..<4000 {
            let outcome = step.take(#"{"k":1,"n":\#(number)}"#, at: transformingTime + UInt64(number) * 60 * Self.second)
            guard outcome.line != nil else { continue }
            let text = outcome.metadata.split(separator: "\"").last ?? ""
            weight += Double(text) ?? 1
            last = Double(number)
        }
        // Everything up to the last one that went through, as far as a sample tells.
        #expect(abs(weight - last) < 600)
    }

    @Test func `what is remembered is forgotten with a block, and known nowhere else`() {
        var memory = TransformMemory(tableCount: 1)
        let block = TransformMemory.blockBytes
        #expect(memory.start(toReach: 0, ofFileReadFrom: 0) == 0)
        #expect(memory.start(toReach: block + 5, ofFileReadFrom: 0) == block)
        #expect(memory.start(toReach: block + 5, ofFileReadFrom: block + 2) == block + 2)
        memory.begin(at: block)
        memory.tables[0][7] = KeyTable.Cell(time: 1)
        memory.enter(lineAt: 2 * block - 1)
        memory.reach(2 * block + 10)
        #expect(memory.tables[0][7] != nil)
        #expect(memory.start(toReach: 2 * block + 10, ofFileReadFrom: 0) == nil)
        memory.enter(lineAt: 2 * block + 10)
        #expect(memory.tables[0][7] == nil)
    }

    @Test func `a route names outputs and a tenant, the last one that applies`() throws {
        let step = try Transforming(
            "{ route: { where: { audit: true }, outputs: ['b'] } }, { route: { where: { t: { exists: true } }, tenant: '$t' } }")
        func take(_ line: String) -> (UInt64, String?) {
            _ = step.take(line)
            return (step.transforms.line.outputs, step.transforms.line.tenant.map { String(decoding: $0, as: UTF8.self) })
        }
        #expect(take("{}") == (.max, nil))
        #expect(take(#"{"audit":true}"#) == (2, nil))
        #expect(take(#"{"audit":true,"t":"team-a"}"#) == (2, "team-a"))
        #expect(take(#"{"t":"a/b"}"#) == (.max, nil))
        #expect(step.counts.missingTenants == 1)
    }
}
