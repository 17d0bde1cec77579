import Testing

@testable import LogAgent

struct EntryAssemblerTests {
    private func contents(_ text: String, _ settings: AssemblingSettings) throws -> [String] {
        try assembled(text, settings).map(\.content)
    }

    private let t = "2024-05-01T12:00:00Z"

    // MARK: Lines of one entry

    @Test func `a line that matches start begins an entry, and the others continue it`() throws {
        let log = "INFO one\n  more\n\n  last\nINFO two\nINFO three\n\tx\n"
        #expect(try contents(log, AssemblingSettings(start: "^INFO")) == ["INFO one\n  more\n\n  last", "INFO two", "INFO three\n\tx"])
    }

    @Test func `what stands before the first start is an entry, and start counts at the line's beginning alone`() throws {
        let log = "leftover\nstill\nINFO first\nnot at the start: INFO\nINFO second\n"
        #expect(
            try contents(log, AssemblingSettings(start: "^INFO")) == [
                "leftover\nstill", "INFO first\nnot at the start: INFO", "INFO second",
            ])
    }

    @Test func `a line that matches continuation continues, and the others begin`() throws {
        let log = "Error: x\n  at a\n  at b\nok\nok\n  at c\n"
        #expect(try contents(log, AssemblingSettings(continuation: "^\\s")) == ["Error: x\n  at a\n  at b", "ok", "ok\n  at c"])
    }

    @Test func `with both, a line that matches neither begins an entry`() throws {
        let settings = AssemblingSettings(start: "^  start", continuation: "^  ")
        #expect(try contents("a\n  b\n  start\n  c\nd\n", settings) == ["a\n  b", "  start\n  c", "d"])
    }

    @Test func `an entry has the place and all the bytes of its lines`() throws {
        let entries = try assembled("one\r\n two\nthree\n", AssemblingSettings(continuation: "^ "))
        #expect(entries.map(\.content) == ["one\n two", "three"])
        #expect(entries.map(\.offset) == [0, 10] && entries.map(\.bytes) == [10, 6] && entries.map(\.lines) == [2, 1])
    }

    @Test func `an entry that reaches max_lines ends there, marked, and the rest makes another`() throws {
        let entries = try assembled("S\n1\n2\n3\n4\nS\n", AssemblingSettings(start: "^S", maximumLines: 3))
        #expect(entries.map(\.content) == ["S\n1\n2", "3\n4", "S"])
        #expect(entries.map(\.marks) == ["split ", "", ""])
    }

    @Test func `an entry that would exceed max_bytes ends before`() throws {
        let entries = try assembled("Sabc\n123\n4567\nS\n", AssemblingSettings(start: "^S", maximumBytes: 8))
        #expect(entries.map(\.content) == ["Sabc\n123", "4567", "S"])
        #expect(entries.map(\.marks) == ["split ", "", ""])
    }

    @Test func `a line that is cut marks its entry`() throws {
        var file = AssemblingFile("S 0123456789\n 1\nS\n", AssemblingSettings(start: "^S"))
        file.maximumLineBytes = 6
        try file.readToItsEnd()
        #expect(file.entries.map(\.content) == ["S 0123\n 1", "S"] && file.entries.map(\.marks) == ["cut ", ""])
        #expect(file.closed == file.read && file.read.bytes == 18)
    }

    @Test func `an entry stays open until a line begins the next, or the clock ends it`() throws {
        var file = AssemblingFile("S a\n 1\n", AssemblingSettings(start: "^S"))
        try file.read(through: 7)
        #expect(file.entries.isEmpty && file.cursor.offset == 7 && file.cursor.openEntries.reach == 7)
        #expect(file.read.lines == 2 && file.closed.lines == 0)
        try file.read(through: 7, .init(idleStreams: .all))
        #expect(file.entries.map(\.content) == ["S a\n 1"] && file.cursor.openEntries.isEmpty && file.closed == file.read)
        file.text += Array(" too slow\nS b\n".utf8)
        try file.read(through: file.text.count)
        #expect(file.entries.map(\.content) == ["S a\n 1", " too slow"])
    }

    @Test func `the clock ends nothing that has just got a line`() throws {
        var file = AssemblingFile("S a\n 1\n", AssemblingSettings(start: "^S"))
        try file.read(through: 4)
        try file.read(through: 7, .init(idleStreams: .all))
        #expect(file.entries.isEmpty)
    }

    // MARK: Parts of a line

    @Test func `parts of a container's line are joined, each stream for itself`() throws {
        let log = """
            \(t) stdout P one 
            \(t) stderr P ONE 
            \(t) stderr F TWO
            \(t) stdout P two 
            \(t) stderr F alone
            \(t) stdout F three

            """
        let entries = try assembled(log, AssemblingSettings(.cri))
        #expect(entries.map(\.content) == ["ONE TWO", "alone", "one two three"])
        #expect(entries.map(\.stream) == [.stderr, .stderr, .stdout] && entries.map(\.lines) == [2, 1, 3])
        #expect(entries.reduce(0) { $0 + $1.bytes } == log.utf8.count)
    }

    @Test func `parts of Docker's line are joined up to the newline`() throws {
        let log = """
            {"log":"one ","stream":"stdout","time":"2024-05-01T12:00:00Z"}
            {"log":"x\\n","stream":"stderr","time":"2024-05-01T12:00:01Z"}
            {"log":"two\\n","stream":"stdout","time":"2024-05-01T12:00:02Z"}

            """
        let entries = try assembled(log, AssemblingSettings(.docker))
        #expect(entries.map(\.content) == ["x", "one two"])
        #expect(entries.map(\.time) == [1_714_564_801_000_000_000, 1_714_564_800_000_000_000])
    }

    @Test func `a line that never ends is split`() throws {
        let log = (0..<5).map { "\(t) stdout P part\($0)" }.joined(separator: "\n") + "\n\(t) stdout F end\n"
        let entries = try assembled(log, AssemblingSettings(.cri, maximumBytes: 10))
        #expect(entries.map(\.content) == ["part0part1", "part2part3", "part4end"])
        #expect(entries.map(\.marks) == ["split ", "split ", ""])
    }

    @Test func `a part is given up when other lines go on for too long`() throws {
        let other = String(repeating: "\(t) stderr F x\n", count: 10)
        let entries = try assembled("\(t) stdout P one \n" + other + "\(t) stdout F two\n", AssemblingSettings(.cri, reachBytes: 200))
        #expect(entries.map(\.content).filter { $0 != "x" } == ["one ", "two"])
        #expect(entries.map(\.marks).filter { !$0.isEmpty } == ["split "])
    }

    @Test func `lines without the envelope are entries as they stand, between the others`() throws {
        let entries = try assembled("\(t) stdout P one \nplain\n\(t) stdout F two\n", AssemblingSettings(.cri))
        #expect(entries.map(\.content) == ["plain", "one two"])
        #expect(entries[0].marks.hasPrefix("error: the line does not begin with a time"))
    }

    // MARK: Both

    @Test func `lines of a container make entries of several lines, each stream for itself`() throws {
        let log = """
            \(t) stdout F S one
            \(t) stderr F S ONE
            \(t) stdout P  more 
            \(t) stderr F  MORE
            \(t) stdout F and more
            \(t) stdout F S two

            """
        let entries = try assembled(log, AssemblingSettings(.cri, start: "^S"))
        #expect(entries.map(\.content) == ["S one\n more and more", "S two", "S ONE\n MORE"])
    }

    @Test func `what other settings have left open becomes one entry`() throws {
        var file = AssemblingFile("\(t) stdout P one \n\(t) stdout F two\n", AssemblingSettings(.cri))
        let firstLine = file.text.firstIndex(of: 0x0a).map { $0 + 1 } ?? 0
        try file.read(through: firstLine)
        #expect(file.entries.isEmpty)
        file.settings = AssemblingSettings()
        try file.readToItsEnd()
        #expect(file.entries.map(\.content) == ["\(t) stdout P one ", "\(t) stdout F two"])
        #expect(file.closed == file.read)
    }
}
