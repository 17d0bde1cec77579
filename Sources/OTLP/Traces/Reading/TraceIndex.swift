/// Where the spans of an `ExportTraceServiceRequest` stand in its bytes, and what matters of them.
///
/// Reading checks the whole request to its last field, so that what is passed on as it came can be decoded by whoever gets it;
/// fields that are not known are skipped. Its memory is used again for the next request: nothing is allocated for a span.
package struct TraceIndex {
    /// Values within values: what the strictest decoders take is about 45.
    package static let maximumDepth = 40

    package private(set) var resources: [ResourceEntry] = []
    package private(set) var scopes: [ScopeEntry] = []
    package private(set) var spans: [SpanEntry] = []
    /// Spans that have a ``SpanFault``.
    package private(set) var faultyCount = 0
    private let maximumSpans: Int

    /// A request with more than `maximumSpans` is refused: each costs about 120 bytes here, and may have cost its sender two.
    package init(maximumSpans: Int = 1 << 17) {
        self.maximumSpans = maximumSpans
    }

    /// Reads `request`, which is borrowed. After an error the index is empty.
    package mutating func read(_ request: UnsafeRawBufferPointer) throws(TraceReadError) {
        removeAll()
        guard let base = request.baseAddress, !request.isEmpty else { return }
        guard request.count < Int(UInt32.max) else { throw TraceReadError(.tooLarge, at: 0, in: .request) }
        do throws(TraceReadError) {
            try readRequest(base, ByteRange(0, request.count))
        } catch {
            removeAll()
            throw error
        }
    }

    private mutating func removeAll() {
        resources.removeAll(keepingCapacity: true)
        scopes.removeAll(keepingCapacity: true)
        spans.removeAll(keepingCapacity: true)
        faultyCount = 0
    }

    /// Gives back the memory that a large request took.
    package mutating func shrink(toSpans count: Int) {
        guard spans.capacity > count else { return }
        resources = []
        scopes = []
        spans = []
        faultyCount = 0
    }
}

// MARK: The walk

extension TraceIndex {
    private mutating func readRequest(_ base: UnsafeRawPointer, _ range: ByteRange) throws(TraceReadError) {
        var cursor = WireCursor(base, range)
        while !cursor.isAtEnd {
            let (number, wireType) = try Self.known(&cursor, .request)
            if number == 1 {
                try readResourceSpans(base, cursor.data(in: .request, field: number))
            } else {
                try cursor.skip(wireType, in: .request, field: number)
            }
        }
    }

    private mutating func readResourceSpans(_ base: UnsafeRawPointer, _ body: ByteRange) throws(TraceReadError) {
        var cursor = WireCursor(base, body)
        let before = resources.count
        while !cursor.isAtEnd {
            let (number, wireType) = try Self.known(&cursor, .resourceSpans)
            switch number {
            case 1: try Self.check(base, cursor.data(in: .resourceSpans, field: number), .resource, depth: 0)
            case 2:
                let scope = try cursor.data(in: .resourceSpans, field: number)
                try readScopeSpans(base, scope, of: body, resource: before)
            default: try cursor.skip(wireType, in: .resourceSpans, field: number)
            }
        }
    }

    /// `resource` is the index that its resource has, or gets with its first span.
    private mutating func readScopeSpans(
        _ base: UnsafeRawPointer, _ body: ByteRange, of resourceBody: ByteRange, resource: Int
    ) throws(TraceReadError) {
        var cursor = WireCursor(base, body)
        let scope = scopes.count
        while !cursor.isAtEnd {
            let start = cursor.place
            let (number, wireType) = try Self.known(&cursor, .scopeSpans)
            switch number {
            case 1: try Self.check(base, cursor.data(in: .scopeSpans, field: number), .scope, depth: 0)
            case 2:
                let span = try cursor.data(in: .scopeSpans, field: number)
                guard spans.count < maximumSpans else {
                    throw TraceReadError(.tooManySpans(limit: maximumSpans), at: start, in: .scopeSpans, field: number)
                }
                if scopes.count == scope {
                    if resources.count == resource { resources.append(ResourceEntry(body: resourceBody)) }
                    scopes.append(ScopeEntry(body: body, resource: Int32(truncatingIfNeeded: resource)))
                }
                var entry = SpanEntry()
                entry.field = ByteRange(start, Int(span.end))
                entry.body = span
                entry.scope = Int32(truncatingIfNeeded: scope)
                try Self.readSpan(base, &entry)
                if entry.fault != .none { faultyCount += 1 }
                spans.append(entry)
            default: try cursor.skip(wireType, in: .scopeSpans, field: number)
            }
        }
    }

