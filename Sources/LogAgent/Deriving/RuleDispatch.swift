import Glibc
import JSONScanning

/// Leads from a line to the rules that can match it: by the text of one field, the one that most rules compare with constants.
struct RuleDispatch {
    /// A rule to look at. The dispatch condition stands first in a rule; where the field's text has fulfilled it, it is passed over.
    struct Candidate {
        let rule: Int
        let firstCondition: Int
    }

    /// nil: every rule is a candidate of every line.
    let slot: Int?
    private var candidates: [Candidate] = []
    /// Candidates of lines whose field has none of the known texts: the rules without a dispatch condition.
    private var others: Range<Int>
    private var known: [(text: [UInt8], candidates: Range<Int>)] = []
    /// Positions in `known` by hash, -1 where empty; twice as many places as texts at least.
    private var places: [Int32] = []

    /// The field by which rules with these conditions are best found.
    static func bestSlot(for conditions: [[CompiledCondition]]) -> Int? {
        var rules: [Int: Int] = [:]
        var texts: [Int: Set<[UInt8]>] = [:]
        for conditions in conditions {
            for slot in Set(conditions.filter { $0.dispatchTexts != nil }.map(\.slot)) { rules[slot, default: 0] += 1 }
            for condition in conditions { texts[condition.slot, default: []].formUnion(condition.dispatchTexts ?? []) }
        }
        let rank = { (slot: Int) in (rules[slot] ?? 0, texts[slot]?.count ?? 0, -slot) }
        return rules.keys.max { rank($0) < rank($1) }
    }

    /// `conditions`: of each rule, in its order; a rule's dispatch condition stands first.
    init(slot: Int?, conditions: [[CompiledCondition]]) {
        self.slot = slot
        let keys = conditions.map { $0.first.flatMap { $0.slot == slot ? $0.dispatchTexts : nil } }
        let free = keys.indices.filter { keys[$0] == nil }
        candidates = free.map { Candidate(rule: $0, firstCondition: 0) }
        others = 0..<candidates.count
        var order: [[UInt8]] = []
        var seen: Set<[UInt8]> = []
        for text in keys.compactMap(\.self).joined() where seen.insert(text).inserted { order.append(text) }
        for text in order {
            let start = candidates.count
            // In the order of the configuration: the updates of a gauge depend on it.
            for rule in keys.indices {
                if let texts = keys[rule] {
                    if texts.contains(text) { candidates.append(Candidate(rule: rule, firstCondition: 1)) }
                } else {
                    candidates.append(Candidate(rule: rule, firstCondition: 0))
                }
            }
            known.append((text, start..<candidates.count))
        }
        fillPlaces()
    }

    private mutating func fillPlaces() {
        var size = 8
        while size < known.count * 2 { size *= 2 }
        places = [Int32](repeating: -1, count: size)
        for (position, entry) in known.enumerated() {
            var place = entry.text.withUnsafeBytes { Self.hash($0) } & (size - 1)
            while places[place] >= 0 { place = (place + 1) & (size - 1) }
            places[place] = Int32(position)
        }
    }

    /// Where the candidates of a line stand; ``subscript(_:)`` gives each.
    @inline(__always)
    func candidates(
        for fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, _ scratch: DecodingScratch
    ) -> Range<Int> {
        guard let slot else { return others }
        guard let text = scratch.text(of: fields[slot], in: line) else { return others }
        let mask = places.count - 1
        var place = Self.hash(text) & mask
        while true {
            let position = Int(places[place])
            if position < 0 { return others }
            if Self.areEqual(known[position].text, text) { return known[position].candidates }
            place = (place + 1) & mask
        }
    }

    subscript(position: Int) -> Candidate { candidates[position] }

    @inline(__always)
    private static func areEqual(_ one: [UInt8], _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count, let base = other.baseAddress else { return one.count == other.count }
        return memcmp(one, base, one.count) == 0
    }

    /// Few known texts, all from the configuration: length and both ends tell them apart.
    @inline(__always)
    private static func hash(_ text: UnsafeRawBufferPointer) -> Int {
        let count = text.count
        var state = UInt64(truncatingIfNeeded: count)
        if count >= 8 {
            state ^= text.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            state = state &* 0x9e37_79b9_7f4a_7c15
            state ^= text.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        } else {
            for byte in text { state = (state << 8) ^ UInt64(byte) &+ state }
        }
        state = state &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: state >> 32)
    }
}
