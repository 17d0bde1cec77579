import Foundation
import Tailing
import TestSupport
import Testing

/// Where symbolic links may lead.
struct LinkTests {
    @Test func `a link to a file that the source does not name is not followed`() throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/logs", withIntermediateDirectories: false)
            try append("secret\n", to: directory + "/secret")
            symlink(directory + "/secret", directory + "/logs/a.log")
            let driver = TailDriver([directory + "/logs/*.log"])
            symlink(directory + "/secret", directory + "/logs/b.log")
            driver.step()
            driver.lookAtEverything()
            #expect(driver.lines.isEmpty && driver.found.isEmpty)
            #expect(driver.refusedLinks.contains(directory + "/logs/a.log"))
        }
    }

    @Test func `nor one that is put in the place of a file, or switched to it`() throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/logs", withIntermediateDirectories: false)
            try append("secret\n", to: directory + "/secret")
            try append("one\n", to: directory + "/logs/1.log")
            symlink(directory + "/logs/1.log", directory + "/logs/link.log")
            try append("two\n", to: directory + "/logs/2.log")
            let driver = TailDriver([directory + "/logs/*.log"])
            for name in ["link", "2"] {
                symlink(directory + "/secret", directory + "/next")
                try move(directory + "/next", "\(directory)/logs/\(name).log")
            }
            driver.step()
            driver.lookAtEverything()
            #expect(driver.takeLines().sorted() == ["one", "two"])
        }
    }

    @Test func `a directory behind a link is left alone as well`() throws {
        try withTemporaryDirectory { directory in
            for name in ["logs", "private"] {
                try FileManager.default.createDirectory(atPath: directory + "/" + name, withIntermediateDirectories: false)
            }
            try append("secret\n", to: directory + "/private/a.log")
            symlink(directory + "/private", directory + "/logs/deep")
            #expect(TailDriver([directory + "/logs/**/*.log"]).lines.isEmpty)
            let allowing = TailDriver([directory + "/logs/**/*.log"]) { $0.linkTargets = [GlobPattern(directory + "/private/*.log")] }
            #expect(allowing.lines(of: directory + "/logs/deep/a.log") == ["secret"])
        }
    }

    @Test func `Kubernetes: a link to a link to a file that is rotated, once each`() throws {
        try withTemporaryDirectory { directory in
            for name in ["containers", "pods/p/c", "docker"] {
                try FileManager.default.createDirectory(atPath: directory + "/" + name, withIntermediateDirectories: true)
            }
            let target = directory + "/docker/id-json.log"
            try append("one\n", to: target)
            symlink(target, directory + "/pods/p/c/0.log")
            symlink(directory + "/pods/p/c/0.log", directory + "/containers/p_c-id.log")
            let name = directory + "/containers/p_c-id.log"
            let driver = TailDriver([directory + "/containers/*.log"]) { $0.linkTargets = [GlobPattern(directory + "/docker/*")] }
            try append("two\n", to: target)
            try move(target, target + ".1")
            try append("three\n", to: target)
            try waitUntil("the rotated target") {
                driver.step()
                return driver.lines(of: name) == ["one", "two", "three"]
            }
            // The container is started anew.
            try append("four\n", to: directory + "/docker/other-json.log")
            symlink(directory + "/docker/other-json.log", directory + "/pods/p/c/1.log")
            symlink(directory + "/pods/p/c/1.log", directory + "/next")
            try move(directory + "/next", name)
            try waitUntil("the new container") {
                driver.step()
                return driver.lines(of: name) == ["one", "two", "three", "four"]
            }
            #expect(driver.losses.isEmpty)
        }
    }

    @Test func `a file that a source takes by its name and by a link is read once`() throws {
        try withTemporaryDirectory { directory in
            try append("one\n", to: directory + "/a.log")
            symlink(directory + "/a.log", directory + "/current.log")
            let driver = TailDriver([directory + "/*.log"])
            try append("two\n", to: directory + "/a.log")
            driver.lookAtEverything()
            #expect(driver.takeLines() == ["one", "two"])
        }
    }
}
