import JSONScanning

/// Turns `ExportTraceServiceRequest` in JSON into the same in protobuf (OTLP specification, "JSON Protobuf Encoding").
///
/// Lenient where senders differ: 64-bit numbers as texts or numbers, enums as numbers or names, ids in any case; members that are
/// not known are ignored, and null is the same as absent. One for each thread.
package final class TraceJSONTranscoder {
    private let scanner = JSONScanner(paths: FieldPaths([]))

    package init() {}

    /// Appends the message to `writer`, which holds pieces of it after an error. `text` is borrowed.
    package func transcode(_ text: UnsafeRawBufferPointer, to writer: inout ProtobufWriter) throws(TraceJSONError) {
        do throws(JSONScanError) { try scanner.scan(text) } catch { throw .syntax(error) }
        var walk = TraceJSONWalk(text)
        // A byte order mark may stand before it.
        guard walk.next()?.kind == .objectStart else { return }
        try walk.writeMembers(of: .request, to: &writer)
    }
}

/// One pass over a text that was checked.
private struct TraceJSONWalk {
    private let text: UnsafeRawBufferPointer
    private var tokens: JSONTokens
    private var scratch: [UInt8] = []

    init(_ text: UnsafeRawBufferPointer) {
        self.text = text
        tokens = JSONTokens(text)
    }

    mutating func next() -> JSONTokens.Token? { tokens.next() }

    /// The members of the object whose brace was the last token.
    mutating func writeMembers(of message: TraceMessage, to writer: inout ProtobufWriter) throws(TraceJSONError) {
        while let name = tokens.next(), name.kind == .name {
            guard let value = tokens.next() else { return }
            guard let field = TraceJSONField(message, named: string(name)) else {
                skip(value)
                continue
            }
            if value.kind == .literal, byte(value) == UInt8(ascii: "n") { continue }
            let place = Place(message: message, name: name, value: value)
            switch field.kind {
            case .message(let inner):
                guard value.kind == .objectStart else { throw bad(place, "an object") }
                try writer.message(field.number) { (writer) throws(TraceJSONError) in try writeMembers(of: inner, to: &writer) }
            case .messages(let inner): try writeMessages(inner, field.number, place, to: &writer)
            case .texts: try writeTexts(field.number, place, to: &writer)
            default: try write(field, place, to: &writer)
            }
        }
    }

    private struct Place {
        let message: TraceMessage
        let name: JSONTokens.Token
        let value: JSONTokens.Token
    }

    private mutating func writeMessages(
        _ message: TraceMessage, _ number: Int, _ place: Place, to writer: inout ProtobufWriter
    ) throws(TraceJSONError) {
        guard place.value.kind == .arrayStart else { throw bad(place, "a list of objects") }
        while let element = tokens.next(), element.kind != .arrayEnd {
            guard element.kind == .objectStart else { throw bad(place, "a list of objects") }
            try writer.message(number) { (writer) throws(TraceJSONError) in try writeMembers(of: message, to: &writer) }
        }
    }

    private mutating func writeTexts(_ number: Int, _ place: Place, to writer: inout ProtobufWriter) throws(TraceJSONError) {
        guard place.value.kind == .arrayStart else { throw bad(place, "a list of texts") }
        while let element = tokens.next(), element.kind != .arrayEnd {
            guard element.kind == .string else { throw bad(place, "a list of texts") }
            writer.data(number, decoded(element))
        }
    }

