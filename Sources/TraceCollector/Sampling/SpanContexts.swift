import OTLP

/// What spans stand in, resource and scope, each once however many spans have it. Counted by its spans.
struct SpanContexts {
    struct Context {
        /// Every field of the `ResourceSpans` but its scopes.
        let resource: [UInt8]
        /// Every field of the `ScopeSpans` but its spans.
        let scope: [UInt8]
        var spans: Int
    }

    private struct Key: Hashable {
        let resource: [UInt8]
        let scope: [UInt8]
    }

    private var numbers: [Key: UInt32] = [:]
    private var contexts: [Context?] = []
    private var free: [UInt32] = []
    /// Of what is kept, about.
    private(set) var bytes = 0

    var count: Int { numbers.count }

    subscript(number: UInt32) -> Context? { contexts[Int(number)] }

    /// The number of the context that a scope of a request is. ``retain(_:spans:)`` keeps it.
    mutating func number(of scope: ScopeEntry, in index: TraceIndex, _ message: UnsafeRawBufferPointer) -> UInt32 {
        var resource: [UInt8] = []
        TraceFiltering.appendResource(index.resources[Int(scope.resource)], of: message, to: &resource)
        var fields: [UInt8] = []
        TraceFiltering.appendScope(scope, of: message, to: &fields)
        let key = Key(resource: resource, scope: fields)
        if let number = numbers[key] { return number }
        let number = free.popLast() ?? UInt32(contexts.count)
        let context = Context(resource: resource, scope: fields, spans: 0)
        if Int(number) == contexts.count { contexts.append(context) } else { contexts[Int(number)] = context }
        numbers[key] = number
        bytes += Self.cost(context)
        return number
    }

    mutating func retain(_ number: UInt32) { contexts[Int(number)]?.spans += 1 }

    /// The last span that lets go takes the context with it.
    mutating func release(_ number: UInt32, spans: Int = 1) {
        guard let context = contexts[Int(number)] else { return }
        if context.spans > spans { contexts[Int(number)]?.spans -= spans } else { remove(number) }
    }

    /// Removes a context that no span has, where it is one.
    mutating func removeUnused(_ number: UInt32) {
        if contexts[Int(number)]?.spans == 0 { remove(number) }
    }

    private mutating func remove(_ number: UInt32) {
        guard let context = contexts[Int(number)] else { return }
        numbers[Key(resource: context.resource, scope: context.scope)] = nil
        contexts[Int(number)] = nil
        free.append(number)
        bytes -= Self.cost(context)
    }

    private static func cost(_ context: Context) -> Int { context.resource.count + context.scope.count + 256 }
}
