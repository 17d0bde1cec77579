import Foundation
import SystemIO
import TestSupport
import Testing

@testable import Tailing

/// Which content is which, where names and inodes mislead.
struct IdentityTests {
    @Test(arguments: RotationTests.patterns)
    func `a copy that overwrites the last one is not read twice`(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("start\n", to: path)
            let driver = TailDriver([directory + pattern])
            var expected = ["start"]
            for round in 0..<3 {
                try append("read in round \(round)\n", to: path)
                driver.step()
                try append("not yet read in round \(round)\n", to: path)
                // `cp app.log app.log.1; > app.log`
                let content = try Data(contentsOf: URL(fileURLWithPath: path))
                if !FileManager.default.fileExists(atPath: path + ".1") { try append("", to: path + ".1") }
                let copy = try FileHandle(forWritingTo: URL(fileURLWithPath: path + ".1"))
                try copy.truncate(atOffset: 0)
                try copy.write(contentsOf: content)
                try copy.close()
                truncate(path, 0)
                driver.step()
                driver.step()
                expected += ["read in round \(round)", "not yet read in round \(round)"]
            }
            #expect(driver.lines.values.joined().sorted() == expected.sorted())
            #expect(driver.losses.isEmpty)
        }
    }

    @Test func `a name that is given away between the look and the check takes no content with it`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\ntwo\n", to: path)
            let saved = TailDriver([path]).save()
            let found = FileDiscovery.Found(path: path, status: try FileStatus(ofPath: path), isLink: false)
            try move(path, path + ".1")
            try append("three\n", to: path)
            let source = TailSource(name: "test", include: [path], exclude: [], startPosition: .beginning, alwaysPolls: false)
            let tails = TailSet(sources: [source], restored: saved.files, nextID: saved.nextID, pollNanoseconds: 1_000_000) { _ in }
            tails.consider(found, sourceIndex: 0)
            #expect(tails.files.values.map(\.path) == [path + ".1"])
            #expect(tails.files.values.map(\.counted.offset) == [8])
            tails.start()
            #expect(tails.files.values.compactMap(\.path).sorted() == [path, path + ".1"])
        }
    }

    @Test func `truncate and write: the new lines from the beginning, once`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\ntwo\n", to: path)
            let driver = TailDriver([path])
            for text in ["3\n", "other text of another length\n", "x\n"] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                driver.step()
                driver.step()
            }
            #expect(driver.lines(of: path) == ["one", "two", "3", "other text of another length", "x"])
        }
    }

    @Test func `an unreadable file is read once it may be`() throws {
        // Root may read anything.
        guard geteuid() != 0 else { return }
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            chmod(path, 0)
            let driver = TailDriver([path])
            #expect(driver.lines.isEmpty)
            chmod(path, 0o600)
            try append("two\n", to: path)
            driver.step()
            #expect(driver.lines(of: path) == ["one", "two"])
        }
    }

    @Test func `links that lead in circles end`() throws {
        try withTemporaryDirectory { directory in
            for name in ["x", "y", "z"] { symlink(directory, directory + "/" + name) }
            try append("one\n", to: directory + "/a.log")
            #expect(Array(TailDriver([directory + "/**/*.log"]).lines.values.joined()) == ["one"])
        }
    }

    @Test func `a directory behind a link is followed where the link is switched`() throws {
        try withTemporaryDirectory { directory in
            for name in ["1", "2"] {
                try FileManager.default.createDirectory(atPath: directory + "/" + name, withIntermediateDirectories: false)
            }
            symlink(directory + "/1", directory + "/current")
            try append("one\n", to: directory + "/1/a.log")
            let driver = TailDriver([directory + "/current/*.log"])
            symlink(directory + "/2", directory + "/next")
            try move(directory + "/next", directory + "/current")
            try append("two\n", to: directory + "/2/a.log")
            driver.lookAtEverything()
            #expect(driver.lines(of: directory + "/current/a.log") == ["one", "two"])
            // From here on by events alone.
            try append("three\n", to: directory + "/2/a.log")
            driver.step()
            #expect(driver.lines(of: directory + "/current/a.log") == ["one", "two", "three"])
        }
    }

    @Test func `without events a rotated file is found by its new name, and its end is noticed`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let driver = TailDriver([path], polls: true)
            try move(path, path + ".1")
            try append("two\n", to: path)
            driver.lookAtEverything()
            let rotated = try #require(driver.tails.files.values.first { $0.path == path + ".1" })
            rotated.closeDescriptor()
            try move(path + ".1", path + ".2")
            try append("late\n", to: path + ".2")
            driver.lookAtEverything()
            driver.lookAtEverything()
            #expect(rotated.path == path + ".2")
            #expect(driver.lines(of: path) == ["one", "two", "late"])
            rotated.closeDescriptor()
            try FileManager.default.removeItem(atPath: path + ".2")
            driver.lookAtEverything()
            #expect(rotated.path == nil)
        }
    }

    @Test func `the directory vanishes and returns`() throws {
        try withTemporaryDirectory { directory in
            let logs = directory + "/logs"
            try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: false)
            try append("one\n", to: logs + "/a.log")
            let driver = TailDriver([logs + "/*.log"])
            try FileManager.default.removeItem(atPath: logs)
            driver.step()
            try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: false)
            try append("two\n", to: logs + "/a.log")
            try waitUntil("the new file") {
                driver.step()
                return driver.lines(of: logs + "/a.log") == ["one", "two"]
            }
        }
    }

    @Test func `a settled rotated file is not read again and again`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\n", to: path)
            let driver = TailDriver([path], settle: 0)
            try move(path, path + ".1")
            driver.step()
            for _ in 0..<3 {
                usleep(2000)
                driver.tails.handleWatchEvents()
                driver.tails.tick()
                #expect(!driver.tails.hasReadable)
            }
        }
    }

    @Test func `thousands of files are found again quickly after a restart`() throws {
        try withTemporaryDirectory { directory in
            for index in 0..<3000 {
                close(open("\(directory)/f\(index).log", O_CREAT | O_WRONLY, 0o600))
                close(open("\(directory)/f\(index).log.1", O_CREAT | O_WRONLY, 0o600))
            }
            let saved = TailDriver([directory + "/*.log"]).save()
            let start = SystemClock.monotonicNanoseconds()
            let driver = TailDriver([directory + "/*.log"], restoring: saved)
            let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
            #expect(driver.tails.files.count == 3000)
            // Reading the directory anew for each file took a minute.
            #expect(seconds < 5)
        }
    }
}
