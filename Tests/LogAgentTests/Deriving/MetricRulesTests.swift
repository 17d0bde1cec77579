import JSONScanning
import Metrics
import Testing

@testable import LogAgent

@Suite struct MetricRulesTests {
    @Test func `counters, histograms and gauges move as configured`() throws {
        let deriving = try Deriving([
            metric(
                "api_requests_total", where: [condition("event", .isOneOf(["http.request"]))],
                labels: [("endpoint", .field("http.endpoint")), ("job", .constant("transcode")), ("status", .field("status"))]),
            metric(
                "video_seconds", .histogram(value: .field("ms"), buckets: [1, 10]),
                where: [condition("event", .isOneOf(["transcode.finished"]))], labels: [("resolution", .field("resolution"))], scale: 0.001,
                exemplar: "trace_id", initial: [["360p"]]),
            metric(
                "uploads_in_progress", .gauge,
                updates: [
                    GaugeUpdate(
                        conditions: [condition("event", .isOneOf(["upload.started"]))], operation: .inc, amount: .constant("1")),
                    GaugeUpdate(
                        conditions: [condition("event", .isOneOf(["upload.finished", "upload.aborted"]))], operation: .dec,
                        amount: .constant("1")),
                ]),
            metric("bytes_total", .counter(value: .field("bytes")), where: [condition("bytes", .exists(true))]),
        ])
        #expect(deriving.samples.contains(#"video_seconds_count{resolution="360p"} 0"#))
        #expect(deriving.samples.contains("bytes_total 0"))
        try deriving.apply(
            #"{"event":"http.request","http":{"endpoint":"/a"},"status":200,"bytes":10}"#,
            #"{"event":"http.request","http":{"endpoint":"/a"},"status":200.0}"#,
            #"{"event":"http\u002erequest","http.endpoint":"/\"b\"","status":null,"bytes":"5"}"#,
            #"{"event":"transcode.finished","resolution":"720p","ms":2500,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
            #"{"event":"upload.started"}"#, #"{"event":"upload.started"}"#, #"{"event":"upload.aborted"}"#, #"{"event":"other"}"#, "{}")
        #expect(
            deriving.exposition(.openMetrics).split(separator: "\n").filter { !$0.hasPrefix("#") && !$0.contains("_created") } == [
                #"api_requests_total{endpoint="/a",job="transcode",status="200"} 1"#,
                #"api_requests_total{endpoint="/a",job="transcode",status="200.0"} 1"#,
                #"api_requests_total{endpoint="/\"b\"",job="transcode",status=""} 1"#,
                #"video_seconds_bucket{resolution="360p",le="1.0"} 0"#, #"video_seconds_bucket{resolution="360p",le="10.0"} 0"#,
                #"video_seconds_bucket{resolution="360p",le="+Inf"} 0"#, #"video_seconds_sum{resolution="360p"} 0"#,
                #"video_seconds_count{resolution="360p"} 0"#, #"video_seconds_bucket{resolution="720p",le="1.0"} 0"#,
                "video_seconds_bucket{resolution=\"720p\",le=\"10.0\"} 1 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 2.5 1700000000.000",
                #"video_seconds_bucket{resolution="720p",le="+Inf"} 1"#, #"video_seconds_sum{resolution="720p"} 2.5"#,
                #"video_seconds_count{resolution="720p"} 1"#, "uploads_in_progress 1", "bytes_total 15",
            ])
        #expect(deriving.rules.counts.map(\.matchedLines) == [3, 1, 3, 2])
    }

