import SystemIO
import TestSupport
import Testing

@testable import LogAgent

struct ObservedBreaksTests {
    private func at(_ offset: UInt64, _ streams: LogStreamSet = .all) -> ObservedBreaks.Break {
        ObservedBreaks.Break(offset: offset, streams: streams)
    }

    @Test func `breaks are known again after a restart, by the range that is asked for`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/1.breaks"
            let first = try ObservedBreaks(path: path)
            for offset in stride(from: UInt64(10), through: 1000, by: 10) { try first.record(at(offset, LogStreamSet(.stderr))) }
            for breaks in [first, try ObservedBreaks(path: path)] {
                #expect(try breaks.breaks(after: 0, through: 25).map(\.offset) == [10, 20])
                #expect(try breaks.breaks(after: 500, through: 520).map(\.offset) == [510, 520])
                #expect(try breaks.breaks(after: 985, through: 5000) == [at(990, LogStreamSet(.stderr)), at(1000, LogStreamSet(.stderr))])
                #expect(try breaks.breaks(after: 1000, through: 5000).isEmpty)
            }
        }
    }

    @Test func `a torn record is none`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/1.breaks"
            try ObservedBreaks(path: path).record(at(10))
            try append("torn", to: path)
            let breaks = try ObservedBreaks(path: path)
            try breaks.record(at(20))
            #expect(try ObservedBreaks(path: path).breaks(after: 0, through: 99) == [at(10), at(20)])
        }
    }

    @Test func `what was delivered everywhere is dropped, and only when all of it was`() throws {
        try withTemporaryDirectory { directory in
            let breaks = try ObservedBreaks(path: directory + "/1.breaks")
            try breaks.record(at(10))
            try breaks.record(at(20))
            try breaks.delivered(through: 15)
            #expect(try breaks.breaks(after: 0, through: 99).count == 2)
            try breaks.delivered(through: 20)
            #expect(try breaks.breaks(after: 0, through: 99).isEmpty)
            try breaks.record(at(30))
            #expect(try ObservedBreaks(path: directory + "/1.breaks").breaks(after: 0, through: 99) == [at(30)])
        }
    }

    @Test func `a break that can't be written is known nevertheless`() throws {
        try withTemporaryDirectory { directory in
            let breaks = try ObservedBreaks(path: directory + "/missing/1.breaks")
            #expect(throws: SystemError.self) { try breaks.record(at(10)) }
            #expect(try breaks.breaks(after: 0, through: 99) == [at(10)])
        }
    }
}
