import JSONScanning

/// The dotted path of the member that a walk through ``JSONTokens`` stands in. Arrays add nothing: `users.email` is the member `email`
/// of each object in the list `users`. Names are without their escapes.
struct MemberPath {
    /// Of the member whose value comes next, or is under way.
    private(set) var bytes: [UInt8] = []
    /// Of what is open: the length of its own path.
    private var lengths: [Int] = []

    /// To be told every part of the walk, in order.
    mutating func follow(_ token: JSONTokens.Token, in text: UnsafeRawBufferPointer) {
        switch token.kind {
        case .name:
            let length = lengths.last ?? 0
            bytes.removeSubrange(length...)
            if length > 0 { bytes.append(UInt8(ascii: ".")) }
            let name = UnsafeRawBufferPointer(rebasing: text[token.range])
            if token.hasEscapes { JSONStringDecoding.append(name, to: &bytes) } else { bytes.append(contentsOf: name) }
        case .objectStart, .arrayStart: lengths.append(bytes.count)
        case .objectEnd, .arrayEnd: close()
        case .string, .number, .literal: break
        }
    }

    /// What is open ended, and was passed over.
    mutating func close() {
        if let length = lengths.popLast() { bytes.removeSubrange(length...) }
    }

    mutating func begin() {
        bytes.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
    }

    /// How many objects and arrays are open.
    var depth: Int { lengths.count }
}
