import Foundation
import Tailing
import TestSupport
import Testing

/// Rotations as tools do them, of several files at once.
struct RotationSchemeTests {
    enum Scheme: CaseIterable { case rename, copyTruncate }
    enum Naming: CaseIterable { case numbers, times }

    @Test(arguments: Scheme.allCases, Naming.allCases)
    func `three files, three rotations: every message once, in order`(scheme: Scheme, naming: Naming) throws {
        try withTemporaryDirectory { directory in
            let driver = TailDriver([directory + "/*.log"])
            for round in 0..<4 {
                for name in ["a", "b", "c"] {
                    let path = "\(directory)/\(name).log"
                    for message in 0..<3 {
                        try append("\(name) \(round) \(message)\n", to: path)
                        if message == 1 { driver.step() }
                    }
                    guard round < 3 else { continue }
                    if naming == .numbers {
                        for number in stride(from: round, to: 0, by: -1) { try move("\(path).\(number)", "\(path).\(number + 1)") }
                    }
                    let rotated = naming == .numbers ? path + ".1" : "\(path).2026-01-02T03-04-0\(round)"
                    switch scheme {
                    case .rename: try move(path, rotated)
                    case .copyTruncate: try copyTruncate(path, to: rotated)
                    }
                }
                driver.step()
            }
            driver.lookAtEverything()
            for name in ["a", "b", "c"] {
                let wanted = (0..<4).flatMap { round in (0..<3).map { "\(name) \(round) \($0)" } }
                #expect(driver.lines(of: "\(directory)/\(name).log") == wanted)
            }
            #expect(driver.losses.isEmpty)
        }
    }

    @Test func `backups that are deleted faster than anyone looks may be missed, but nothing comes twice`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let driver = TailDriver([path], polls: true)
            for round in 0..<60 {
                try append("line \(round)\n", to: path)
                if round % 7 == 0 { driver.lookAtEverything() }
                unlink(path + ".1")
                try move(path, path + ".1")
            }
            try append("last\n", to: path)
            driver.lookAtEverything()
            driver.lookAtEverything()
            let lines = driver.lines(of: path)
            #expect(Set(lines).count == lines.count)
            #expect(lines.last == "last")
        }
    }

    @Test func `a file that is deleted as soon as it is found does no harm`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append("one\n", to: path)
            let driver = TailDriver([directory + "/*.log"], readsAtStart: false)
            unlink(path)
            driver.step()
            driver.lookAtEverything()
            // It was held from the moment it was found.
            #expect(driver.lines(of: path) == ["one"])
        }
    }

    @Test func `an excluded name is left alone also where it appears later, and slashes may be doubled`() throws {
        try withTemporaryDirectory { directory in
            try append("one\n", to: directory + "/a.log")
            let driver = TailDriver([directory + "//*.log"], exclude: ["*.donot.log"])
            try append("no\n", to: directory + "/b.donot.log")
            try append("two\n", to: directory + "/b.log")
            driver.step()
            try move(directory + "/b.donot.log", directory + "/c.donot.log")
            driver.step()
            #expect(driver.takeLines().sorted() == ["one", "two"])
            #expect(driver.found.count == 2)
        }
    }
}
