import JSONScanning

/// What a scan found, copied out of the line.
struct ScannedField: Equatable, CustomStringConvertible {
    var kind: FieldValue.Kind
    /// With escapes resolved.
    var text: String

    var description: String { "\(kind) \(text)" }

    static let missing = ScannedField(kind: .missing, text: "")
    static func string(_ text: String) -> ScannedField { ScannedField(kind: .string, text: text) }
    static func number(_ text: String) -> ScannedField { ScannedField(kind: .number, text: text) }
}

extension JSONScanner {
    convenience init(_ paths: String...) { self.init(paths: FieldPaths(paths)) }

    /// The fields of `line` in the order of their slots.
    func fields(of line: String) throws -> [ScannedField] { try fields(of: Array(line.utf8)) }

    func fields(of line: [UInt8]) throws -> [ScannedField] {
        try line.withUnsafeBytes { bytes in
            try scan(bytes)
            return (0..<paths.count).map { slot in
                var text: [UInt8] = []
                self[slot].appendText(in: bytes, to: &text)
                return ScannedField(kind: self[slot].kind, text: String(decoding: text, as: UTF8.self))
            }
        }
    }

    /// Nil if the line is fine.
    func error(in line: [UInt8]) -> JSONScanError? {
        line.withUnsafeBytes { bytes -> JSONScanError? in
            do throws(JSONScanError) {
                try scan(bytes)
                return nil
            } catch {
                return error
            }
        }
    }

    func error(in line: String) -> JSONScanError? { error(in: Array(line.utf8)) }
}

/// SplitMix64: the same numbers in every run, so that a failure can be looked at again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
