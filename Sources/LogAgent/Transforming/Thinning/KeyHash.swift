import JSONScanning
import Tailing

/// A hash of what lines are told apart by: the same for the same bytes, in every process and on every machine.
struct KeyHash {
    private let slots: [Int]
    private let scratch = DecodingScratch()

    /// Of the fields in these slots, or of the whole line where there are none.
    init(slots: [Int]) {
        self.slots = slots
    }

    /// nil: the line has none of the fields.
    func ofFields(_ line: TransformedLine) -> UInt64? {
        var hash: UInt64 = 0
        var isFound = false
        for slot in slots {
            let field = line.fields[slot]
            hash = Self.mixed(hash &+ 0x9e37_79b9_7f4a_7c15)
            switch field.kind {
            case .missing: continue
            case .object, .array: hash ^= ContentHash.of(field.text(in: line.bytes))
            case .string, .number, .true_, .false_, .null:
                guard let text = scratch.text(of: field, in: line.bytes) else { continue }
                hash ^= ContentHash.of(text)
            }
            isFound = true
        }
        return isFound ? Self.mixed(hash) : nil
    }

    static func ofLine(_ line: TransformedLine) -> UInt64 { mixed(ContentHash.of(line.line)) }

    /// Every bit of the result depends on every bit of `value` (the finaliser of SplitMix64).
    static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
