import Foundation
import SystemIO
import Tailing
import TestSupport
import Testing

/// What happened to files while no agent was looking.
struct RotationWhileDownTests {
    private func shift(_ path: String) throws {
        for number in (1..<9).reversed() where FileManager.default.fileExists(atPath: "\(path).\(number)") {
            try move("\(path).\(number)", "\(path).\(number + 1)")
        }
    }

    @Test(arguments: RotationTests.patterns)
    func `several copytruncates`(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let first = TailDriver([directory + pattern])
            usleep(40_000)
            for round in 0..<3 {
                try append("a longer line of round \(round)\n", to: path)
                try shift(path)
                try copyTruncate(path, to: path + ".1")
            }
            try append("last\n", to: path)
            let second = TailDriver([directory + pattern], restoring: first.save(), copyWait: 0.05)
            try waitUntil("all lines") {
                second.step()
                return second.lines.values.joined().count >= 4
            }
            let expected = (0..<3).map { "a longer line of round \($0)" } + ["last"]
            if pattern == "/*.log" { #expect(second.lines(of: path) == expected) }
            #expect(second.lines.values.joined().sorted() == expected.sorted())
            #expect(second.losses.isEmpty)
        }
    }

    @Test func `copytruncates of a file that was empty when it was last seen`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("", to: path)
            let first = TailDriver([path])
            usleep(40_000)
            for round in 0..<2 {
                try append("round \(round)\n", to: path)
                try shift(path)
                try copyTruncate(path, to: path + ".1")
            }
            try append("last\n", to: path)
            #expect(TailDriver([path], restoring: first.save()).lines(of: path) == ["round 0", "round 1", "last"])
        }
    }

    @Test func `rotations that are there at the first start come before their successors, names that are only alike do not`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            for round in 0..<3 {
                try append("round \(round)\n", to: path)
                if round < 2 { try shift(path); try move(path, path + ".1") }
            }
            for round in 0..<3 {
                for name in ["/worker.log", "/worker-1.log"] { try append("\(name) \(round)\n", to: directory + name) }
                // Births are stamped by a clock that lags.
                usleep(40_000)
            }
            let files = TailDriver([directory + "/*"]).tails.files.values
            let before = Dictionary(uniqueKeysWithValues: files.map { ($0.firstPath, $0.predecessor?.firstPath) })
            #expect(before.count == 5)
            #expect(before[path] == path + ".1")
            #expect(before[path + ".1"] == path + ".2")
            #expect(before.values.compactMap(\.self).count == 2)
        }
    }

    @Test func `rotated files come before their successor again after a restart`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let first = TailDriver([path])
            try move(path, path + ".1")
            try append("two\n", to: path)
            first.step()
            let second = TailDriver([path], restoring: first.save())
            let newest = second.tails.files.values.first { $0.path == path }
            #expect(newest?.predecessor?.path == path + ".1")
        }
    }

    @Test func `files of a source that is gone, or that no pattern takes any more, are left alone and remembered`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let first = TailDriver([path])
            try append("two\n", to: path)
            let other = TailDriver([directory + "/other.log"], restoring: first.save())
            other.step()
            #expect(other.lines.isEmpty)
            let again = TailDriver([path], restoring: other.save())
            #expect(again.lines(of: path) == ["two"])
        }
    }

    @Test func `a file that was deleted and made anew is a new file`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let saved = TailDriver([path]).save()
            try FileManager.default.removeItem(atPath: path)
            try append("one\n", to: path)
            #expect(TailDriver([path], restoring: saved).lines(of: path) == ["one"])
        }
    }

    @Test func `only the lines appended while it was down, and each state is exact`() throws {
        try withTemporaryDirectory { directory in
            let paths = ["a", "b"].map { "\(directory)/\($0).log" }
            for path in paths { try append("test\n", to: path) }
            var driver = TailDriver([directory + "/*.log"])
            for round in 0..<9 {
                for path in paths { try append("test\n", to: path) }
                driver = TailDriver([directory + "/*.log"], restoring: driver.save())
                for path in paths { #expect(driver.lines(of: path) == ["test"], "round \(round)") }
            }
            #expect(driver.save().files.map(\.counted.offset) == [50, 50])
        }
    }

    @Test func `a state that was saved before the last lines brings them again`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append("one\n", to: path)
            let driver = TailDriver([path])
            let early = driver.save()
            try append("two\n", to: path)
            driver.step()
            #expect(TailDriver([path], restoring: early).lines(of: path) == ["two"])
            #expect(TailDriver([path], restoring: driver.save()).lines(of: path) == [])
        }
    }
}
