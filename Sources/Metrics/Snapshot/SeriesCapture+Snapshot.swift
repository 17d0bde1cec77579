/// The bytes of a snapshot, all integers little-endian, counts as LEB128 varints, texts as varint length and UTF-8:
///
///     families, then each: name · kind (0 counter, 1 gauge, 2 histogram) · labels: count, names · [2: bounds: count, doubles]
///       · flags (1: update times, 2: exemplars) · updates that overflowed · series, then each:
///         key: length, bytes · created u64 · [update time u64] · [0, 1: value double] [2: sum high, low doubles, bucket counts]
///         · [exemplars: for each counter or bucket its stamp u64, and if that is not 0: trace id high, low u64, value double]
///
/// It has no version and no checksum: the file it stands in does.
enum SnapshotLayout {
    static let hasUpdateTimes: UInt8 = 1
    static let hasExemplars: UInt8 = 2
}

extension SeriesCapture {
    /// Appends a snapshot to `bytes`; ``SeriesTable/restore(from:now:)`` reads it.
    package func encode(into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(families.count))
        for family in families { family.encode(into: &bytes) }
    }
}

extension CapturedFamily {
    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.appendText(shape.definition.name)
        bytes.append(shape.kindByte)
        bytes.appendVarint(UInt64(shape.labelCount))
        for label in shape.definition.labelNames { bytes.appendText(label) }
        if shape.isHistogram {
            bytes.appendVarint(UInt64(shape.bounds.count))
            for bound in shape.bounds { bytes.appendWord(bound.bitPattern) }
        }
        let flags = (shape.expires ? SnapshotLayout.hasUpdateTimes : 0) | (exemplars.isEmpty ? 0 : SnapshotLayout.hasExemplars)
        bytes.append(flags)
        bytes.appendVarint(overflowedUpdates)
        bytes.appendVarint(UInt64(seriesCount))
        for slot in texts.indices where texts[slot].base != nil { encodeSeries(slot, into: &bytes) }
    }

    private func encodeSeries(_ slot: Int, into bytes: inout [UInt8]) {
        let key = texts[slot].key
        bytes.appendVarint(UInt64(key.count))
        bytes.append(contentsOf: key)
        bytes.appendWord(created[slot])
        if shape.expires { bytes.appendWord(updated[slot]) }
        let places: Int
        if shape.isHistogram {
            places = shape.bounds.count + 1
            let first = slot * (places + 2)
            bytes.appendWord(cells[first])
            bytes.appendWord(cells[first + 1])
            for bucket in 0..<places { bytes.appendVarint(cells[first + 2 + bucket]) }
        } else {
            places = 1
            bytes.appendWord(cells[slot])
        }
        guard !exemplars.isEmpty else { return }
        for place in 0..<places {
            let exemplar = exemplars[slot * places + place]
            bytes.appendWord(exemplar.stamp)
            guard exemplar.exists else { continue }
            bytes.appendWord(exemplar.high)
            bytes.appendWord(exemplar.low)
            bytes.appendWord(exemplar.value.bitPattern)
        }
    }
}

extension FamilyShape {
    var kindByte: UInt8 { isCounter ? 0 : isGauge ? 1 : 2 }
}

extension [UInt8] {
    fileprivate mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    fileprivate mutating func appendWord(_ value: UInt64) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func appendText(_ text: String) {
        appendVarint(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}
