import Testing

@testable import Metrics

@Suite struct SeriesTests {
    private func counter(
        labels: [String] = ["user"], maximumSeries: Int = 1000, idleSeconds: UInt64? = nil, initial: [[String]]? = nil
    ) throws -> (SeriesTable, MetricFamily) {
        let table = SeriesTable()
        let family = try table.declare(
            FamilyDefinition(
                name: "hits_total", help: "Hits.", kind: .counter, labelNames: labels, maximumSeries: maximumSeries,
                idleTimeoutNanoseconds: idleSeconds.map { $0 * second }, initialLabelValues: initial),
            now: someTime)
        return (table, family)
    }

    private func lines(_ table: SeriesTable) -> [String] {
        rendered(table).split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }

    @Test func `values that differ only in where a label ends are different series`() throws {
        let (table, family) = try counter(labels: ["a", "b"])
        for values in [["ab", "c"], ["a", "bc"], ["", "abc"], ["abc", ""]] {
            withKey(values) { _ = family.add(1, to: $0, now: someTime) }
        }
        #expect(
            lines(table) == [
                #"hits_total{a="ab",b="c"} 1"#, #"hits_total{a="a",b="bc"} 1"#, #"hits_total{a="",b="abc"} 1"#,
                #"hits_total{a="abc",b=""} 1"#,
            ])
    }

    @Test func `what is refused moves nothing and makes no series`() throws {
        let (table, family) = try counter()
        withKey(["x"]) { key in
            #expect(family.add(.nan, to: key, now: someTime) == .notFinite)
            #expect(family.add(.infinity, to: key, now: someTime) == .notFinite)
            #expect(family.add(-1, to: key, now: someTime) == .negative)
            #expect(family.seriesCount == 0)
            #expect(family.add(.greatestFiniteMagnitude, to: key, now: someTime) == .applied)
            #expect(family.add(.greatestFiniteMagnitude, to: key, now: someTime) == .notFinite)
        }
        let histogram = try table.declare(
            FamilyDefinition(name: "size_bytes", help: "", kind: .histogram(bounds: [1])), now: someTime)
        withKey([]) { key in
            #expect(histogram.observe(.nan, in: key, now: someTime) == .notFinite)
            #expect(histogram.observe(-1, in: key, now: someTime) == .negative)
            #expect(histogram.observe(.greatestFiniteMagnitude, in: key, now: someTime) == .applied)
            #expect(histogram.observe(.greatestFiniteMagnitude, in: key, now: someTime) == .notFinite)
        }
        #expect(lines(table).contains("size_bytes_count 1"))
        let gauge = try table.declare(FamilyDefinition(name: "level", help: "", kind: .gauge), now: someTime)
        withKey([]) { key in
            #expect(gauge.set(.nan, of: key, now: someTime) == .notFinite)
            #expect(gauge.move(by: -.infinity, of: key, now: someTime) == .notFinite)
            #expect(gauge.set(-1.5, of: key, now: someTime) == .applied)
            #expect(gauge.move(by: 1, of: key, now: someTime) == .applied)
        }
        #expect(lines(table).contains("level -0.5"))
    }

    @Test(arguments: [(0.5, 0), (1.0, 0), (1.0000001, 1), (5.0, 1), (5.1, 2)])
    func `a bucket holds its upper bound`(value: Double, bucket: Int) {
        let shape = FamilyShape(FamilyDefinition(name: "x", help: "", kind: .histogram(bounds: [1, 5])))
        #expect(shape.bucket(of: value) == bucket)
    }

    @Test func `many buckets are searched as few are`() {
        let bounds = (0..<200).map { Double($0) }
        let shape = FamilyShape(FamilyDefinition(name: "x", help: "", kind: .histogram(bounds: bounds)))
        for value in stride(from: -0.5, through: 201, by: 0.5) {
            #expect(shape.bucket(of: value) == bounds.count { $0 < value })
        }
    }

    @Test func `beyond the limit one series takes what is new, and the crowded label is named once`() throws {
        let (table, family) = try counter(labels: ["method", "user"], maximumSeries: 3)
        for number in 0..<5 {
            withKey(["GET", "u\(number)"]) { #expect(family.add(1, to: $0, now: someTime) == .applied) }
        }
        withKey(["GET", "u0"]) { _ = family.add(1, to: $0, now: someTime) }
        #expect(
            lines(table) == [
                #"hits_total{method="GET",user="u0"} 2"#, #"hits_total{method="GET",user="u1"} 1"#,
                #"hits_total{method="GET",user="u2"} 1"#, #"hits_total{method="__overflow__",user="__overflow__"} 2"#,
            ])
        #expect(family.overflowedUpdates == 2)
        #expect(
            table.takeOverflowReports() == [
                OverflowReport(family: "hits_total", label: "user", distinctValues: 3, maximumSeries: 3)
            ])
        #expect(table.takeOverflowReports() == [])
        #expect(family.overflow?.label == "user")
    }

    @Test func `idle series go, declared ones stay, and their slots are used again`() throws {
        let (table, family) = try counter(maximumSeries: 3, idleSeconds: 60, initial: [["root"]])
        withKey(["a"]) { _ = family.add(1, to: $0, now: someTime) }
        withKey(["b"]) { _ = family.add(1, to: $0, now: someTime + 30 * second) }
        withKey(["c"]) { _ = family.add(1, to: $0, now: someTime + 30 * second) }
        #expect(table.expire(now: someTime + 59 * second) == 0)
        #expect(table.expire(now: someTime + 60 * second) == 1)
        #expect(family.expiredSeries == 1)
        #expect(
            lines(table) == [
                #"hits_total{user="root"} 0"#, #"hits_total{user="b"} 1"#, #"hits_total{user="__overflow__"} 1"#,
            ])
        withKey(["d"]) { _ = family.add(7, to: $0, now: someTime + 61 * second) }
        #expect(
            lines(table) == [
                #"hits_total{user="root"} 0"#, #"hits_total{user="d"} 7"#, #"hits_total{user="b"} 1"#,
                #"hits_total{user="__overflow__"} 1"#,
            ])
        // A clock that stepped back makes nothing idle.
        #expect(table.expire(now: 0) == 0)
        #expect(table.expire(now: someTime + 600 * second) == 2)
        #expect(lines(table).count == 2)
    }

    @Test func `expiry gives back the memory of texts, and a capture taken before still reads them`() throws {
        let (table, family) = try counter(maximumSeries: 100_000, idleSeconds: 1)
        var capture = SeriesCapture()
        for round in 0..<20 {
            let now = someTime + UInt64(round) * 10 * second
            for number in 0..<500 { withKey(["r\(round)-\(number)"]) { _ = family.add(1, to: $0, now: now) } }
            if round == 0 { table.capture(into: &capture) }
            #expect(table.expire(now: now + 5 * second) == 500)
        }
        #expect(family.arena.byteCount < 3 * 500 * 40)
        #expect(rendered(capture).contains(#"hits_total{user="r0-499"} 1"#))
        #expect(lines(table) == [])
    }

    @Test func `a label value is made fit for an exposition`() throws {
        let (table, family) = try counter()
        var key = SeriesKey()
        key.append("zoë")
        _ = family.add(1, to: key, now: someTime)
        for bytes: [UInt8] in [[0x61, 0xff, 0x62], Array(repeating: 0xff, count: 1025)] {
            key.removeAll()
            bytes.withUnsafeBytes { key.append($0) }
            _ = family.add(1, to: key, now: someTime)
        }
        key.removeAll()
        // One byte, then characters of two bytes: the limit falls inside of one.
        key.append("x" + String(repeating: "é", count: 1000))
        _ = family.add(1, to: key, now: someTime)
        #expect(
            lines(table) == [
                "hits_total{user=\"zoë\"} 1", "hits_total{user=\"a\u{fffd}b\"} 1",
                "hits_total{user=\"\(String(repeating: "\u{fffd}", count: 341))\"} 1",
                "hits_total{user=\"x\(String(repeating: "é", count: 511))\"} 1",
            ])
        #expect(key.cutValues == 2)
    }

    @Test(arguments: ["", "xyz", "00000000000000000000000000000000", "4bf92f3577b34da6a3ce929d0e0e47360", "4bf9-2f35"])
    func `what is no trace id makes no exemplar`(text: String) {
        #expect(trace(text) == nil)
    }

    @Test(arguments: ["1", "00ab", "ABCDEF0123456789", "10000000000000000", "4bf92f3577b34da6a3ce929d0e0e4736"])
    func `a trace id keeps its digits`(text: String) throws {
        let (table, family) = try counter(labels: [])
        #expect(family.definition.keepsExemplars == false)
        let traced = try table.declare(
            FamilyDefinition(name: "traced_total", help: "", kind: .counter, keepsExemplars: true), now: someTime)
        withKey([]) { _ = traced.add(1, to: $0, now: someTime, trace: trace(text)) }
        #expect(rendered(table, as: .openMetrics).contains("traced_total 1 # {trace_id=\"\(text.lowercased())\"} 1 1700000000.125\n"))
    }

    @Test func `the sum of a histogram does not depend on the order`() throws {
        var values = (0..<5000).map { _ in Double.random(in: 0...1) * [1e-9, 1, 1e9].randomElement(or: 1) }
        var sums: Set<UInt64> = []
        for _ in 0..<5 {
            values.shuffle()
            let table = SeriesTable()
            let family = try table.declare(
                FamilyDefinition(name: "x", help: "", kind: .histogram(bounds: [1])), now: someTime)
            withKey([]) { key in for value in values { _ = family.observe(value, in: key, now: someTime) } }
            sums.insert(family.cells[0])
        }
        #expect(sums.count == 1)
    }

    @Test func `a long plain sum loses what a compensated one keeps`() {
        var plain = 1e16
        var kept = CompensatedSum(high: 1e16, low: 0)
        for _ in 0..<1000 {
            plain += 1
            kept = kept.adding(1) ?? kept
        }
        #expect(plain == 1e16)
        #expect(kept.value == 1e16 + 1000)
    }
}

extension Array {
    fileprivate func randomElement(or other: Element) -> Element { randomElement() ?? other }
}
