import OTLP

/// Finds which service asks which: pairs the client's span of a call with the server's. A pure value.
///
/// A call is known by its trace and the client's span: the server's span has that as its parent. Whoever comes first waits for the
/// other, and a call whose other half never comes counts only where it can be told who that was.
struct ServiceGraph {
    enum ConnectionType: String, Equatable, Sendable {
        case direct = ""
        case messaging = "messaging_system"
        case database
        case virtualNode = "virtual_node"
    }

    struct Edge: Equatable, Sendable {
        var client: String?
        var server: String?
        var type: ConnectionType
        var clientNanoseconds: UInt64?
        var serverNanoseconds: UInt64?
        var isFailed: Bool
        /// Whom the client says it called.
        var peer: String?
        var trace: TraceKey
        fileprivate var isRoot = false
        fileprivate var arrivedAt: UInt64
    }

    private struct CallKey: Hashable {
        let trace: TraceKey
        let client: UInt64
    }

    private var waiting = ArrivalTable<CallKey, Edge>()
    private let waitNanoseconds: UInt64
    private let maximumItems: Int
    /// Calls whose other half did not come, and that name nobody.
    private(set) var expired: UInt64 = 0
    /// Calls that were not waited for, as too many were.
    private(set) var dropped: UInt64 = 0

    init(waitNanoseconds: UInt64, maximumItems: Int) {
        self.waitNanoseconds = waitNanoseconds
        self.maximumItems = maximumItems
    }

    var waitingCount: Int { waiting.count }

    /// Takes a span of kind server, client, producer or consumer; gives the call that it completes. `peer` is asked for a client's only.
    mutating func observe(_ span: SpanEntry, service: String, peer: () -> Peer?, now: UInt64) -> Edge? {
        let isClient = span.kind == 3 || span.kind == 4
        guard isClient || span.kind == 2 || span.kind == 5 else { return nil }
        if !isClient && span.isRoot {
            // Nobody's span is its parent: whoever asked is outside.
            return Edge(
                client: "user", server: service, type: .virtualNode, serverNanoseconds: span.durationNanoseconds,
                isFailed: span.status == 2, trace: span.trace, isRoot: true, arrivedAt: now)
        }
        let key = CallKey(trace: span.trace, client: isClient ? span.spanID : span.parentID)
        let isMessaging = span.kind >= 4
        if let position = waiting.position(of: key) {
            var edge = waiting.update(at: position) { edge in
                edge.isFailed = edge.isFailed || span.status == 2
                if isMessaging { edge.type = .messaging }
                if isClient {
                    edge.client = service
                    edge.clientNanoseconds = span.durationNanoseconds
                } else {
                    edge.server = service
                    edge.serverNanoseconds = span.durationNanoseconds
                }
                return edge
            }
            guard edge.client != nil, edge.server != nil else { return nil }
            waiting.remove(key)
            edge.peer = nil
            return edge
        }
        var edge = Edge(
            type: isMessaging ? .messaging : .direct, isFailed: span.status == 2, trace: span.trace, arrivedAt: now)
        if isClient {
            edge.client = service
            edge.clientNanoseconds = span.durationNanoseconds
            switch peer() {
            case .database(let name)?:
                // A database has no span of its own.
                edge.server = name
                edge.serverNanoseconds = span.durationNanoseconds
                edge.type = .database
                return edge
            case .service(let name)?: edge.peer = name
            case nil: break
            }
        } else {
            edge.server = service
            edge.serverNanoseconds = span.durationNanoseconds
        }
        guard waiting.count < maximumItems else {
            dropped += 1
            return nil
        }
        waiting.append(edge, for: key)
        return nil
    }

    /// Gives up waiting; hands out calls whose other half is known by name.
    mutating func expire(now: UInt64) -> [Edge] {
        var edges: [Edge] = []
        while let (key, edge) = waiting.oldest, now >= edge.arrivedAt + waitNanoseconds {
            waiting.remove(key)
            guard edge.server == nil, let peer = edge.peer else {
                expired += 1
                continue
            }
            var virtual = edge
            virtual.server = peer
            virtual.type = .virtualNode
            edges.append(virtual)
        }
        return edges
    }
}

extension ServiceGraph {
    /// Whom a client's span says it called.
    enum Peer: Equatable {
        case service(String)
        case database(String)

        /// Attributes that say so, by precedence.
        private static let serviceNames = ["peer.service"]
        private static let databaseNames = ["db.namespace", "db.name", "db.system", "db.system.name"]
        private static let hosts = ["server.address", "network.peer.address"]

        /// Of the attributes of a span.
        init?(of span: SpanEntry, in message: UnsafeRawBufferPointer) {
            var values: [String: String] = [:]
            TraceAttributes.forEach(ofSpan: span.body, in: message) { name, value in
                // The longest name that counts.
                guard name.count <= 20, case .string(let text) = value, !text.isEmpty else {
                    if case .int = value, name.elementsEqual("network.peer.port".utf8) {
                        values["network.peer.port"] = value.text(in: message)
                    }
                    return true
                }
                let key = String(decoding: name, as: UTF8.self)
                if Self.serviceNames.contains(key) || Self.databaseNames.contains(key) || Self.hosts.contains(key) {
                    values[key] = String(decoding: text.bytes(in: message).prefix(256), as: UTF8.self)
                }
                return true
            }
            guard Self.databaseNames.contains(where: { values[$0] != nil }) else {
                guard let name = values["peer.service"] else { return nil }
                self = .service(name)
                return
            }
            if let name = values["peer.service"] ?? values["server.address"] {
                self = .database(name)
            } else if let address = values["network.peer.address"] {
                self = .database(values["network.peer.port"].map { "\(address):\($0)" } ?? address)
            } else if let name = Self.databaseNames.lazy.compactMap({ values[$0] }).first {
                self = .database(name)
            } else {
                return nil
            }
        }
    }
}
