import Foundation
import Gzip
import SystemIO
import Tailing
import TestSupport
import Testing

/// Compressed files as input, and compression as a part of rotation.
struct GzipFileTests {
    @Test func `every member of a compressed file is read, once`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/old.log.gz"
            // A line goes over from one member to the next.
            try append(gzipped("one\ntw") + gzipped("") + gzipped("o\nthree\n"), to: path)
            let driver = TailDriver([directory + "/*.gz"])
            #expect(driver.lines(of: path) == ["one", "two", "three"])
            try append(gzipped("four\n"), to: path)
            driver.lookAtEverything()
            #expect(driver.lines(of: path) == ["one", "two", "three", "four"])
            let next = TailDriver([directory + "/*.gz"], restoring: driver.save())
            next.lookAtEverything()
            #expect(next.lines.isEmpty)
            // Nothing was inflated to find that out.
            #expect(next.tails.files.values.allSatisfy { !$0.isOpen })
        }
    }

    @Test func `what is compressed is told by the content, not by the name`() throws {
        try withTemporaryDirectory { directory in
            try append(gzipped("one\n"), to: directory + "/a.log")
            #expect(TailDriver([directory + "/*.log"]).lines(of: directory + "/a.log") == ["one"])
        }
    }

    @Test func `a restart in the middle goes on there, in whatever pieces it is read`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/old.log.gz"
            var random = SystemRandomNumberGenerator()
            let wanted = (0..<20_000).map { "line \($0) \(UInt64.random(in: 0 ... .max, using: &random))" }
            let text = wanted.map { $0 + "\n" }.joined()
            let middle = text.index(text.startIndex, offsetBy: text.count / 3)
            try append(gzipped(String(text[..<middle])) + gzipped(String(text[middle...])), to: path)
            var lines: [String] = []
            var saved: (files: [SavedFile], nextID: UInt64) = ([], 1)
            var rounds = 0
            while lines.count < wanted.count && rounds < 1000 {
                let driver = TailDriver([path], restoring: saved, readsAtStart: false)
                for _ in 0..<3 { _ = driver.readOnce() }
                lines += driver.lines(of: path)
                saved = driver.save()
                rounds += 1
            }
            #expect(rounds > 2)
            #expect(lines == wanted)
            #expect(saved.files.map(\.counted.offset) == [UInt64(text.utf8.count)])
        }
    }

    @Test func `a last line without a newline counts when the file rests`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/old.log.gz"
            try append(gzipped("one\ntwo"), to: path)
            let driver = TailDriver([path])
            try waitUntil("the last line") {
                driver.step()
                return driver.lines(of: path) == ["one", "two"]
            }
        }
    }

    @Test func `of a file that is still being compressed what is there is read, and the rest when it comes`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/old.log.gz"
            let wanted = (0..<5000).map { "line \($0) \($0 &* 7919)" }
            let bytes = gzipped(wanted.map { $0 + "\n" }.joined())
            let driver = TailDriver([directory + "/*.gz"], settle: 30)
            for start in stride(from: 0, to: bytes.count, by: 999) {
                try append(Array(bytes[start..<min(start + 999, bytes.count)]), to: path)
                driver.step()
            }
            #expect(driver.lines(of: path) == wanted)
            #expect(driver.tails.files.values.map(\.damage) == [nil])
        }
    }

    @Test func `of a damaged file what can be read counts, and the damage is told`() throws {
        try withTemporaryDirectory { directory in
            var damaged = gzipped("three\n")
            damaged[damaged.count - 8] ^= 1
            try append(gzipped("one\ntwo\n") + damaged, to: directory + "/corrupt.gz")
            try append(gzipped("one\ntwo\n") + Array(gzipped("three\n").dropLast(9)), to: directory + "/cut.gz")
            let driver = TailDriver([directory + "/*.gz"])
            driver.lookAtEverything()
            #expect(driver.lines(of: directory + "/corrupt.gz").prefix(2) == ["one", "two"])
            #expect(driver.lines(of: directory + "/cut.gz").prefix(2) == ["one", "two"])
            let damage = Dictionary(uniqueKeysWithValues: driver.tails.files.values.map { ($0.firstPath, $0.damage) })
            #expect(damage[directory + "/cut.gz"] == .truncated)
            guard case .corrupt = damage[directory + "/corrupt.gz"] else { Issue.record("the damage is not told"); return }
            let before = driver.lines
            driver.lookAtEverything()
            #expect(driver.lines == before)
        }
    }

    @Test(arguments: ["/app.log*", "/app.log"])
    func `a rotated file that is compressed is not read again`(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            let text = (0..<300).map { "line \($0)\n" }.joined()
            try append(text, to: path)
            let driver = TailDriver([directory + pattern, directory + "/*.nothing.gz"])
            try move(path, path + ".1")
            try append("next\n", to: path)
            driver.step()
            let bytes = gzipped(text)
            for part in [bytes[..<5], bytes[5..<40], bytes[40...]] {
                try append(Array(part), to: path + ".1.gz")
                driver.lookAtEverything()
            }
            unlink(path + ".1")
            driver.lookAtEverything()
            let rotated = try #require(driver.tails.files.values.first { $0.isRotatedAway })
            #expect(driver.tails.continuesCompressed(rotated))
            driver.lookAtEverything()
            #expect(driver.takeLines().count == 301)

            // Nor after a restart, nor when it is called something else.
            try move(path + ".1.gz", path + ".2.gz")
            let next = TailDriver([directory + pattern, directory + "/*.nothing.gz"], restoring: driver.save())
            try append("more\n", to: path)
            next.lookAtEverything()
            #expect(next.lines.values.flatMap(\.self) == ["more"])
            #expect(next.tails.files.count == 2)
        }
    }

    @Test func `what was not read when a file was rotated and compressed is read from there`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\ntwo\n", to: path)
            let first = TailDriver([path])
            let saved = first.save()
            first.tails.files.values.forEach { $0.closeDescriptor() }
            try append(gzipped("one\ntwo\nthree\n"), to: path + ".1.gz")
            unlink(path)
            try append("four\n", to: path)
            let second = TailDriver([path], restoring: saved)
            second.lookAtEverything()
            #expect(second.lines(of: path) == ["three", "four"])
            #expect(second.losses.isEmpty)
        }
    }

    @Test func `a compressed copy beside its live original is left alone`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/app.log"
            try append("one\ntwo\n", to: path)
            let driver = TailDriver([directory + "/app.log*", directory + "/x.gz"], copyWait: 0.01)
            try append(gzipped("one\ntwo\n"), to: path + ".1.gz")
            for _ in 0..<20 {
                driver.lookAtEverything()
                usleep(5000)
            }
            #expect(driver.lines == [path: ["one", "two"]])
        }
    }

    @Test func `compressed files are read one after the other, with few decoders`() throws {
        try withTemporaryDirectory { directory in
            let text = (0..<20_000).map { "line \($0)\n" }.joined()
            for index in 0..<4 { try append(gzipped(text), to: "\(directory)/\(index).gz") }
            let driver = TailDriver([directory + "/*.gz"], readsAtStart: false)
            while driver.readOnce() {}
            let names = driver.order.map { $0.prefix { $0 != ":" } }
            let changes = zip(names, names.dropFirst()).count { $0 != $1 }
            // The first turn of each tells what it is.
            #expect(changes <= 10)
            #expect(driver.order.count == 80_000)
        }
    }
}