    private static func readSpan(_ base: UnsafeRawPointer, _ entry: inout SpanEntry) throws(TraceReadError) {
        var cursor = WireCursor(base, entry.body)
        var fault = SpanFault.none
        var traceID = ByteRange.none
        var spanID = ByteRange.none
        var parentID = ByteRange.none
        while !cursor.isAtEnd {
            // Most tags are one byte: number and wire type are told apart by one switch.
            let start = cursor.place
            switch cursor.byte(at: start) {
            case 0x0a: traceID = try cursor.field(1)
            case 0x12: spanID = try cursor.field(2)
            case 0x22: parentID = try cursor.field(4)
            case 0x2a: entry.name = try cursor.field(5)
            case 0x30:
                cursor.place &+= 1
                entry.kind = UInt8(exactly: try cursor.varint(in: .span, field: 6)) ?? 0
            case 0x39:
                cursor.place &+= 1
                entry.startNanoseconds = try cursor.fixed64(in: .span, field: 7)
            case 0x41:
                cursor.place &+= 1
                entry.endNanoseconds = try cursor.fixed64(in: .span, field: 8)
            case 0x4a: try checkKeyValue(base, cursor.field(9), depth: 0)
            case 0x5a: try check(base, cursor.field(11), .event, depth: 0)
            case 0x6a: if try !checkLink(base, cursor.field(13)) { fault = .badLinkID }
            case 0x7a: try readStatus(base, cursor.field(15), &entry)
            default:
                let (number, wireType) = try known(&cursor, .span)
                // A number that is written with more bytes than it needs.
                guard cursor.place == start &+ 1 || number > 15 else {
                    throw TraceReadError(.badFieldNumber, at: start, in: .span, field: number)
                }
                try cursor.skip(wireType, in: .span, field: number)
            }
        }
        if parentID.count == 8 { entry.parentID = number(base, parentID.start) } else if !parentID.isEmpty { fault = .badParentSpanID }
        if spanID.count == 8 { entry.spanID = number(base, spanID.start) }
        if entry.spanID == 0 { fault = .badSpanID }
        if traceID.count == 16 { entry.trace = TraceKey(high: number(base, traceID.start), low: number(base, traceID.start &+ 8)) }
        if entry.trace.isZero { fault = .badTraceID }
        entry.fault = fault
    }

    @inline(__always)
    private static func number(_ base: UnsafeRawPointer, _ offset: UInt32) -> UInt64 {
        UInt64(bigEndian: base.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self))
    }

    private static func readStatus(_ base: UnsafeRawPointer, _ body: ByteRange, _ entry: inout SpanEntry) throws(TraceReadError) {
        var cursor = WireCursor(base, body)
        while !cursor.isAtEnd {
            let (number, wireType) = try known(&cursor, .status)
            switch number {
            case 2: entry.statusMessage = try cursor.data(in: .status, field: number)
            case 3: entry.status = UInt8(exactly: try cursor.varint(in: .status, field: number)) ?? 0
            default: try cursor.skip(wireType, in: .status, field: number)
            }
        }
    }

    /// False where one of its ids has a length that it can't have.
    private static func checkLink(_ base: UnsafeRawPointer, _ body: ByteRange) throws(TraceReadError) -> Bool {
        var cursor = WireCursor(base, body)
        var isRight = true
        while !cursor.isAtEnd {
            let (number, wireType) = try known(&cursor, .link)
            switch number {
            case 1: isRight = try [0, 16].contains(cursor.data(in: .link, field: number).count) && isRight
            case 2: isRight = try [0, 8].contains(cursor.data(in: .link, field: number).count) && isRight
            case 4: try checkKeyValue(base, cursor.data(in: .link, field: number), depth: 0)
            default: try cursor.skip(wireType, in: .link, field: number)
            }
        }
        return isRight
    }
}

// MARK: Checking

extension TraceIndex {
    /// The next field, whose wire type is the one that it must have.
    @inline(__always)
    private static func known(
        _ cursor: inout WireCursor, _ message: TraceMessage
    ) throws(TraceReadError) -> (number: Int, wireType: WireType) {
        let start = cursor.place
        let (number, wireType) = try cursor.tag(in: message)
        if let rule = message.rule(ofField: number), rule.wireType != wireType {
            throw TraceReadError(.wrongWireType(wireType.rawValue), at: start, in: message, field: number)
        }
        return (number, wireType)
    }

    /// An attribute. Most are a key and a short text: these need no table.
    @inline(__always)
    private static func checkKeyValue(_ base: UnsafeRawPointer, _ body: ByteRange, depth: Int) throws(TraceReadError) {
        let count = body.count
        let start = Int(body.start)
        func byte(_ offset: Int) -> Int { Int(base.load(fromByteOffset: start &+ offset, as: UInt8.self)) }
        // 0A <key length> key 12 <value length> 0A <text length> text
        if count >= 6, byte(0) == 0x0a, byte(1) < 0x80 {
            let value = 2 &+ byte(1)
            if value &+ 4 <= count, byte(value) == 0x12, byte(value &+ 1) == count &- value &- 2, byte(value &+ 1) < 0x80 {
                let kind = byte(value &+ 2)
                if kind == 0x0a, byte(value &+ 3) == count &- value &- 4 { return }
                // 18 or 10, a whole number or a flag of up to nine bytes
                if kind == 0x18 || kind == 0x10, count &- value &- 3 <= 9 {
                    var place = value &+ 3
                    while place < count &- 1, byte(place) >= 0x80 { place &+= 1 }
                    if place == count &- 1, byte(place) < 0x80 { return }
                }
            }
        }
        try check(base, body, .keyValue, depth: depth)
    }

    /// Any message, to its last field.
    private static func check(
        _ base: UnsafeRawPointer, _ body: ByteRange, _ message: TraceMessage, depth: Int
    ) throws(TraceReadError) {
        var cursor = WireCursor(base, body)
        while !cursor.isAtEnd {
            let start = cursor.place
            let (number, wireType) = try cursor.tag(in: message)
            guard let rule = message.rule(ofField: number) else {
                try cursor.skip(wireType, in: message, field: number)
                continue
            }
            guard rule.wireType == wireType else {
                throw TraceReadError(.wrongWireType(wireType.rawValue), at: start, in: message, field: number)
            }
            guard let inner = rule.message else {
                try cursor.skip(wireType, in: message, field: number)
                continue
            }
            let content = try cursor.data(in: message, field: number)
            let innerDepth = inner == .anyValue ? depth + 1 : depth
            guard innerDepth <= maximumDepth else {
                throw TraceReadError(.tooDeep(limit: maximumDepth), at: start, in: message, field: number)
            }
            if inner == .keyValue {
                try checkKeyValue(base, content, depth: innerDepth)
            } else {
                try check(base, content, inner, depth: innerDepth)
            }
        }
    }
}
