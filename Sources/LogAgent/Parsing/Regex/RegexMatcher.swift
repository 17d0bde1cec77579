import CLinux
import Glibc
import JSONScanning

/// Finds the leftmost match of a regular expression in a line, and where its named groups stand, in time in proportion to the length of
/// the line times that of the program, whatever both are.
///
/// Of the ways to match at one place the first in the order of Perl's rules is taken. Two ways lead there (docs/decisions/0010):
/// ``RegexBacktracking`` tries one way after the other and remembers which steps at which places have failed; it is fast, and takes memory
/// in proportion to steps times length. ``RegexThreads`` follows all ways at once, and serves where that would be too much.
///
/// One per thread; it owns tables and scratch that every search reuses.
final class RegexMatcher {
    let program: RegexProgram
    private let code: RegexCode
    private let backtracking: RegexBacktracking
    private var threads: RegexThreads?

    init(_ program: RegexProgram) {
        self.program = program
        code = RegexCode(program)
        backtracking = RegexBacktracking(code)
    }

    /// Whether the expression matches anywhere in `line`, which may hold any bytes.
    func search(_ line: UnsafeRawBufferPointer) -> Bool {
        // No address, but nothing is read from where nothing is.
        let line = line.baseAddress == nil ? UnsafeRawBufferPointer(start: code.placeholder, count: 0) : line
        guard program.required.isEmpty || Self.find(program.required, in: line, from: 0) != nil else { return false }
        switch backtracking.search(line, prefix: program.prefix, isAnchored: program.isAnchored) {
        case .found: return true
        case .notFound: return false
        case .tooMuch: return searchByThreads(line)
        }
    }

    /// The same, always by ``RegexThreads``: for tests, which compare.
    func searchByThreads(_ line: UnsafeRawBufferPointer) -> Bool {
        let line = line.baseAddress == nil ? UnsafeRawBufferPointer(start: code.placeholder, count: 0) : line
        let threads = self.threads ?? RegexThreads(code)
        self.threads = threads
        return threads.search(line, isAnchored: program.isAnchored)
    }

    /// Where the last match has a named group; nil if that had no part in it.
    subscript(group: Int) -> Range<Int>? {
        precondition(group >= 0 && group < program.names.count, "there is no such group")
        let start = code.bounds[group * 2]
        let end = code.bounds[group * 2 + 1]
        return start >= 0 && end >= start ? start..<end : nil
    }

    static func find(_ text: [UInt8], in line: UnsafeRawBufferPointer, from place: Int) -> Int? {
        guard let base = line.baseAddress, line.count - place >= text.count else { return nil }
        return memmem(base + place, line.count - place, text, text.count).map { UnsafeRawPointer($0) - base }
    }
}

/// A ``RegexProgram`` as both engines read it, and the boundaries of the groups that they find.
final class RegexCode {
    let instructions: UnsafeMutablePointer<RegexProgram.Instruction>
    let count: Int
    let sets: UnsafeMutablePointer<Set>
    private let setCount: Int
    /// Of each group its start and its end; −1 where it has none.
    let bounds: UnsafeMutablePointer<Int>
    let boundCount: Int
    let placeholder = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
    /// The number of a branching instruction among them, by its place; −1 for others.
    let branchNumbers: [Int]
    let branchCount: Int
    /// Whether a match can start with each byte; nil where it can with every one of ASCII, or be empty.
    let starts: UnsafeMutablePointer<Bool>?

    /// A ``RegexSet`` for fast questions.
    struct Set {
        /// A bit for each ASCII character.
        var low: UInt64
        var high: UInt64
        /// The one ASCII character that is not in it, if everything else is; else 0xFF.
        var excludedByte: UInt8
        /// From 0x80 on.
        var ranges: [ClosedRange<UInt32>]

        init(_ set: RegexSet) {
            low = 0
            high = 0
            for unit in UInt32(0)..<128 where set.contains(unit) {
                if unit < 64 { low |= 1 << UInt64(unit) } else { high |= 1 << UInt64(unit - 64) }
            }
            let missing = set.inverted
            excludedByte = missing.single.flatMap { $0 < 0x80 ? UInt8($0) : nil } ?? 0xFF
            ranges = set.ranges.filter { $0.upperBound >= 0x80 }
        }

