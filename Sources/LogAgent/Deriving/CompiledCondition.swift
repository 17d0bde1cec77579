import JSONScanning

/// One entry of a `where`, ready to be tested on lines.
///
/// What a field that is not there means: it is none of any values (so `not` holds), it is in no order to a number, and no expression
/// matches it. A `null` has the text `null`, and does not exist.
///
/// A class, so that going through conditions does not copy their lists.
final class CompiledCondition {
    /// As it was configured: what an explanation shows.
    let settings: FieldCondition
    let slot: Int
    private let test: Test

    private enum Test {
        /// `numbers`: the values of those texts that are numbers.
        case isOneOf(texts: [[UInt8]], numbers: [Double])
        case isNoneOf(texts: [[UInt8]], numbers: [Double])
        case greater(Double)
        case greaterOrEqual(Double)
        case less(Double)
        case lessOrEqual(Double)
        case matches(BytePattern)
        case exists(Bool)
    }

    init(_ settings: FieldCondition, slot: Int) throws(RegexError) {
        self.settings = settings
        self.slot = slot
        switch settings.test {
        case .isOneOf(let values): test = .isOneOf(texts: values.map { Array($0.utf8) }, numbers: values.compactMap(Self.number))
        case .isNoneOf(let values): test = .isNoneOf(texts: values.map { Array($0.utf8) }, numbers: values.compactMap(Self.number))
        case .greater(let bound): test = .greater(bound)
        case .greaterOrEqual(let bound): test = .greaterOrEqual(bound)
        case .less(let bound): test = .less(bound)
        case .lessOrEqual(let bound): test = .lessOrEqual(bound)
        case .matches(let pattern): test = .matches(try BytePattern(pattern))
        case .exists(let wanted): test = .exists(wanted)
        }
    }

    /// The texts that alone can fulfil it, if it is an equality without numbers: such a condition can lead from a line to its rules.
    var dispatchTexts: [[UInt8]]? {
        if case .isOneOf(let texts, let numbers) = test, numbers.isEmpty { texts } else { nil }
    }

    func holds(
        for fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, _ scratch: DecodingScratch
    ) -> Bool {
        let value = fields[slot]
        switch test {
        case .isOneOf(let texts, let numbers): return Self.isOne(of: texts, numbers, value, line)
        case .isNoneOf(let texts, let numbers): return !Self.isOne(of: texts, numbers, value, line)
        case .greater(let bound): return FieldNumber(of: value, in: line, scratch).satisfies { $0 > bound }
        case .greaterOrEqual(let bound): return FieldNumber(of: value, in: line, scratch).satisfies { $0 >= bound }
        case .less(let bound): return FieldNumber(of: value, in: line, scratch).satisfies { $0 < bound }
        case .lessOrEqual(let bound): return FieldNumber(of: value, in: line, scratch).satisfies { $0 <= bound }
        case .matches(let pattern):
            if case .null = value.kind { return false }
            return scratch.text(of: value, in: line).map(pattern.matches) ?? false
        case .exists(let wanted):
            switch value.kind {
            case .missing, .null: return !wanted
            case .string, .number, .true_, .false_, .object, .array: return wanted
            }
        }
    }

    @inline(__always)
    private static func isOne(
        of texts: [[UInt8]], _ numbers: [Double], _ value: FieldValue, _ line: UnsafeRawBufferPointer
    ) -> Bool {
        switch value.kind {
        case .missing, .object, .array: return false
        case .string, .number, .true_, .false_, .null: break
        }
        for text in texts where text.withUnsafeBytes({ value.equals($0, in: line) }) { return true }
        guard case .number = value.kind, !numbers.isEmpty else { return false }
        guard let number = JSONNumber.double(DecodingScratch.rawText(of: value, in: line)) else { return false }
        return numbers.contains(number)
    }

    private static func number(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBytes { JSONNumber.double($0) }
    }
}

extension [CompiledCondition] {
    /// The conditions of one `where`. `slot` gives the number of a dotted path.
    init(_ settings: [FieldCondition], slot: (String) -> Int) throws(RegexError) {
        self = []
        for condition in settings { append(try CompiledCondition(condition, slot: slot(condition.field))) }
    }

    /// Whether all hold; those before `first` are known to.
    @inline(__always)
    func hold(
        from first: Int = 0, for fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, _ scratch: DecodingScratch
    ) -> Bool {
        var position = first
        while position < count {
            if !self[position].holds(for: fields, in: line, scratch) { return false }
            position += 1
        }
        return true
    }
}
