import Foundation
import Tailing
import TestSupport
import Testing

/// Whose turn it is, and what is read at all.
struct ReadingOrderTests {
    @Test func `files are read in turns`() throws {
        try withTemporaryDirectory { directory in
            for name in ["a", "b"] {
                try append((0..<8).map { "\(name)\($0) \(String(repeating: "x", count: 290))\n" }.joined(), to: "\(directory)/\(name).log")
            }
            // A read brings one line, or two.
            let driver = TailDriver([directory + "/*.log"], readsAtStart: false, readBytes: 300)
            while driver.readOnce() {}
            let names = driver.order.map { $0.prefix(1) }
            #expect(zip(names, names.dropFirst()).count { $0 != $1 } >= 7)
            #expect(driver.order.count == 16)
        }
    }

    @Test func `oldest first: the older file to its end, then the newer`() throws {
        try withTemporaryDirectory { directory in
            for (name, age) in [("new", 100.0), ("old", 3000), ("older", 9000)] {
                let path = "\(directory)/\(name).log"
                try append((0..<8).map { "\($0) \(String(repeating: "x", count: 290))\n" }.joined(), to: path)
                try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
            }
            let driver = TailDriver([directory + "/*.log"], readsAtStart: false, readBytes: 300) { $0.readsOldestFirst = true }
            while driver.readOnce() {}
            let names = driver.order.map { String($0.prefix { $0 != "." }) }
            #expect(names == Array(repeating: "older", count: 8) + Array(repeating: "old", count: 8) + Array(repeating: "new", count: 8))
            // A file that was read comes again when it grows.
            try append("more\n", to: directory + "/older.log")
            driver.step()
            #expect(driver.order.last == "older.log: more")
        }
    }

    @Test func `oldest first does not wait for itself where a file was rotated`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let driver = TailDriver([directory + "/app.log"]) { $0.readsOldestFirst = true }
            try append("two\n", to: path)
            try move(path, path + ".1")
            try append("three\n", to: path)
            driver.step()
            driver.lookAtEverything()
            #expect(driver.lines(of: path) == ["one", "two", "three"])
        }
    }

    @Test(arguments: [(10.0, 1), (40, 2), (240, 3), (5760, 4)])
    func `files that are older than the limit are left out`(limitMinutes: Double, count: Int) throws {
        try withTemporaryDirectory { directory in
            for (name, minutes) in [("now", 0.0), ("30m", 30), ("3h", 180), ("3d", 4320)] {
                let path = "\(directory)/\(name).log"
                try append("\(name)\n", to: path)
                try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -60 * minutes)], ofItemAtPath: path)
            }
            let driver = TailDriver([directory + "/*.log"]) { $0.ignoredAgeNanoseconds = UInt64(limitMinutes * 60e9) }
            #expect(driver.lines.count == count)
            // What comes later is read, and nothing else, also after a restart.
            for name in ["now", "30m", "3h", "3d"] { try append("later\n", to: "\(directory)/\(name).log") }
            driver.lookAtEverything()
            let next = TailDriver([directory + "/*.log"], restoring: driver.save()) {
                $0.ignoredAgeNanoseconds = UInt64(limitMinutes * 60e9)
            }
            for name in ["now", "30m", "3h", "3d"] { try append("and later\n", to: "\(directory)/\(name).log") }
            next.lookAtEverything()
            #expect(driver.lines(of: directory + "/3d.log").suffix(1) == ["later"])
            #expect(driver.takeLines().count == count + 4)
            #expect(next.takeLines() == Array(repeating: "and later", count: 4))
        }
    }

    @Test func `a file that was read and has aged goes on at its place`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append("one\n", to: path)
            let first = TailDriver([path])
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -86400)], ofItemAtPath: path)
            let second = TailDriver([path], restoring: first.save()) { $0.ignoredAgeNanoseconds = 60_000_000_000 }
            try append("two\n", to: path)
            second.lookAtEverything()
            #expect(second.lines(of: path) == ["two"])
        }
    }
}
