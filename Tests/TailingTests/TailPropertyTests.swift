import Foundation
import SystemIO
import Tailing
import TestSupport
import Testing

/// Random lives of log files: whatever happens to them, each line comes out exactly once.
struct TailPropertyTests {
    /// A directory in which a program writes, a tool rotates and an agent reads, restarts included.
    private final class Scene {
        let directory: String
        let pattern: String
        var random: SeededRandom
        var driver: TailDriver
        var written: [String] = []
        var received: [String] = []
        /// Lines that a truncation without a copy may have taken: each may be missing, none may come twice.
        var atRisk: Set<String> = []
        /// Text of each file after its last newline.
        var partial: [String: String] = [:]
        /// Lines that were not yet read when the agent last looked.
        var unread: [String: [String]] = [:]
        /// Files of whose content the agent has seen nothing yet: a copy of it could be of anything.
        var unseen: Set<String> = []
        var next = 0
        var history: [String] = []

        init(directory: String, pattern: String, seed: UInt64) throws {
            self.directory = directory
            self.pattern = pattern
            random = SeededRandom(state: seed)
            for name in ["a", "b"] { try append("the first line of \(name)\n", to: "\(directory)/\(name).log") }
            written = ["the first line of a", "the first line of b"]
            driver = TailDriver([directory + pattern], settle: 1000, copyWait: Scene.copyWait)
            // A file that was born before the agent is no missed rotation.
            usleep(25_000)
        }

        static let copyWait = 0.05

        var paths: [String] { ["a", "b"].map { "\(directory)/\($0).log" } }

        func text() -> String {
            next += 1
            return "line \(next) " + String(repeating: "x", count: Int.random(in: 0...90, using: &random))
        }

        func run(operations: Int) throws {
            for _ in 0..<operations {
                let path = paths.randomElement(using: &random) ?? ""
                switch Int.random(in: 0..<16, using: &random) {
                case 0...4: try write(path)
                case 5: try writePart(path)
                case 6...7: try renameRotate(path)
                case 8: try copyRotate(path)
                case 9: try truncateOnly(path)
                case 10: try remove(path)
                case 11...13: look()
                case 14: restart()
                default: replaceAtomically(path)
                }
            }
            for path in paths { try finish(path) }
            for round in 0..<6 {
                // Chance likenesses are files of their own after a while.
                usleep(round == 3 && pattern.hasSuffix("*") ? 60_000 : 1500)
                driver.lookAtEverything()
            }
            collect()
        }

        private func note(_ what: String, _ path: String = "") {
            history.append("\(next): \(what) \(path.isEmpty ? "" : URL(fileURLWithPath: path).lastPathComponent)")
        }

        private func write(_ path: String) throws {
            var all = ""
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let line = (partial[path] ?? "") == "" || all != "" ? text() : ""
                let whole = all == "" ? (partial[path] ?? "") + line : line
                all += line + "\n"
                written.append(whole)
                unread[path, default: []].append(whole)
            }
            partial[path] = nil
            try append(all, to: path)
            note("write \(all.count)", path)
        }

        private func writePart(_ path: String) throws {
            guard partial[path] == nil else { return }
            let part = text()
            try append(part, to: path)
            partial[path] = part
            note("part", path)
        }

        private func finish(_ path: String) throws { if partial[path] != nil { try write(path) } }

        private func shift(_ path: String) throws {
            for number in (1..<60).reversed() where FileManager.default.fileExists(atPath: "\(path).\(number)") {
                try move("\(path).\(number)", "\(path).\(number + 1)")
            }
        }

        private func renameRotate(_ path: String) throws {
            guard FileManager.default.fileExists(atPath: path) else { return }
            try finish(path)
            try shift(path)
            try move(path, path + ".1")
            unread[path] = nil
            unseen.insert(path)
            note("rotate", path)
            if Bool.random(using: &random) { try write(path) }
        }

        private func copyRotate(_ path: String) throws {
            guard FileManager.default.fileExists(atPath: path), try size(path) > 0 else { return }
            try finish(path)
            if unseen.contains(path) { look() }
            try shift(path)
            // With the wildcard a copy that the agent sees before the truncation must not look like a file of its own.
            try copyTruncate(path, to: path + ".1")
            unread[path] = nil
            unseen.insert(path)
            note("copytruncate", path)
            if Bool.random(using: &random) { look() }
        }

        private func truncateOnly(_ path: String) throws {
            guard FileManager.default.fileExists(atPath: path) else { return }
            try finish(path)
            look()
            atRisk.formUnion(unread[path] ?? [])
            truncate(path, 0)
            unread[path] = nil
            unseen.insert(path)
            note("truncate", path)
        }

        private func remove(_ path: String) throws {
            guard FileManager.default.fileExists(atPath: path) else { return }
            try finish(path)
            // What is deleted before it was opened can't be read.
            look()
            try FileManager.default.removeItem(atPath: path)
            unread[path] = nil
            unseen.insert(path)
            note("remove", path)
        }

        private func replaceAtomically(_ path: String) {
            guard FileManager.default.fileExists(atPath: path), (try? finish(path)) != nil else { return }
            look()
            let line = text()
            written.append(line)
            try? append(line + "\n", to: directory + "/.new")
            rename(directory + "/.new", path)
            unread[path] = [line]
            unseen.insert(path)
            note("replace", path)
        }

        private func look() {
            usleep(1200)
            driver.step()
            driver.step()
            unread.removeAll()
            for path in paths where ((try? size(path)) ?? 0) > 0 { unseen.remove(path) }
            note("look")
        }

        private func restart() {
            collect()
            usleep(6000)
            driver = TailDriver([directory + pattern], restoring: driver.save(), settle: 1000, copyWait: Scene.copyWait)
            unread.removeAll()
            for path in paths where ((try? size(path)) ?? 0) > 0 { unseen.remove(path) }
            note("restart")
        }

        private func collect() { received += driver.takeLines() }

        private func size(_ path: String) throws -> UInt64 { try FileStatus(ofPath: path).size }
    }

    @Test(arguments: RotationTests.patterns)
    func `random lives of files: every line exactly once`(pattern: String) throws {
        let first = ProcessInfo.processInfo.environment["TAIL_SEED"].flatMap { UInt64($0) }
        let seeds: [UInt64] = first.map { [$0] } ?? (1...60).map { $0 * 7919 }
        let operations = ProcessInfo.processInfo.environment["TAIL_OPERATIONS"].flatMap { Int($0) } ?? 40
        for seed in seeds {
            try withTemporaryDirectory { directory in
                let scene = try Scene(directory: directory, pattern: pattern, seed: seed)
                try scene.run(operations: operations)
                let expected = Set(scene.written)
                let times = Dictionary(scene.received.map { ($0, 1) }, uniquingKeysWith: +)
                let twice = times.filter { $0.value > 1 }.keys.sorted()
                let missing = expected.subtracting(times.keys).subtracting(scene.atRisk).sorted()
                let strange = Set(times.keys).subtracting(expected).sorted()
                #expect(
                    twice.isEmpty && missing.isEmpty && strange.isEmpty,
                    "seed \(seed), twice \(twice), missing \(missing), strange \(strange): \(scene.history.joined(separator: ", "))")
            }
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
