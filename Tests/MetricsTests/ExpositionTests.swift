import Testing

@testable import Metrics

@Suite struct ExpositionTests {
    @Test func `the text of Prometheus 0_0_4 is exact`() throws {
        #expect(
            rendered(try sampleTable()) == #"""
                # HELP api_requests_total Requests to "the" API\nby method \\ path.
                # TYPE api_requests_total counter
                api_requests_total{endpoint="/jobs",method="GET"} 5
                api_requests_total{endpoint="/a\"b\\c\nd ü",method="POST"} 0.5
                # HELP video_transcode_duration_seconds Time to transcode.
                # TYPE video_transcode_duration_seconds histogram
                video_transcode_duration_seconds_bucket{resolution="360p",le="0.1"} 0
                video_transcode_duration_seconds_bucket{resolution="360p",le="1.0"} 0
                video_transcode_duration_seconds_bucket{resolution="360p",le="1e+06"} 0
                video_transcode_duration_seconds_bucket{resolution="360p",le="+Inf"} 0
                video_transcode_duration_seconds_sum{resolution="360p"} 0
                video_transcode_duration_seconds_count{resolution="360p"} 0
                video_transcode_duration_seconds_bucket{resolution="720p",le="0.1"} 1
                video_transcode_duration_seconds_bucket{resolution="720p",le="1.0"} 2
                video_transcode_duration_seconds_bucket{resolution="720p",le="1e+06"} 2
                video_transcode_duration_seconds_bucket{resolution="720p",le="+Inf"} 3
                video_transcode_duration_seconds_sum{resolution="720p"} 2000000.3
                video_transcode_duration_seconds_count{resolution="720p"} 3
                # HELP uploads_in_progress Uploads that go on.
                # TYPE uploads_in_progress gauge
                uploads_in_progress -2

                """#)
    }

    @Test func `the text of OpenMetrics is exact`() throws {
        #expect(
            rendered(try sampleTable(), as: .openMetrics) == #"""
                # TYPE api_requests counter
                # HELP api_requests Requests to \"the\" API\nby method \\ path.
                api_requests_total{endpoint="/jobs",method="GET"} 5 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 2 1700000001.125
                api_requests_created{endpoint="/jobs",method="GET"} 1700000000.125
                api_requests_total{endpoint="/a\"b\\c\nd ü",method="POST"} 0.5
                api_requests_created{endpoint="/a\"b\\c\nd ü",method="POST"} 1700000000.125
                # TYPE video_transcode_duration_seconds histogram
                # UNIT video_transcode_duration_seconds seconds
                # HELP video_transcode_duration_seconds Time to transcode.
                video_transcode_duration_seconds_bucket{resolution="360p",le="0.1"} 0
                video_transcode_duration_seconds_bucket{resolution="360p",le="1.0"} 0
                video_transcode_duration_seconds_bucket{resolution="360p",le="1e+06"} 0
                video_transcode_duration_seconds_bucket{resolution="360p",le="+Inf"} 0
                video_transcode_duration_seconds_sum{resolution="360p"} 0
                video_transcode_duration_seconds_count{resolution="360p"} 0
                video_transcode_duration_seconds_created{resolution="360p"} 1700000000.125
                video_transcode_duration_seconds_bucket{resolution="720p",le="0.1"} 1 # {trace_id="00ab"} 0.1 1700000000.125
                video_transcode_duration_seconds_bucket{resolution="720p",le="1.0"} 2
                video_transcode_duration_seconds_bucket{resolution="720p",le="1e+06"} 2
                video_transcode_duration_seconds_bucket{resolution="720p",le="+Inf"} 3
                video_transcode_duration_seconds_sum{resolution="720p"} 2000000.3
                video_transcode_duration_seconds_count{resolution="720p"} 3
                video_transcode_duration_seconds_created{resolution="720p"} 1700000000.125
                # TYPE uploads_in_progress gauge
                # HELP uploads_in_progress Uploads that go on.
                uploads_in_progress -2
                # EOF

                """#)
    }

    @Test func `a family without series writes nothing, and an empty exposition has its end`() throws {
        let table = SeriesTable()
        _ = try table.declare(FamilyDefinition(name: "a_total", help: "", kind: .counter, labelNames: ["x"]), now: someTime)
        #expect(rendered(table) == "")
        #expect(rendered(table, as: .openMetrics) == "# EOF\n")
    }

    @Test func `a histogram of negative values has neither sum nor count in OpenMetrics`() throws {
        let table = SeriesTable()
        let family = try table.declare(
            FamilyDefinition(name: "offset_seconds", help: "Offset.", kind: .histogram(bounds: [-1, 0])), now: someTime)
        withKey([]) { #expect(family.observe(-0.5, in: $0, now: someTime) == .applied) }
        #expect(rendered(table).contains("offset_seconds_sum -0.5\noffset_seconds_count 1\n"))
        #expect(
            rendered(table, as: .openMetrics).hasSuffix(
                """
                offset_seconds_bucket{le="-1.0"} 0
                offset_seconds_bucket{le="0.0"} 1
                offset_seconds_bucket{le="+Inf"} 1
                offset_seconds_created 1700000000.125
                # EOF

                """))
    }

    @Test func `texts larger than the scratch buffer come out whole`() throws {
        let table = SeriesTable()
        let names = (0..<60).map { "label_\($0)" }
        let family = try table.declare(
            FamilyDefinition(name: "wide_total", help: String(repeating: "h", count: 100_000), kind: .counter, labelNames: names),
            now: someTime)
        let values = names.map { _ in String(repeating: "v", count: 1000) }
        withKey(values) { _ = family.add(1, to: $0, now: someTime) }
        let labels = zip(names, values).map { "\($0)=\"\($1)\"" }.joined(separator: ",")
        #expect(rendered(table).hasSuffix("# TYPE wide_total counter\nwide_total{\(labels)} 1\n"))
        #expect(rendered(table).hasPrefix("# HELP wide_total \(String(repeating: "h", count: 100_000))\n"))
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (1_000_000, "1000000"), (9_007_199_254_740_991, "9007199254740991"),
        (9_007_199_254_740_992, "9007199254740992.0"), (1e22, "1e+22"), (0.1 + 0.2, "0.30000000000000004"), (1e-7, "1e-07"),
        (-2.5, "-2.5"), (Double.nan, "NaN"), (Double.infinity, "+Inf"), (-Double.infinity, "-Inf"),
    ])
    func `values are the shortest text that reads back`(value: Double, text: String) throws {
        var writer = ExpositionWriter(format: .prometheusText)
        writer.write(value)
        let written = String(decoding: writer.finish(), as: UTF8.self)
        #expect(written == text)
        #expect(Double(written.replacing("Inf", with: "infinity")) == value || value.isNaN)
    }

    @Test(arguments: [
        (0, "0.0"), (0.1, "0.1"), (1, "1.0"), (10, "10.0"), (100_000, "100000.0"), (1_000_000, "1e+06"), (1_234_567, "1.234567e+06"),
        (123_456.5, "123456.5"), (1_234_567.5, "1.2345675e+06"), (0.0001, "0.0001"), (0.00001, "1e-05"), (2.5e-7, "2.5e-07"),
        (1e21, "1e+21"), (1e100, "1e+100"), (-0.5, "-0.5"), (-3, "-3.0"), (30, "30.0"), (0.005, "0.005"), (7.5, "7.5"), (1800, "1800.0"),
        (12_345_678, "1.2345678e+07"), (Double.leastNonzeroMagnitude, "5e-324"),
    ])
    func `bucket bounds have the form that Prometheus makes of them`(bound: Double, text: String) {
        #expect(NumberText.canonical(bound) == text)
    }
}
