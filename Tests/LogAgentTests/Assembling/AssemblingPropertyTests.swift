import Tailing
import Testing

@testable import LogAgent

/// What an entry is depends on the file's bytes alone, and on where the clock has ended one.
struct AssemblingPropertyTests {
    private static let time = "2024-05-01T12:00:00Z"

    private static let settings: [AssemblingSettings] = [
        AssemblingSettings(start: "^S", maximumLines: 4, maximumBytes: 40, reachBytes: 120),
        AssemblingSettings(continuation: "^ ", maximumLines: 3, maximumBytes: 30, reachBytes: 100),
        AssemblingSettings(.cri, maximumBytes: 12, reachBytes: 200),
        AssemblingSettings(.cri, start: "^S", maximumLines: 4, maximumBytes: 30, reachBytes: 400),
        AssemblingSettings(.docker, maximumBytes: 12, reachBytes: 300),
        AssemblingSettings(.docker, continuation: "^ ", maximumLines: 3, maximumBytes: 30, reachBytes: 500),
    ]

    private func randomLog(_ envelope: LineEnvelope?, _ random: inout some RandomNumberGenerator) -> String {
        let contents = ["S a", "S", " b", " cc", "", "ddd", "S é😀", String(repeating: "x", count: 90), "no S"]
        return (0..<Int.random(in: 1...25, using: &random)).map { _ in
            let content = contents.randomElement(using: &random) ?? ""
            let stream = Bool.random(using: &random) ? "stdout" : "stderr"
            let isPartial = Int.random(in: 0..<3, using: &random) == 0
            if Int.random(in: 0..<15, using: &random) == 0 { return "no envelope" }
            switch envelope {
            case nil: return content
            case .cri: return "\(Self.time) \(stream) \(isPartial ? "P" : "F") \(content)"
            case .docker: return #"{"log":"\#(content)\#(isPartial ? "" : #"\n"#)","stream":"\#(stream)","time":"\#(Self.time)"}"#
            }
        }.joined(separator: "\n") + (Bool.random(using: &random) ? "\n" : "")
    }

    @Test(arguments: settings.indices)
    func `entries depend neither on where reads end nor on restarts at any byte`(settingsIndex: Int) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<25 {
            let settings = Self.settings[settingsIndex]
            let log = randomLog(settings.envelope, &random)
            var whole = AssemblingFile(log, settings)
            whole.maximumLineBytes = 150
            try whole.readToItsEnd()
            #expect(whole.closed == whole.read && whole.read.bytes == UInt64(log.utf8.count))
            #expect(whole.entries.reduce(0) { $0 + $1.lines } == Int(whole.read.lines))

            var growing = AssemblingFile(log, settings)
            growing.maximumLineBytes = 150
            var size = 0
            while size < log.utf8.count {
                size = min(log.utf8.count, size + Int.random(in: 1...60, using: &random))
                try growing.read(through: size)
                #expect(growing.cursor.openEntries.reach <= settings.reachBytes)
            }
            // Where the clock or the end is said to be makes no difference, so both are said at the same place.
            try growing.readToItsEnd()
            #expect(growing.entries == whole.entries, "\(settings) \(log.debugDescription)")
            #expect(growing.closed == growing.read && growing.read == whole.read)
        }
    }

    @Test(arguments: settings.indices)
    func `read again from any cursor, entries that the clock ended end where they did`(settingsIndex: Int) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<25 {
            let settings = Self.settings[settingsIndex]
            let log = randomLog(settings.envelope, &random)
            var first = AssemblingFile(log, settings)
            var checkpoints = [(first.cursor, 0, 0)]
            var size = 0
            while size < log.utf8.count {
                size = min(log.utf8.count, size + Int.random(in: 1...60, using: &random))
                try first.read(through: size)
                if Int.random(in: 0..<4, using: &random) == 0 {
                    try first.read(through: size, .init(idleStreams: Bool.random(using: &random) ? .all : LogStreamSet(.stdout)))
                }
                checkpoints.append((first.cursor, first.entries.count, Int(first.closed.bytes)))
            }
            try first.readToItsEnd()

            for (cursor, entryCount, closedBytes) in checkpoints {
                var again = AssemblingFile(log, settings)
                again.cursor = cursor
                again.breaks = first.breaks
                var size = Int(cursor.offset)
                // Delivery meets entries that it may not take yet.
                var declined: Set<Int> = []
                while size < log.utf8.count || again.cursor.isBehind(first.cursor) {
                    size = min(log.utf8.count, size + Int.random(in: 1...100, using: &random))
                    let isEnd = size == log.utf8.count
                    try again.read(through: size, .init(countedEnd: isEnd ? first.cursor : nil), isFinal: isEnd) { entry in
                        Int.random(in: 0..<3, using: &random) == 0 && declined.insert(entry.offset).inserted
                    }
                }
                let wanted = Array(first.entries[entryCount...])
                #expect(sorted(again.entries) == sorted(wanted), "from \(cursor.offset) \(settings) \(log.debugDescription)")
                #expect(Int(again.closed.bytes) + closedBytes == log.utf8.count)
            }
        }
    }

    /// Entries of two streams that end at one place may come in either order.
    private func sorted(_ entries: [MadeEntry]) -> [MadeEntry] { entries.sorted { $0.offset < $1.offset } }

    @Test func `lines that were written in parts come back whole`() throws {
        var random = SystemRandomNumberGenerator()
        for envelope in [LineEnvelope.cri, .docker] {
            for _ in 0..<100 {
                var waiting: [LogStream: [String]] = [:]
                var expected: [LogStream: [String]] = [:]
                for stream in [LogStream.stdout, .stderr] {
                    for _ in 0..<Int.random(in: 0...8, using: &random) {
                        let parts = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                            String((0..<Int.random(in: 0...9, using: &random)).map { _ in "ab é".randomElement(using: &random) ?? "a" })
                        }
                        expected[stream, default: []].append(parts.joined())
                        for (index, part) in parts.enumerated() {
                            let isLast = index == parts.count - 1
                            waiting[stream, default: []].append(
                                envelope == .cri
                                    ? "\(Self.time) \(stream) \(isLast ? "F" : "P") \(part)\n"
                                    : #"{"log":"\#(part)\#(isLast ? #"\n"# : "")","stream":"\#(stream)","time":"\#(Self.time)"}"# + "\n")
                        }
                    }
                }
                var log = ""
                while let stream = waiting.filter({ !$0.value.isEmpty }).keys.randomElement(using: &random) {
                    log += waiting[stream]?.removeFirst() ?? ""
                }
                let entries = try assembled(log, AssemblingSettings(envelope))
                for stream in [LogStream.stdout, .stderr] {
                    #expect(entries.filter { $0.stream == stream }.map(\.content) == expected[stream] ?? [])
                }
            }
        }
    }
}
