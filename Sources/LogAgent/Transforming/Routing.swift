import JSONScanning

/// A `route` step: says which outputs take a line, and for which tenant. The last one that applies decides.
final class Routing {
    private enum TenantSource {
        case constant([UInt8])
        case field(slot: Int)
        case path
    }

    /// nil: whatever was decided before.
    private let outputs: UInt64?
    private let tenant: TenantSource?
    private let scratch = DecodingScratch()

    init(_ settings: RouteSettings, slot: (String) -> Int) {
        outputs = settings.outputs.map { $0.reduce(0) { $0 | 1 << UInt64($1) } }
        switch settings.tenant {
        case .none: tenant = nil
        case .constant(let text): tenant = .constant(Array(text.utf8))
        case .field(LineOrigin.pathField): tenant = .path
        case .field(let path): tenant = .field(slot: slot(path))
        }
    }

    /// Whether the line named a tenant where one is wanted.
    func apply(to line: TransformedLine) -> Bool {
        if let outputs { line.outputs = outputs }
        guard let tenant else { return true }
        switch tenant {
        case .constant(let name): line.tenant = name
        case .field(let slot):
            line.tenant = scratch.text(of: line.fields[slot], in: line.bytes).flatMap { Tenant.isValid($0) ? Array($0) : nil }
        case .path: line.tenant = nil
        }
        return line.tenant != nil
    }
}

/// What Loki takes as the name of a tenant, in `X-Scope-OrgID`.
enum Tenant {
    static let maximumBytes = 150

    static func isValid(_ name: some Collection<UInt8>) -> Bool {
        guard (1...maximumBytes).contains(name.count), name.allSatisfy({ TextByte.isLetterOrDigit($0) || "!-_.*'()".utf8.contains($0) })
        else { return false }
        return !(name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") })
    }
}
