extension JSONScanner {
    /// All fields of the last line, by slot; valid until the next scan.
    @inlinable package var allFields: UnsafeBufferPointer<FieldValue> { UnsafeBufferPointer(start: fields, count: slotCount) }

    /// Makes every field missing: for a line that is no JSON.
    package func clear() {
        fields.update(repeating: .missing, count: slotCount)
    }

    /// Makes the field of `slot` the whole of a line that is no JSON.
    package func set(_ slot: Int, toTextOf line: UnsafeRawBufferPointer) {
        precondition(slot >= 0 && slot < slotCount, "The slot belongs to other paths.")
        fields[slot] = FieldValue(start: 0, end: UInt32(line.count), kind: .string, hasEscapes: false)
    }

    /// Makes `value` the field of `slot`: for a line that is no JSON.
    package func set(_ slot: Int, _ value: FieldValue) {
        precondition(slot >= 0 && slot < slotCount, "The slot belongs to other paths.")
        fields[slot] = value
    }
}
