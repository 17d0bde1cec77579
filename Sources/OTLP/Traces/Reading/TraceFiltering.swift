/// Copies a request without some of its spans, or takes it apart. Everything else stays byte for byte, fields that are not known too.
package enum TraceFiltering {
    /// Appends `request`, which `index` has read, to `output` without the spans that `isKept` refuses.
    ///
    /// What has no span left afterwards, a scope or a resource, is left out.
    package static func append(
        _ request: UnsafeRawBufferPointer, _ index: TraceIndex, to output: inout [UInt8], keeping isKept: (Int) -> Bool
    ) {
        guard let base = request.baseAddress else { return }
        var position = 0
        var scopes: [(range: ByteRange, bytes: [UInt8])] = []
        var scope = -1
        /// The resource whose scopes have been gathered.
        func flush(_ resource: Int) {
            guard !scopes.isEmpty else { return }
            var body: [UInt8] = []
            copyFields(base, index.resources[resource].body, except: 2, of: .resourceSpans, to: &body)
            for scope in scopes { appendField(2, scope.bytes, to: &body) }
            appendField(1, body, to: &output)
            scopes.removeAll()
        }
        var resource = 0
        while position < index.spans.count {
            scope = Int(index.spans[position].scope)
            let entry = index.scopes[scope]
            if Int(entry.resource) != resource {
                flush(resource)
                resource = Int(entry.resource)
            }
            var body: [UInt8] = []
            var kept = 0
            while position < index.spans.count, Int(index.spans[position].scope) == scope {
                if isKept(position) {
                    if kept == 0 { copyFields(base, entry.body, except: 2, of: .scopeSpans, to: &body) }
                    kept += 1
                    body.append(contentsOf: index.spans[position].field.bytes(in: request))
                }
                position += 1
            }
            if kept > 0 { scopes.append((entry.body, body)) }
        }
        if !index.spans.isEmpty { flush(resource) }
        copyFields(base, ByteRange(0, request.count), except: 1, of: .request, to: &output)
    }

    /// Appends every field of a `ResourceSpans` but its scopes.
    package static func appendResource(_ resource: ResourceEntry, of request: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard let base = request.baseAddress else { return }
        copyFields(base, resource.body, except: 2, of: .resourceSpans, to: &output)
    }

    /// Appends every field of a `ScopeSpans` but its spans.
    package static func appendScope(_ scope: ScopeEntry, of request: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard let base = request.baseAddress else { return }
        copyFields(base, scope.body, except: 2, of: .scopeSpans, to: &output)
    }

    /// Appends a field of length-delimited bytes.
    package static func appendField(_ number: UInt8, _ content: some Collection<UInt8>, to output: inout [UInt8]) {
        appendHead(number, count: content.count, to: &output)
        output.append(contentsOf: content)
    }

    /// Appends tag and length of a field of `count` bytes, which the caller appends. `number`: 1 to 15.
    package static func appendHead(_ number: UInt8, count: Int, to output: inout [UInt8]) {
        output.append(number << 3 | WireType.length.rawValue)
        var rest = UInt64(count)
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    private static func copyFields(
        _ base: UnsafeRawPointer, _ body: ByteRange, except left: Int, of message: TraceMessage, to output: inout [UInt8]
    ) {
        var cursor = WireCursor(base, body)
        while !cursor.isAtEnd {
            let start = cursor.place
            guard let (number, wireType) = try? cursor.tag(in: message),
                (try? cursor.skip(wireType, in: message, field: number)) != nil
            else { return }
            if number != left { output.append(contentsOf: UnsafeRawBufferPointer(start: base + start, count: cursor.place - start)) }
        }
    }
}
