import JSONScanning

/// Memory for the text of a string that has escapes; used again for each.
final class DecodingScratch {
    private var base = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 8)

    deinit { base.deallocate() }

    /// The text of a value as people mean it: of a string without its escapes, of a number, `true`, `false` and `null` as it stands
    /// in the line; nil for what has no text. Valid until the next call.
    @inline(__always)
    func text(of value: FieldValue, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        switch value.kind {
        case .string: value.hasEscapes ? decoded(value, in: line) : Self.rawText(of: value, in: line)
        case .number, .true_, .false_, .null: Self.rawText(of: value, in: line)
        case .missing, .object, .array: nil
        }
    }

    /// The value's bytes as they stand in the line.
    @inline(__always)
    static func rawText(of value: FieldValue, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        precondition(value.start <= value.end && Int(value.end) <= line.count, "the fields are another line's")
        return UnsafeRawBufferPointer(start: line.baseAddress.map { $0 + Int(value.start) }, count: Int(value.end - value.start))
    }

    @inline(never)
    private func decoded(_ value: FieldValue, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if value.count > base.count {
            base.deallocate()
            base = .allocate(byteCount: value.count * 2, alignment: 8)
        }
        let count = JSONStringDecoding.decode(value.text(in: line), into: base)
        return UnsafeRawBufferPointer(rebasing: base[..<count])
    }
}