    @Test(arguments: [
        ("{}", ValueError.missing), (#"{"v":null}"#, .missing), (#"{"v":"abc"}"#, .notNumeric), (#"{"v":""}"#, .notNumeric),
        (#"{"v":"0x10"}"#, .notNumeric), (#"{"v":true}"#, .notNumeric), (#"{"v":{}}"#, .notNumeric), (#"{"v":[1]}"#, .notNumeric),
        (#"{"v":1e999}"#, .notFinite), (#"{"v":"NaN"}"#, .notFinite), (#"{"v":"-Infinity"}"#, .notFinite),
        (#"{"v":"1e999"}"#, .notFinite), (#"{"v":-1}"#, .negative), (#"{"v":"-0.5"}"#, .negative),
    ])
    func `a value that is no number is counted and moves nothing else`(line: String, error: ValueError) throws {
        let deriving = try Deriving([
            metric("bytes_total", .counter(value: .field("v")), labels: [("x", .field("x"))]),
            metric("wait_seconds", .histogram(value: .field("v"), buckets: [1]), labels: [("x", .field("x"))]),
            metric("lines_total"),
        ])
        try deriving.apply(line)
        #expect(deriving.samples == ["lines_total 1"])
        for counts in deriving.rules.counts.prefix(2) {
            #expect(counts.matchedLines == 1)
            #expect(ValueError.allCases.map { counts[$0] } == ValueError.allCases.map { $0 == error ? 1 : 0 })
        }
    }

    @Test func `the updates of a gauge are applied in order, each that matches`() throws {
        func update(_ operation: GaugeUpdate.Operation, _ amount: FieldTemplate, _ events: [String]) -> GaugeUpdate {
            GaugeUpdate(conditions: [condition("event", .isOneOf(events))], operation: operation, amount: amount)
        }
        let deriving = try Deriving([
            metric(
                "level", .gauge,
                updates: [
                    update(.set, .field("v"), ["set", "both"]), update(.add, .field("v"), ["add", "both"]),
                    update(.sub, .field("v"), ["sub"]), update(.inc, .constant("1"), ["inc", "both"]),
                    update(.dec, .constant("1"), ["dec"]),
                ])
        ])
        func level(after line: String) throws -> [String] {
            try deriving.apply(line)
            return deriving.samples
        }
        #expect(try level(after: #"{"event":"set","v":10}"#) == ["level 10"])
        #expect(try level(after: #"{"event":"add","v":2.5}"#) == ["level 12.5"])
        #expect(try level(after: #"{"event":"sub","v":20}"#) == ["level -7.5"])
        #expect(try level(after: #"{"event":"inc"}"#) == ["level -6.5"])
        #expect(try level(after: #"{"event":"dec"}"#) == ["level -7.5"])
        #expect(try level(after: #"{"event":"both","v":3}"#) == ["level 7"])
        #expect(try level(after: #"{"event":"set","v":"high"}"#) == ["level 7"])
        #expect(deriving.rules.counts[0][.notNumeric] == 1)
    }

    @Test func `all conditions of a rule must hold, whichever of them leads to it`() throws {
        let isRequest = condition("event", .isOneOf(["http.request"]))
        let deriving = try Deriving([
            metric("all_total"),
            metric("requests_total", where: [isRequest]),
            metric("slow_total", where: [condition("seconds", .greater(1)), isRequest]),
            metric("errors_total", where: [condition("status", .greaterOrEqual(500)), isRequest, condition("path", .matches("^/api/"))]),
            metric("jobs_total", where: [condition("event", .isOneOf(["job.started", "job.finished"]))]),
            metric("twice_total", where: [isRequest, condition("event", .isNoneOf(["http.request"]))]),
        ])
        try deriving.apply(
            #"{"event":"http.request","seconds":0.5,"status":500,"path":"/api/x"}"#,
            #"{"event":"http.request","seconds":2,"status":503,"path":"/x"}"#, #"{"event":"job.finished","seconds":9}"#,
            #"{"event":"job.started"}"#, #"{"event":"job.stopped"}"#, #"{"event":17}"#, #"{"event":{}}"#, #"{"seconds":5}"#)
        #expect(
            deriving.samples == [
                "all_total 8", "requests_total 2", "slow_total 1", "errors_total 1", "jobs_total 2", "twice_total 0",
            ])
    }

    @Test func `numbers as conditions hold by value`() throws {
        let deriving = try Deriving([
            metric("ok_total", where: [condition("status", .isOneOf(["200", "204"]))]),
            metric("bad_total", where: [condition("status", .isOneOf(["500"]))]),
        ])
        try deriving.apply(#"{"status":200}"#, #"{"status":2.0e2}"#, #"{"status":"204"}"#, #"{"status":"204.0"}"#, #"{"status":500.0}"#)
        #expect(deriving.samples == ["ok_total 3", "bad_total 1"])
    }

    @Test func `a family that is full says which label filled it`() throws {
        let deriving = try Deriving([
            metric("hits_total", labels: [("path", .field("path")), ("user", .field("user"))], maximumSeries: 2)
        ])
        for user in 0..<4 { try deriving.apply(#"{"path":"/","user":\#(user)}"#) }
        #expect(deriving.samples.last == #"hits_total{path="__overflow__",user="__overflow__"} 2"#)
        let reports = deriving.table.takeOverflowReports()
        #expect(reports.map(\.label) == ["user"])
        #expect(reports.map(\.distinctValues) == [2])
    }

    @Test func `long and broken label values are made fit, and the cut ones counted`() throws {
        let deriving = try Deriving([metric("hits_total", labels: [("path", .field("path"))])])
        try deriving.apply(#"{"path":"\#(String(repeating: "x", count: 3000))"}"#, #"{"path":"a\nb\ud800"}"#)
        #expect(
            deriving.samples == [
                "hits_total{path=\"\(String(repeating: "x", count: 1024))\"} 1", "hits_total{path=\"a\\nb\u{fffd}\"} 1",
            ])
        #expect(deriving.rules.cutLabelValues == 1)
    }

    @Test func `only what is needed is asked for, each path once`() {
        let settings = [
            metric(
                "a_total", .counter(value: .field("v")), where: [condition("event", .exists(true))],
                labels: [("x", .field("l")), ("y", .constant("c"))], exemplar: "t"),
            metric(
                "g", .gauge,
                updates: [GaugeUpdate(conditions: [condition("u", .exists(true))], operation: .add, amount: .field("v"))]),
            metric("h", .histogram(value: .field("w"), buckets: [1]), where: [condition("event", .exists(true))]),
        ]
        #expect(MetricRules.requiredPaths(settings).sorted() == ["event", "l", "t", "u", "v", "w"])
    }

    @Test func `settings that can't be derived say why`() {
        #expect(throws: DerivingError.declaration(.counterWithoutTotal("a"))) { try Deriving([metric("a")]) }
        #expect(throws: DerivingError.constantNotNumeric(metric: "a_total", constant: "many")) {
            try Deriving([metric("a_total", .counter(value: .constant("many")))])
        }
        #expect(
            throws: DerivingError.pattern(metric: "a_total", .groupNotClosed(position: 0))
        ) {
            try Deriving([metric("a_total", where: [condition("x", .matches("("))])])
        }
    }

    /// Every line through all rules without dispatch, against the same through it.
    @Test func `the short way to the rules finds what looking at all of them finds`() throws {
        let events = ["a", "bb", "a.longer.event.name", "a.longer.event.nama", "", "c"]
        var settings: [MetricSettings] = []
        for number in 0..<30 {
            var conditions: [FieldCondition] = []
            if number % 3 != 0 {
                conditions.append(condition("event", .isOneOf([events[number % events.count], events[(number / 2) % events.count]])))
            }
            if number % 4 == 1 { conditions.insert(condition("level", .isOneOf(["INFO"])), at: 0) }
            if number % 5 == 2 { conditions.append(condition("status", .isOneOf(["\(number % 3)"]))) }
            settings.append(metric("m\(number)_total", where: conditions))
        }
        let deriving = try Deriving(settings)
        var expected = [Int](repeating: 0, count: settings.count)
        for (event, level) in events.flatMap({ event in ["INFO", "WARN"].map { (event, $0) } }) + [("unknown", "INFO")] {
            for status in 0..<3 {
                try deriving.apply(#"{"level":"\#(level)","status":\#(status),"event":"\#(event)"}"#)
                for (number, metric) in settings.enumerated() {
                    let isMatch = metric.conditions.allSatisfy { condition in
                        guard case .isOneOf(let values) = condition.test else { return false }
                        return values.contains(["event": event, "level": level, "status": "\(status)"][condition.field] ?? "")
                    }
                    expected[number] += isMatch ? 1 : 0
                }
            }
        }
        #expect(deriving.samples == expected.enumerated().map { "m\($0.offset)_total \($0.element)" })
    }
}
