/// A `sample` step: keeps a part of the lines, decided by a hash of a field or of the line. It remembers nothing: the same bytes are
/// always kept, or never.
struct Sampling {
    private let key: KeyHash?
    /// Hashes up to this are kept.
    private let threshold: UInt64
    private let weight: Double

    init(_ settings: SampleSettings, slot: (String) -> Int) {
        key = settings.key.map { KeyHash(slots: [slot($0)]) }
        threshold = settings.ratio >= 1 ? .max : UInt64(settings.ratio * 0x1p64)
        weight = settings.weight
    }

    /// Whether the line stays; it then stands for more lines.
    func keeps(_ line: TransformedLine) -> Bool {
        guard (key?.ofFields(line) ?? KeyHash.ofLine(line)) <= threshold else { return false }
        line.weight *= weight
        return true
    }
}
