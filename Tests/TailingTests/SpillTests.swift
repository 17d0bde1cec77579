import Foundation
import SystemIO
import Tailing
import TestSupport
import Testing

/// The rest of a deleted file, kept in a directory of the agent's own.
struct SpillTests {
    private func spill(_ file: TailedFile, from offset: UInt64, in driver: TailDriver, _ spills: SpillDirectory) throws {
        let spill = try ContentSpill(of: file, from: offset, to: spills)
        while try !spill.step() {}
        try driver.tails.goesOn(in: spill)
    }

    @Test func `what was not read of a deleted file is read from where it was spilled to, also after a restart`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let spills = SpillDirectory(path: directory + "/spill", maximumBytes: 1 << 20)
            let wanted = (0..<3000).map { "line \($0) of the file" }
            try append(wanted.map { $0 + "\n" }.joined(), to: path)
            let first = TailDriver([path], spills: spills, readsAtStart: false, readBytes: 4096)
            _ = first.readOnce()
            unlink(path)
            first.tails.handleWatchEvents()
            let file = try #require(first.tails.files.values.first)
            #expect(file.isDeleted && !first.lines.isEmpty)
            try spill(file, from: file.counted.offset, in: first, spills)
            _ = first.readOnce()
            // Saved, or died before it was: the spilled file is found either way.
            let second = TailDriver([path], restoring: first.save(), spills: spills)
            second.lookAtEverything()
            #expect(first.lines(of: path) + second.lines(of: path) == wanted)
            #expect(second.losses.isEmpty)
            let kept = try #require(second.tails.files.values.first)
            #expect(second.tails.isSpilled(kept))
        }
    }

    @Test func `a checkpoint from before the spill leads to it too`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let spills = SpillDirectory(path: directory + "/spill", maximumBytes: 1 << 20)
            try append("one\n", to: path)
            let first = TailDriver([path], spills: spills)
            try append("two\nthree\n", to: path)
            let saved = first.save()
            unlink(path)
            first.tails.handleWatchEvents()
            let file = try #require(first.tails.files.values.first)
            try spill(file, from: file.counted.offset, in: first, spills)
            first.tails.files.values.forEach { $0.closeDescriptor() }
            try append("four\n", to: path)
            let second = TailDriver([path], restoring: saved, spills: spills)
            second.lookAtEverything()
            #expect(second.lines(of: path) == ["two", "three", "four"])
        }
    }

    @Test func `over the budget nothing is left behind`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let spills = SpillDirectory(path: directory + "/spill", maximumBytes: 1000)
            var random = SystemRandomNumberGenerator()
            try append((0..<2000).map { _ in "\(UInt64.random(in: 0 ... .max, using: &random))\n" }.joined(), to: path)
            let driver = TailDriver([path], spills: spills)
            unlink(path)
            driver.step()
            let file = try #require(driver.tails.files.values.first)
            #expect(throws: SpillError.overBudget(maximumBytes: 1000)) { try spill(file, from: 0, in: driver, spills) }
            #expect(spills.usedBytes == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: spills.path).isEmpty)
        }
    }

    @Test func `what belongs to no content is removed`() throws {
        try withTemporaryDirectory { directory in
            let spills = SpillDirectory(path: directory, maximumBytes: 1000)
            for name in ["1-0.spill.gz", "2-100.spill.gz", "3.tmp"] { try append("x", to: directory + "/" + name) }
            spills.removeAll(except: [2])
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["2-100.spill.gz"])
        }
    }
}