        @inline(__always)
        func contains(_ unit: UInt32) -> Bool {
            if unit < 0x80 { return (unit < 64 ? low &>> UInt64(unit) : high &>> UInt64(unit &- 64)) & 1 != 0 }
            return containsRare(unit)
        }

        @inline(never)
        private func containsRare(_ unit: UInt32) -> Bool {
            for range in ranges where range.contains(unit) { return true }
            return false
        }
    }

    init(_ program: RegexProgram) {
        count = program.instructions.count
        instructions = .allocate(capacity: count)
        _ = UnsafeMutableBufferPointer(start: instructions, count: count).initialize(from: program.instructions)
        setCount = program.sets.count
        sets = .allocate(capacity: max(setCount, 1))
        for (index, set) in program.sets.enumerated() { (sets + index).initialize(to: Set(set)) }
        boundCount = program.names.count * 2
        bounds = .allocate(capacity: boundCount)
        bounds.initialize(repeating: -1, count: boundCount)
        var numbers: [Int] = []
        var branchCount = 0
        for instruction in program.instructions {
            switch instruction.operation {
            case .split, .loop, .possessiveLoop:
                numbers.append(branchCount)
                branchCount += 1
            case .unit, .set, .jump, .save, .assertion, .match: numbers.append(-1)
            }
        }
        branchNumbers = numbers
        self.branchCount = branchCount
        starts = program.firstUnits.flatMap(Self.starts)
    }

    private static func starts(with first: RegexSet) -> UnsafeMutablePointer<Bool>? {
        if (UInt32(0)..<128).allSatisfy(first.contains) { return nil }
        let isBeyondASCII = first.ranges.last.map { $0.upperBound >= 0x80 } ?? false
        let starts = UnsafeMutablePointer<Bool>.allocate(capacity: 256)
        for byte in 0..<256 { starts[byte] = byte < 128 ? first.contains(UInt32(byte)) : isBeyondASCII }
        return starts
    }

    deinit {
        instructions.deallocate()
        sets.deinitialize(count: setCount)
        sets.deallocate()
        bounds.deallocate()
        placeholder.deallocate()
        starts?.deallocate()
    }

    /// The unit at `place`, which is before the end, and the place behind it.
    @inline(__always)
    static func unit(_ line: UnsafeRawBufferPointer, at place: inout Int) -> UInt32 {
        let byte = line.load(fromByteOffset: place, as: UInt8.self)
        if byte < 0x80 {
            place &+= 1
            return UInt32(byte)
        }
        return longUnit(line, at: &place)
    }

    @inline(never)
    private static func longUnit(_ line: UnsafeRawBufferPointer, at place: inout Int) -> UInt32 {
        guard let base = line.baseAddress else { return RegexSet.oddByte }
        let start = base + place
        let lead = UInt32(start.load(as: UInt8.self))
        let sequence = UTF8Sequence(start, available: line.count - place)
        guard sequence.isValid else {
            place += 1
            return RegexSet.oddByte | lead
        }
        var value = lead & (0x7F >> UInt32(sequence.count))
        for offset in 1..<sequence.count { value = value << 6 | UInt32(start.load(fromByteOffset: offset, as: UInt8.self)) & 0x3F }
        place += sequence.count
        return value
    }

    /// Whether `assertion` is true at `place`.
    static func holds(_ assertion: Int32, in line: UnsafeRawBufferPointer, at place: Int) -> Bool {
        switch RegexAssertion(rawValue: assertion) {
        case .textStart: return place == 0
        case .textEnd: return place == line.count
        case .lineStart: return place == 0 || line[place - 1] == 0x0A
        case .lineEnd: return place == line.count || line[place] == 0x0A
        case .wordBoundary: return isWord(line, place - 1) != isWord(line, place)
        case .noWordBoundary: return isWord(line, place - 1) == isWord(line, place)
        case .wordStart: return !isWord(line, place - 1) && isWord(line, place)
        case .wordEnd: return isWord(line, place - 1) && !isWord(line, place)
        case nil: return false
        }
    }

    private static func isWord(_ line: UnsafeRawBufferPointer, _ place: Int) -> Bool {
        guard place >= 0, place < line.count else { return false }
        switch line[place] {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: return true
        default: return false
        }
    }
}
