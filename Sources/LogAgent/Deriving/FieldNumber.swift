import JSONScanning

/// Why a line that a metric matches did not move it.
enum ValueError: Int, CaseIterable, Sendable {
    /// No such field, or `null`.
    case missing
    case notNumeric
    /// A number beyond what a double holds, `NaN` or an infinity; also one that would make a sum so.
    case notFinite
    /// For a counter, or for a histogram whose buckets are all above zero.
    case negative

    /// As it stands in the label `reason`.
    var name: String {
        switch self {
        case .missing: "missing"
        case .notNumeric: "not_numeric"
        case .notFinite: "not_finite"
        case .negative: "negative"
        }
    }
}

/// The number that a field stands for: a number, or a string that is one.
enum FieldNumber {
    case value(Double)
    case error(ValueError)

    @inline(__always)
    init(of value: FieldValue, in line: UnsafeRawBufferPointer, _ scratch: DecodingScratch) {
        switch value.kind {
        case .missing, .null: self = .error(.missing)
        case .true_, .false_, .object, .array: self = .error(.notNumeric)
        case .number:
            self = JSONNumber.double(DecodingScratch.rawText(of: value, in: line)).map(FieldNumber.value) ?? .error(.notFinite)
        case .string:
            self = .init(text: scratch.text(of: value, in: line) ?? UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    private init(text: UnsafeRawBufferPointer) {
        if let number = JSONNumber.double(text) {
            self = .value(number)
        } else {
            self = .error(Self.isInfiniteOrNaN(text) ? .notFinite : .notNumeric)
        }
    }

    /// Whether it is a number for which `test` is true.
    @inline(__always)
    func satisfies(_ test: (Double) -> Bool) -> Bool {
        if case .value(let number) = self { test(number) } else { false }
    }

    /// `NaN`, `-inf`, `1e999`: numbers to their writer.
    @inline(never)
    private static func isInfiniteOrNaN(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count <= 400, let number = Double(String(decoding: text, as: UTF8.self)) else { return false }
        return !number.isFinite
    }
}