    private mutating func write(_ field: TraceJSONField, _ place: Place, to writer: inout ProtobufWriter) throws(TraceJSONError) {
        let value = place.value
        let number = field.number
        switch field.kind {
        case .text:
            guard value.kind == .string else { throw bad(place, "a text") }
            writer.data(number, decoded(value))
        case .identifier:
            guard value.kind == .string, let bytes = Self.hexadecimal(slice(value)) else {
                throw bad(place, "hexadecimal digits: OTLP has them for ids, not base64")
            }
            writer.data(number, bytes)
        case .base64:
            guard value.kind == .string, let bytes = Base64Text.decode(decoded(value)) else { throw bad(place, "base64") }
            writer.data(number, bytes)
        case .spanKind: writer.unsigned(number, try enumeration(TraceEnumNames.spanKinds, place))
        case .statusCode: writer.unsigned(number, try enumeration(TraceEnumNames.statusCodes, place))
        case .unsigned32: writer.unsigned(number, try unsigned(place, maximum: UInt64(UInt32.max)))
        case .fixed32: writer.fixed32(number, UInt32(truncatingIfNeeded: try unsigned(place, maximum: UInt64(UInt32.max))))
        case .fixed64: writer.fixed64(number, try unsigned(place, maximum: .max))
        case .signed64:
            guard let integer = integer(value) else { throw bad(place, "a whole number of 64 bits, as a text or a number") }
            writer.signed(number, integer)
        case .boolean:
            guard value.kind == .literal else { throw bad(place, "true or false") }
            writer.unsigned(number, byte(value) == UInt8(ascii: "t") ? 1 : 0)
        case .double:
            guard let double = double(value) else { throw bad(place, "a number, \"NaN\", \"Infinity\" or \"-Infinity\"") }
            writer.double(number, double)
        case .texts, .message, .messages: break
        }
    }

    // MARK: Values

    private func unsigned(_ place: Place, maximum: UInt64) throws(TraceJSONError) -> UInt64 {
        let value = place.value
        if value.kind == .number || value.kind == .string {
            let digits = String(decoding: slice(value), as: UTF8.self)
            if let number = UInt64(digits), number <= maximum { return number }
            if let double = JSONNumber.double(slice(value)), let number = UInt64(exactly: double), number <= maximum { return number }
        }
        throw bad(place, "a whole number from 0 to \(maximum), as a text or a number")
    }

    private func integer(_ value: JSONTokens.Token) -> Int64? {
        guard value.kind == .number || value.kind == .string else { return nil }
        if let number = Int64(String(decoding: slice(value), as: UTF8.self)) { return number }
        return JSONNumber.double(slice(value)).flatMap { Int64(exactly: $0) }
    }

    private func double(_ value: JSONTokens.Token) -> Double? {
        guard value.kind == .number || value.kind == .string else { return nil }
        switch string(value) {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: return JSONNumber.double(slice(value))
        }
    }

    private func enumeration(_ names: [String], _ place: Place) throws(TraceJSONError) -> UInt64 {
        if place.value.kind == .string, let number = names.firstIndex(of: string(place.value)) { return UInt64(number) }
        if let number = integer(place.value), number >= 0, number <= Int64(Int32.max) { return UInt64(number) }
        throw bad(place, "a number from 0 to \(names.count - 1)")
    }

    private static func hexadecimal(_ digits: UnsafeRawBufferPointer) -> [UInt8]? {
        guard digits.count % 2 == 0, digits.count <= 256 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = nibble(digits[index]), let low = nibble(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    // MARK: Text

    private mutating func skip(_ value: JSONTokens.Token) {
        if value.kind == .objectStart || value.kind == .arrayStart { _ = tokens.skipContainer() }
    }

    private func slice(_ token: JSONTokens.Token) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: text[token.range]) }

    private func byte(_ token: JSONTokens.Token) -> UInt8 { text[token.range.lowerBound] }

    private mutating func decoded(_ token: JSONTokens.Token) -> [UInt8] {
        scratch.removeAll(keepingCapacity: true)
        JSONStringDecoding.append(slice(token), to: &scratch)
        return scratch
    }

    private func string(_ token: JSONTokens.Token) -> String {
        var bytes: [UInt8] = []
        if token.hasEscapes { JSONStringDecoding.append(slice(token), to: &bytes) } else { bytes = Array(slice(token)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func bad(_ place: Place, _ expected: String) -> TraceJSONError {
        .badValue(
            field: "\(place.message.rawValue).\(string(place.name))", expected: expected, offset: place.value.wholeRange.lowerBound)
    }
}
