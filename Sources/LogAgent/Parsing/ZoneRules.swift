import Configuration

/// When a place's clocks have been, and will be, how far from UTC: a file of the time zone database (TZif, RFC 9636).
///
/// Read here and not by the C library's `tzset`, which knows one zone for the whole process and asks the environment for it.
struct ZoneRules: Equatable, Sendable {
    static let directory = "/usr/share/zoneinfo"
    private static let maximumBytes = 256 << 10

    /// Seconds since 1970, ascending.
    private let transitions: [Int64]
    /// From each of them on.
    private let offsets: [Int32]
    /// Before the first.
    private let firstOffset: Int32
    /// After the last.
    private let last: PosixZone?

    /// Reads the rules of `name`, such as `Europe/Berlin`.
    init(named name: String, directory: String = Self.directory) throws(ZoneRulesError) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, name.utf8.count <= 64, !parts.contains(where: { $0.isEmpty || $0.hasPrefix(".") }), !name.utf8.contains(0)
        else { throw .badName(name) }
        let bytes: [UInt8]
        do throws(SmallFileError) {
            bytes = try SmallFile.read(directory + "/" + name, maximumBytes: Self.maximumBytes)
        } catch {
            throw .unreadable(name, error)
        }
        guard let rules = ZoneRules(bytes) else { throw .malformed(name) }
        self = rules
    }

    /// nil for what is no such file of version 2 or later.
    init?(_ bytes: [UInt8]) {
        guard let first = Header(bytes, at: 0), first.version >= UInt8(ascii: "2"),
            let header = Header(bytes, at: Header.byteCount + first.dataByteCount(timeBytes: 4))
        else { return nil }
        var place = header.end
        guard bytes.count - place >= header.dataByteCount(timeBytes: 8), header.typeCount > 0 else { return nil }
        func number(_ count: Int) -> Int64 {
            var value = Int64(Int8(bitPattern: bytes[place]))
            for index in 1..<count { value = value << 8 | Int64(bytes[place + index]) }
            place += count
            return value
        }
        var transitions: [Int64] = []
        for _ in 0..<header.transitionCount { transitions.append(number(8)) }
        let types = bytes[place..<(place + header.transitionCount)].map(Int.init)
        place += header.transitionCount
        var typeOffsets: [Int32] = []
        for _ in 0..<header.typeCount {
            typeOffsets.append(Int32(number(4)))
            place += 2
        }
        guard types.allSatisfy({ $0 < typeOffsets.count }), zip(transitions, transitions.dropFirst()).allSatisfy(<),
            typeOffsets.allSatisfy({ abs(Int64($0)) < 172_800 })
        else { return nil }
        place = header.end + header.dataByteCount(timeBytes: 8)
        var last: PosixZone?
        if place < bytes.count, bytes[place] == 0x0A, let end = bytes[(place + 1)...].firstIndex(of: 0x0A), end > place + 1 {
            guard let zone = PosixZone(bytes[(place + 1)..<end]) else { return nil }
            last = zone
        }
        self.transitions = transitions
        offsets = types.map { typeOffsets[$0] }
        firstOffset = typeOffsets[0]
        self.last = last
    }

    /// Seconds east of Greenwich at a time in seconds since 1970.
    func offset(at seconds: Int64) -> Int32 {
        if let latest = transitions.last, seconds >= latest {
            return last?.offset(at: seconds) ?? offsets[offsets.count - 1]
        }
        if transitions.isEmpty { return last?.offset(at: seconds) ?? firstOffset }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : offsets[low - 1]
    }

    func offset(atLocal seconds: Int64) -> Int32 {
        let before = offset(at: seconds - 86400)
        let after = offset(at: seconds + 86400)
        if before == after || offset(at: seconds - Int64(before)) == before { return before }
        return offset(at: seconds - Int64(after)) == after ? after : before
    }

    /// RFC 9636 §3.1.
    private struct Header {
        static let byteCount = 44

        let version: UInt8
        let end: Int
        let transitionCount: Int
        let typeCount: Int
        private let universalCount: Int
        private let standardCount: Int
        private let leapCount: Int
        private let nameByteCount: Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard start >= 0, bytes.count - start >= Self.byteCount, bytes[start..<(start + 4)].elementsEqual("TZif".utf8) else {
                return nil
            }
            version = bytes[start + 4]
            end = start + Self.byteCount
            var counts: [Int] = []
            for index in 0..<6 {
                let place = start + 20 + index * 4
                counts.append(bytes[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) })
            }
            guard counts.allSatisfy({ $0 <= ZoneRules.maximumBytes }) else { return nil }
            universalCount = counts[0]
            standardCount = counts[1]
            leapCount = counts[2]
            transitionCount = counts[3]
            typeCount = counts[4]
            nameByteCount = counts[5]
        }

        func dataByteCount(timeBytes: Int) -> Int {
            transitionCount * (timeBytes + 1) + typeCount * 6 + nameByteCount + leapCount * (timeBytes + 4) + standardCount
                + universalCount
        }
    }
}

/// Why a zone's rules cannot be had.
enum ZoneRulesError: Error, Equatable, CustomStringConvertible {
    case badName(String)
    case unreadable(String, SmallFileError)
    case malformed(String)

    var description: String {
        switch self {
        case .badName(let name): "`\(name)` is no name of a time zone, such as \"Europe/Berlin\""
        case .unreadable(_, let error): "\(error); is the package tzdata installed?"
        case .malformed(let name): "\(ZoneRules.directory)/\(name) is no file of the time zone database (TZif)"
        }
    }
}
