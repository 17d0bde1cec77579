import Testing

@testable import Metrics

@Suite struct SnapshotTests {
    private func table(_ definitions: FamilyDefinition...) throws -> SeriesTable {
        let table = SeriesTable()
        for definition in definitions { _ = try table.declare(definition, now: someTime + 9 * second) }
        return table
    }

    @Test(arguments: ExpositionFormat.allCases)
    func `a restored table writes what the saved one wrote`(format: ExpositionFormat) throws {
        let saved = try sampleTable()
        let restored = SeriesTable()
        for family in saved.families { _ = try restored.declare(family.definition, now: someTime + 9 * second) }
        #expect(try restore(snapshot(of: saved), into: restored) == [])
        #expect(rendered(restored, as: format) == rendered(saved, as: format))
        #expect(snapshot(of: restored) == snapshot(of: saved))
    }

    @Test func `a restored table goes on counting`() throws {
        let saved = try sampleTable()
        let restored = try table(saved.families[0].definition, saved.families[1].definition, saved.families[2].definition)
        _ = try restore(snapshot(of: saved), into: restored)
        withKey(["/jobs", "GET"]) { _ = restored.families[0].add(1, to: $0, now: someTime) }
        withKey(["720p"]) { _ = restored.families[1].observe(0.5, in: $0, now: someTime) }
        withKey(["new", "GET"]) { _ = restored.families[0].add(1, to: $0, now: someTime) }
        let text = rendered(restored)
        #expect(text.contains(#"api_requests_total{endpoint="/jobs",method="GET"} 6"#))
        #expect(text.contains(#"api_requests_total{endpoint="new",method="GET"} 1"#))
        #expect(text.contains(#"video_transcode_duration_seconds_sum{resolution="720p"} 2000000.8"#))
        #expect(text.contains(#"video_transcode_duration_seconds_count{resolution="720p"} 4"#))
    }

    @Test func `families that changed start again and are named`() throws {
        let saved = try sampleTable()
        var requests = saved.families[0].definition
        requests.labelNames = ["endpoint", "status"]
        var durations = saved.families[1].definition
        durations.kind = .histogram(bounds: [0.1, 1])
        let restored = try table(requests, durations)
        #expect(
            try restore(snapshot(of: saved), into: restored) == [
                .changedLabels(name: "api_requests_total", previous: ["endpoint", "method"]),
                .changedBuckets(name: "video_transcode_duration_seconds"), .unknownFamily(name: "uploads_in_progress", series: 1),
            ])
        #expect(!rendered(restored).contains("api_requests_total"))
        #expect(rendered(restored).contains(#"video_transcode_duration_seconds_count{resolution="720p"} 0"#))

        let other = try table(FamilyDefinition(name: "uploads_in_progress", help: "", kind: .histogram(bounds: [])))
        #expect(try restore(snapshot(of: saved), into: other).contains(.changedKind(name: "uploads_in_progress")))
    }

    @Test func `other help, exemplars, timeouts and limits keep the values`() throws {
        let saved = try sampleTable()
        var requests = saved.families[0].definition
        requests.help = "Other."
        requests.keepsExemplars = false
        requests.idleTimeoutNanoseconds = 60 * second
        var durations = saved.families[1].definition
        durations.initialLabelValues = [["1080p"]]
        let restored = try table(requests, durations, saved.families[2].definition)
        #expect(try restore(snapshot(of: saved), into: restored, now: someTime) == [])
        let text = rendered(restored, as: .openMetrics)
        #expect(text.contains("api_requests_total{endpoint=\"/jobs\",method=\"GET\"} 5\n"))
        #expect(text.contains(#"video_transcode_duration_seconds_count{resolution="720p"} 3"#))
        #expect(text.contains(#"video_transcode_duration_seconds_count{resolution="1080p"} 0"#))
        #expect(restored.expire(now: someTime + 59 * second) == 0)
        #expect(restored.expire(now: someTime + 60 * second) == 2)
    }

    @Test func `a lower limit folds the rest into the overflow series`() throws {
        let definition = FamilyDefinition(name: "hits_total", help: "", kind: .counter, labelNames: ["user"], maximumSeries: 4)
        let saved = try table(definition)
        for number in 0..<6 { withKey(["u\(number)"]) { _ = saved.families[0].add(1, to: $0, now: someTime) } }

        let same = try table(definition)
        #expect(try restore(snapshot(of: saved), into: same) == [])
        #expect(rendered(same) == rendered(saved))
        #expect(same.families[0].seriesCount == 4)
        #expect(same.families[0].overflowedUpdates == 2)

        var smaller = definition
        smaller.maximumSeries = 2
        let folded = try table(smaller)
        #expect(try restore(snapshot(of: saved), into: folded) == [.folded(name: "hits_total", series: 2)])
        #expect(
            rendered(folded).hasSuffix(
                "hits_total{user=\"u0\"} 1\nhits_total{user=\"u1\"} 1\nhits_total{user=\"__overflow__\"} 4\n"))
    }

    @Test func `a snapshot cut anywhere is refused and changes nothing`() throws {
        let saved = try sampleTable()
        let bytes = snapshot(of: saved)
        let target = try table(saved.families[0].definition, saved.families[1].definition, saved.families[2].definition)
        let before = rendered(target)
        for length in 0..<bytes.count {
            #expect(throws: SnapshotError.self) { try restore(Array(bytes[..<length]), into: target) }
        }
        #expect(throws: SnapshotError.damaged(offset: bytes.count, what: "something follows its end")) {
            try restore(bytes + [0], into: target)
        }
        #expect(rendered(target) == before)
    }

    @Test func `a snapshot with any byte changed is read or refused, never a crash`() throws {
        let saved = try sampleTable()
        let bytes = snapshot(of: saved)
        var refused = 0
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= UInt8.random(in: 1...255)
            let target = try table(saved.families[0].definition, saved.families[1].definition, saved.families[2].definition)
            do throws(SnapshotError) {
                _ = try restore(changed, into: target)
                #expect(rendered(target, as: .openMetrics).hasSuffix("# EOF\n"))
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0)
    }
}
