import Foundation
import SystemIO
import TestSupport
import Testing

@testable import Tailing

struct SegmentTailingTests {
    private static func tails(_ directory: String, _ restored: [SavedFile] = []) -> TailSet {
        let tails = TailSet(
            sources: [TailSource(name: "svc", segmentsIn: [directory])], restored: restored, nextID: UInt64(restored.count) + 1,
            pollNanoseconds: 1_000_000
        ) { _ in }
        tails.start()
        return tails
    }

    private static func write(_ count: Int, to log: CaptureLog) {
        var writer = CaptureWriter(log)
        for index in 0..<count { _ = writer.append(Array("line \(index)\n".utf8)) }
    }

    private static func log(_ directory: String) throws -> CaptureLog {
        try CaptureLog(directory: directory, budget: CaptureBudget(maximumBytes: 1 << 20), segmentBytes: 50)
    }

    @Test func `each segment comes after the one before it`() throws {
        try withTemporaryDirectory { directory in
            // What a pattern would take for its own is part of a path here.
            let directory = directory + "/odd [name]*{a,b}"
            let log = try Self.log(directory)
            Self.write(60, to: log)
            let tails = Self.tails(directory)
            let files = tails.files.values.sorted { $0.firstPath < $1.firstPath }
            #expect(files.count > 5)
            for (file, next) in zip(files, files.dropFirst()) { #expect(next.predecessor === file) }
            #expect(files[0].predecessor == nil)
            // And those that are found later.
            let again = try Self.log(directory)
            Self.write(60, to: again)
            try waitUntil("the new segments to be found") {
                tails.handleWatchEvents()
                tails.tick()
                return tails.files.count == 2 * files.count
            }
            let all = tails.files.values.sorted { $0.firstPath < $1.firstPath }
            for (file, next) in zip(all, all.dropFirst()) { #expect(next.predecessor === file) }
        }
    }

    @Test func `the order stays after a restart`() throws {
        try withTemporaryDirectory { directory in
            Self.write(20, to: try Self.log(directory))
            let saved = Self.tails(directory).files.values.map { SavedFile($0, sourceName: "svc") }
            #expect(saved.count > 1)
            Self.write(20, to: try Self.log(directory))
            let files = Self.tails(directory, saved).files.values.sorted { $0.firstPath < $1.firstPath }
            #expect(files.count == 2 * saved.count)
            for (file, next) in zip(files, files.dropFirst()) { #expect(next.predecessor === file) }
        }
    }
}
