import Foundation
import SystemIO
import TestSupport
import Testing

@testable import Tailing

struct RotationTests {
    /// Whether the pattern also matches what rotation makes of a name.
    static let patterns = ["/*.log", "/*.log*"]

    @Test(arguments: patterns)
    func `rename and create: every line once, in order`(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            let driver = TailDriver([directory + pattern])
            var expected: [String] = []
            for round in 0..<4 {
                for index in 0..<5 {
                    expected.append("\(round)-\(index)")
                    try append("\(round)-\(index)\n", to: path)
                }
                if round % 2 == 0 { driver.step() }
                for number in (1..<4).reversed() where FileManager.default.fileExists(atPath: "\(path).\(number)") {
                    try move("\(path).\(number)", "\(path).\(number + 1)")
                }
                try move(path, path + ".1")
            }
            try append("last\n", to: path)
            driver.step()
            #expect(driver.lines.values.flatMap { $0 }.sorted() == (expected + ["last"]).sorted())
            // The pattern that matches rotated names too finds one of them under that name.
            if pattern == "/*.log" { #expect(driver.lines(of: path) == expected + ["last"]) }
        }
    }

    @Test func `a file that is rotated away between the look at its name and its turn is one file`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("zero\n", to: path)
            let driver = TailDriver([directory + "/*.log"])
            try move(path, path + ".2")
            driver.step()
            try append("one\n", to: path)
            let found = try #require(try FileDiscovery.found(at: path, driver.tails.sources[0]))
            try move(path, path + ".1")
            try append("two\n", to: path)
            driver.tails.consider(found, sourceIndex: 0)
            driver.step()
            try append("three\n", to: path)
            driver.step()
            #expect(driver.lines(of: path) == ["zero", "one", "two", "three"])
        }
    }

    @Test(arguments: patterns)
    func `several rotations while nobody looked`(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let first = TailDriver([directory + pattern])
            let saved = first.save()
            try append("two\n", to: path)
            try move(path, path + ".2")
            try append("three\n", to: path)
            try move(path, path + ".1")
            try append("four\n", to: path)
            let second = TailDriver([directory + pattern], restoring: saved)
            second.step()
            #expect(first.lines(of: path) == ["one"])
            #expect(second.lines.values.flatMap { $0 }.sorted() == ["four", "three", "two"])
        }
    }

    @Test func `old rotated files are not read at the first start, nor at later ones`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("older\n", to: path + ".2")
            try append("old\n", to: path + ".1")
            try append("one\n", to: path)
            // Births are stamped by a clock that lags a little, so what is only some milliseconds old may have been missed.
            let born = try FileStatus(ofPath: path + ".1").birthNanoseconds
            try waitUntil("the old files to be old") { SystemClock.wallNanoseconds() > born + 40_000_000 }
            let first = TailDriver([path])
            let second = TailDriver([path], restoring: first.save())
            try append("two\n", to: path)
            second.step()
            #expect(first.lines == [path: ["one"]] && second.lines == [path: ["two"]])
        }
    }

    @Test func `the writer may go on in the renamed file`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let driver = TailDriver([path], settle: 0.5)
            try move(path, path + ".1")
            try append("new\n", to: path)
            driver.step()
            try append("late\n", to: path + ".1")
            try waitUntil("the late line") {
                driver.step()
                return driver.lines(of: path).contains("late")
            }
            #expect(driver.lines(of: path).sorted() == ["late", "new", "one"])
        }
    }

    @Test func `a partial last line is a line once the file has been rotated away`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\nhalf", to: path)
            let driver = TailDriver([path])
            #expect(driver.lines(of: path) == ["one"])
            try move(path, path + ".1")
            try append("two\n", to: path)
            try waitUntil("the half line") {
                driver.step()
                return driver.lines(of: path).count == 3
            }
            #expect(driver.lines(of: path).sorted() == ["half", "one", "two"])
        }
    }

    @Test func `a file deleted while it is read is read to its end`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let driver = TailDriver([path])
            let writer = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try writer.seekToEnd()
            try FileManager.default.removeItem(atPath: path)
            try writer.write(contentsOf: Data("two\nthree".utf8))
            try waitUntil("the rest") {
                driver.step()
                return driver.lines(of: path) == ["one", "two", "three"]
            }
        }
    }

    @Test func `an atomic replacement is a new file`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let driver = TailDriver([path])
            try append("one\ntwo\n", to: directory + "/.new")
            try move(directory + "/.new", path)
            driver.step()
            #expect(driver.lines(of: path) == ["one", "one", "two"])
        }
    }

    @Test(arguments: patterns)
    func `copytruncate: nothing twice, and the unread tail comes from the copy`(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let driver = TailDriver([directory + pattern])
            for round in 0..<3 {
                try append("read \(round)\n", to: path)
                driver.step()
                try append("unread \(round)\n", to: path)
                for number in (1..<4).reversed() where FileManager.default.fileExists(atPath: "\(path).\(number)") {
                    try move("\(path).\(number)", "\(path).\(number + 1)")
                }
                try copyTruncate(path, to: path + ".1")
                try append("after \(round)\n", to: path)
                driver.step()
                driver.step()
            }
            let expected = ["one"] + (0..<3).flatMap { ["read \($0)", "unread \($0)", "after \($0)"] }
            #expect(driver.lines.values.flatMap { $0 }.sorted() == expected.sorted())
            #expect(driver.losses.isEmpty)
        }
    }

    @Test func `a copytruncated file that grew past the old offset is new`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\ntwo\n", to: path)
            let driver = TailDriver([path])
            truncate(path, 0)
            try append("these lines are longer than what was there\nand more of them\n", to: path)
            driver.step()
            driver.step()
            #expect(
                driver.lines(of: path) == ["one", "two", "these lines are longer than what was there", "and more of them"])
        }
    }

    @Test func `the same while the agent was down`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\ntwo\n", to: path)
            let saved = TailDriver([path]).save()
            try append("unread\n", to: path)
            try copyTruncate(path, to: path + ".1")
            try append("these lines are longer than what was there\n", to: path)
            let driver = TailDriver([path], restoring: saved)
            driver.step()
            #expect(driver.lines.values.flatMap { $0 } == ["unread", "these lines are longer than what was there"])
            #expect(driver.continuedInCopy == 1 && driver.losses.isEmpty)
        }
    }

    @Test func `what a truncation took unread is a loss with its cause`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\nhalf a line", to: path)
            let driver = TailDriver([path])
            truncate(path, 0)
            try append("x\n", to: path)
            driver.step()
            driver.step()
            #expect(driver.lines(of: path) == ["one", "x"])
            #expect(driver.losses.map(\.cause) == [.truncated])
        }
    }

    @Test func `a truncation is noticed even while nothing but half a line was seen`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("half", to: path)
            let driver = TailDriver([path])
            try append(" a line\n", to: path)
            try copyTruncate(path, to: path + ".1")
            try append("another line, and a longer one\n", to: path)
            driver.step()
            driver.step()
            #expect(driver.lines(of: path) == ["half a line", "another line, and a longer one"])
        }
    }

    @Test func `a recycled inode is a new file`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("header\none\n", to: path)
            let saved = TailDriver([path]).save()
            // The same inode number with another birth time is what a recycled inode looks like.
            var files = saved.files
            files[0].identity.birthNanoseconds -= 1_000_000_000
            try append("two\n", to: path)
            let driver = TailDriver([path], restoring: (files, saved.nextID))
            #expect(driver.lines(of: path) == ["header", "one", "two"])
        }
    }

    @Test func `devices may be numbered anew between two starts`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let saved = TailDriver([path]).save()
            var files = saved.files
            files[0].identity.device += 1
            try append("two\n", to: path)
            let driver = TailDriver([path], restoring: (files, saved.nextID))
            #expect(driver.lines(of: path) == ["two"])
        }
    }

    @Test func `files with an equal header are told apart`() throws {
        try withTemporaryDirectory { directory in
            let header = String(repeating: "# the same header in every file\n", count: 20)
            try append(header + "a\n", to: directory + "/a.log")
            try append(header + "b\n", to: directory + "/b.log")
            let saved = TailDriver([directory + "/*.log"]).save()
            try append("a2\n", to: directory + "/a.log")
            try append("b2\n", to: directory + "/b.log")
            let driver = TailDriver([directory + "/*.log"], restoring: saved)
            #expect(driver.lines == [directory + "/a.log": ["a2"], directory + "/b.log": ["b2"]])
        }
    }

    @Test func `a file moved away and back is not read again`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/logs/app.log"
            try FileManager.default.createDirectory(atPath: directory + "/logs", withIntermediateDirectories: false)
            try append("one\n", to: path)
            let driver = TailDriver([path])
            try move(path, directory + "/elsewhere")
            driver.step()
            try move(directory + "/elsewhere", path)
            try append("two\n", to: path)
            driver.step()
            #expect(driver.lines(of: path) == ["one", "two"])
        }
    }

    @Test func `a plain copy beside the file is read as a file of its own after a while`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let driver = TailDriver([directory + "/*.log*"], copyWait: 0.05)
            try FileManager.default.copyItem(atPath: path, toPath: path + ".1")
            try waitUntil("the copy") {
                driver.step()
                return driver.lines(of: path + ".1") == ["one"]
            }
        }
    }
}
