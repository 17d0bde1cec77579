/// Looks for attributes in the bytes of a request that a ``TraceIndex`` has read, without copying.
package enum TraceAttributes {
    /// A value that one can compare with or show as a text.
    package enum Value: Equatable, BitwiseCopyable, Sendable {
        case string(ByteRange)
        case bool(Bool)
        case int(Int64)
        case double(Double)
        /// Bytes, a list, a map, or nothing.
        case other

        /// As a label's value: of ``other`` nothing.
        package func text(in request: UnsafeRawBufferPointer) -> String {
            switch self {
            case .string(let range): String(decoding: range.bytes(in: request), as: UTF8.self)
            case .bool(let flag): flag ? "true" : "false"
            case .int(let number): String(number)
            case .double(let number):
                number == number.rounded() && number.magnitude < 1e15 ? String(Int64(number)) : String(number)
            case .other: ""
            }
        }
    }

    /// Calls `body` with each attribute of a span until it gives false.
    package static func forEach(
        ofSpan span: ByteRange, in request: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Value) -> Bool
    ) {
        _ = forEach(field: 9, of: .span, span, in: request, body)
    }

    /// The same of the resource in a `ResourceSpans`.
    package static func forEach(
        ofResourceSpans resourceSpans: ByteRange, in request: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Value) -> Bool
    ) {
        guard let base = request.baseAddress else { return }
        var cursor = WireCursor(base, resourceSpans)
        while !cursor.isAtEnd {
            guard let (number, wireType) = try? cursor.tag(in: .resourceSpans) else { return }
            if number == 1, wireType == .length {
                guard let resource = try? cursor.data(in: .resourceSpans, field: 1) else { return }
                if !forEach(field: 1, of: .resource, resource, in: request, body) { return }
            } else {
                guard (try? cursor.skip(wireType, in: .resourceSpans, field: number)) != nil else { return }
            }
        }
    }

    /// `service.name` of a `ResourceSpans`; nil without a text of that name. Of several the first.
    package static func serviceName(ofResourceSpans resourceSpans: ByteRange, in request: UnsafeRawBufferPointer) -> ByteRange? {
        let key: StaticString = "service.name"
        let wanted = UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        var found: ByteRange?
        forEach(ofResourceSpans: resourceSpans, in: request) { name, value in
            guard name.count == wanted.count, name.elementsEqual(wanted), case .string(let text) = value else { return true }
            found = text
            return false
        }
        return found
    }

    /// False where `body` has asked to stop.
    private static func forEach(
        field: Int, of message: TraceMessage, _ range: ByteRange, in request: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, Value) -> Bool
    ) -> Bool {
        guard let base = request.baseAddress else { return true }
        var cursor = WireCursor(base, range)
        while !cursor.isAtEnd {
            // Whoever comes here has read the request: nothing is wrong with it.
            guard let (number, wireType) = try? cursor.tag(in: message) else { return true }
            if number == field, wireType == .length {
                guard let pair = try? cursor.data(in: message, field: number) else { return true }
                let (key, value) = read(base, pair)
                if !body(key.bytes(in: request), value) { return false }
            } else {
                guard (try? cursor.skip(wireType, in: message, field: number)) != nil else { return true }
            }
        }
        return true
    }

    private static func read(_ base: UnsafeRawPointer, _ pair: ByteRange) -> (ByteRange, Value) {
        var cursor = WireCursor(base, pair)
        var key = ByteRange.none
        var value = Value.other
        while !cursor.isAtEnd {
            guard let (number, wireType) = try? cursor.tag(in: .keyValue) else { break }
            switch (number, wireType) {
            case (1, .length): key = (try? cursor.data(in: .keyValue, field: 1)) ?? .none
            case (2, .length):
                guard let content = try? cursor.data(in: .keyValue, field: 2) else { return (key, value) }
                value = read(base, value: content)
            default: if (try? cursor.skip(wireType, in: .keyValue, field: number)) == nil { return (key, value) }
            }
        }
        return (key, value)
    }

    private static func read(_ base: UnsafeRawPointer, value range: ByteRange) -> Value {
        var cursor = WireCursor(base, range)
        var value = Value.other
        while !cursor.isAtEnd {
            guard let (number, wireType) = try? cursor.tag(in: .anyValue) else { break }
            switch (number, wireType) {
            case (1, .length): value = (try? cursor.data(in: .anyValue, field: 1)).map { .string($0) } ?? .other
            case (2, .varint): value = (try? cursor.varint(in: .anyValue, field: 2)).map { .bool($0 != 0) } ?? .other
            case (3, .varint): value = (try? cursor.varint(in: .anyValue, field: 3)).map { .int(Int64(bitPattern: $0)) } ?? .other
            case (4, .fixed64):
                value = (try? cursor.fixed64(in: .anyValue, field: 4)).map { .double(Double(bitPattern: $0)) } ?? .other
            default: if (try? cursor.skip(wireType, in: .anyValue, field: number)) == nil { return value }
            }
        }
        return value
    }
}
