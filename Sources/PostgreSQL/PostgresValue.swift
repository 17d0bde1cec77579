/// A value for a statement.
package enum PostgresValue: Sendable, Equatable {
    case null
    case text(String)
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case bytes([UInt8])

    package static func text(_ value: String?) -> PostgresValue { value.map { .text($0) } ?? .null }

    /// PostgreSQL has no unsigned integers: what is beyond its `bigint` is taken for the greatest of these.
    package static func integer(_ value: UInt64) -> PostgresValue { .integer(Int64(clamping: value)) }
    package static func integer(_ value: UInt64?) -> PostgresValue { value.map { .integer($0) } ?? .null }
    package static func integer(_ value: Int) -> PostgresValue { .integer(Int64(value)) }
}

/// What a column's text can be read as.
package protocol PostgresDecodable: Sendable {
    /// nil: it is no such value.
    init?(postgresText text: String)
}

extension String: PostgresDecodable {
    package init?(postgresText text: String) { self = text }
}

extension Int: PostgresDecodable {
    package init?(postgresText text: String) { self.init(text) }
}

extension Int64: PostgresDecodable {
    package init?(postgresText text: String) { self.init(text) }
}

extension UInt64: PostgresDecodable {
    package init?(postgresText text: String) { self.init(text) }
}

extension Double: PostgresDecodable {
    package init?(postgresText text: String) {
        switch text {
        case "Infinity": self = .infinity
        case "-Infinity": self = -.infinity
        case "NaN": self = .nan
        default: self.init(text)
        }
    }
}

extension Bool: PostgresDecodable {
    package init?(postgresText text: String) {
        switch text {
        case "t": self = true
        case "f": self = false
        default: return nil
        }
    }
}

/// `bytea` in its hexadecimal form: `\x00ff`.
extension [UInt8]: PostgresDecodable {
    package init?(postgresText text: String) {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0, digits.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "x")]) else { return nil }
        self = []
        reserveCapacity(digits.count / 2)
        for index in stride(from: 2, to: digits.count, by: 2) {
            guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else { return nil }
            append(high << 4 | low)
        }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
