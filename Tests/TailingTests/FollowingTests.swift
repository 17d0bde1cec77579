import Foundation
import SystemIO
import Tailing
import TestSupport
import Testing

/// Files that grow, come and go, without rotation.
struct FollowingTests {
    @Test func `two files written in turns keep their own order`() throws {
        try withTemporaryDirectory { directory in
            let driver = TailDriver([directory + "/*.log"])
            for index in 0..<5 {
                try append("a\(index)\n", to: directory + "/a.log")
                try append("b\(index)\n", to: directory + "/b.log")
                driver.step()
            }
            #expect(driver.lines(of: directory + "/a.log") == (0..<5).map { "a\($0)" })
            #expect(driver.lines(of: directory + "/b.log") == (0..<5).map { "b\($0)" })
        }
    }

    @Test(arguments: [false, true])
    func `half a line waits for the rest`(polls: Bool) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let driver = TailDriver([path], polls: polls)
            try append("hello\nwo", to: path)
            try waitUntil("the first line") {
                driver.step()
                return driver.lines(of: path) == ["hello"]
            }
            try append("r", to: path)
            driver.step()
            try append("ld\n", to: path)
            try waitUntil("the second line") {
                driver.step()
                return driver.lines(of: path) == ["hello", "world"]
            }
        }
    }

    @Test func `include and exclude choose the files, compressed ones are left alone`() throws {
        try withTemporaryDirectory { directory in
            for name in ["a.log", "a.txt", "b.log", "b.donot.log", "c.log.gz"] { try append("x\n", to: directory + "/" + name) }
            let driver = TailDriver([directory + "/*.log", directory + "/*.gz"], exclude: ["*.donot.log", directory + "/a.*"])
            #expect(Set(driver.lines.keys) == [directory + "/b.log", directory + "/c.log.gz"])
            let plain = TailDriver([directory + "/*"], exclude: ["*.txt", "*.donot.log"])
            #expect(Set(plain.lines.keys) == [directory + "/a.log", directory + "/b.log"])
        }
    }

    @Test func `directories that are made later are entered`() throws {
        try withTemporaryDirectory { directory in
            let driver = TailDriver([directory + "/logs/**/*.log"])
            try FileManager.default.createDirectory(atPath: directory + "/logs/x/y", withIntermediateDirectories: true)
            try append("deep\n", to: directory + "/logs/x/y/a.log")
            try waitUntil("the new file") {
                driver.step()
                return driver.lines(of: directory + "/logs/x/y/a.log") == ["deep"]
            }
        }
    }

    @Test func `start at the end leaves what is there and takes what comes`() throws {
        try withTemporaryDirectory { directory in
            try append("old\nhalf", to: directory + "/a.log")
            let driver = TailDriver([directory + "/*.log"], from: .end)
            try append(" done\nnew\n", to: directory + "/a.log")
            try append("first\n", to: directory + "/later.log")
            driver.step()
            #expect(driver.lines(of: directory + "/a.log") == ["half done", "new"])
            #expect(driver.lines(of: directory + "/later.log") == ["first"])
        }
    }

    @Test func `an empty file is found and read when it gets data`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append("", to: path)
            let driver = TailDriver([path])
            #expect(driver.found == [path] && driver.lines.isEmpty)
            try append("\n\nx\n", to: path)
            driver.step()
            #expect(driver.lines(of: path) == ["", "", "x"])
        }
    }

    @Test func `a directory that the pattern names is not a file`() throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/a.log", withIntermediateDirectories: false)
            #expect(TailDriver([directory + "/*.log"]).found.isEmpty)
        }
    }

    @Test func `a symbolic link is followed and its switch is a new file`() throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/data", withIntermediateDirectories: false)
            try append("one\n", to: directory + "/data/1")
            symlink(directory + "/data/1", directory + "/a.log")
            let driver = TailDriver([directory + "/*.log"]) { $0.linkTargets = [GlobPattern(directory + "/data/*")] }
            try append("two\n", to: directory + "/data/1")
            try waitUntil("growth behind the link") {
                driver.step()
                return driver.lines(of: directory + "/a.log") == ["one", "two"]
            }
            try append("three\n", to: directory + "/data/2")
            symlink(directory + "/data/2", directory + "/next")
            try move(directory + "/next", directory + "/a.log")
            try waitUntil("the new target") {
                driver.step()
                return driver.lines(of: directory + "/a.log") == ["one", "two", "three"]
            }
        }
    }

    @Test func `a second name of one inode is not read again`() throws {
        try withTemporaryDirectory { directory in
            try append("one\n", to: directory + "/a.log")
            let driver = TailDriver([directory + "/*.log"])
            link(directory + "/a.log", directory + "/b.log")
            try append("two\n", to: directory + "/a.log")
            driver.step()
            #expect(driver.lines == [directory + "/a.log": ["one", "two"]])
        }
    }
}
