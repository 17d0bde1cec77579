import Glibc
import TestSupport
import Testing

@testable import LogAgent

struct ObservedTimesTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `a line has the same time whenever it is asked for, also after a restart`() throws {
        try withTemporaryDirectory { directory in
            let times = try ObservedTimes(path: directory + "/1.times")
            var given: [(offset: UInt64, time: UInt64)] = []
            for index in 0..<500 {
                let offset = UInt64(index) * 10
                // A new record every few lines.
                let now = second * UInt64(1000 + index / 7)
                given.append((offset, try times.time(ofLineAt: offset, readEnd: offset + 10, now: now)))
            }
            for (offset, time) in given { #expect(try times.time(ofLineAt: offset, readEnd: offset + 10, now: second * 9000) == time) }
            let restarted = try ObservedTimes(path: directory + "/1.times")
            for (offset, time) in given.reversed() {
                #expect(try restarted.time(ofLineAt: offset, readEnd: offset + 10, now: second * 9000) == time)
            }
            for (offset, time) in given.shuffled() {
                #expect(try restarted.time(ofLineAt: offset, readEnd: offset + 10, now: second * 9000) == time)
            }
        }
    }

    @Test func `equal lines read at once differ in time, in their order`() throws {
        try withTemporaryDirectory { directory in
            let times = try ObservedTimes(path: directory + "/1.times")
            let given = try (0..<100).map { try times.time(ofLineAt: UInt64($0) * 3, readEnd: UInt64($0) * 3 + 3, now: second) }
            #expect(given == given.sorted() && Set(given).count == 100)
        }
    }

    @Test func `time does not step back with the clock`() throws {
        try withTemporaryDirectory { directory in
            let times = try ObservedTimes(path: directory + "/1.times")
            let first = try times.time(ofLineAt: 0, readEnd: 0 + 10, now: second * 100)
            let second = try times.time(ofLineAt: 10, readEnd: 10 + 10, now: self.second * 50)
            #expect(second > first)
            try times.delivered(through: 20)
            #expect(try times.time(ofLineAt: 20, readEnd: 20 + 10, now: self.second * 60) > second)
        }
    }

    @Test func `delivered records are dropped, later lines are recorded anew`() throws {
        try withTemporaryDirectory { directory in
            let times = try ObservedTimes(path: directory + "/1.times")
            _ = try times.time(ofLineAt: 0, readEnd: 0 + 10, now: second)
            try times.delivered(through: 10)
            let later = try times.time(ofLineAt: 10, readEnd: 10 + 10, now: second * 5)
            #expect(later == second * 5)
            #expect(try ObservedTimes(path: directory + "/1.times").time(ofLineAt: 10, readEnd: 10 + 10, now: second * 99) == later)
        }
    }

    @Test func `a torn last record is as if it had never been`() throws {
        try withTemporaryDirectory { directory in
            let times = try ObservedTimes(path: directory + "/1.times")
            let first = try times.time(ofLineAt: 0, readEnd: 0 + 10, now: second)
            _ = try times.time(ofLineAt: 10, readEnd: 10 + 10, now: second * 9)
            truncate(directory + "/1.times", 24 + 11)
            let restarted = try ObservedTimes(path: directory + "/1.times")
            #expect(try restarted.time(ofLineAt: 0, readEnd: 0 + 10, now: second * 20) == first)
            #expect(try restarted.time(ofLineAt: 10, readEnd: 10 + 10, now: second * 20) == second * 20)
        }
    }

    @Test func `a line without a record among others that have one gets the same time each time`() throws {
        try withTemporaryDirectory { directory in
            let times = try ObservedTimes(path: directory + "/1.times")
            // Lines before 100 and between 120 and 200 had a time of their own, by the settings of that day.
            _ = try times.time(ofLineAt: 100, readEnd: 120, now: second)
            _ = try times.time(ofLineAt: 200, readEnd: 220, now: 3 * second)
            let first = try [0, 50, 130].map { try times.time(ofLineAt: $0, readEnd: $0 + 10, now: 9 * second) }
            let again = try ObservedTimes(path: directory + "/1.times")
            #expect(try [0, 50, 130].map { try again.time(ofLineAt: $0, readEnd: $0 + 10, now: 10 * second) } == first)
            #expect(try again.time(ofLineAt: 210, readEnd: 220, now: 10 * second) == 3 * second + 10)
            #expect(first.allSatisfy { $0 <= 3 * second })
        }
    }
}
