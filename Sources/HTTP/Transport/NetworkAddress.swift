import Glibc

/// An IPv4 or IPv6 address without a port. An IPv4 address in IPv6 form (`::ffff:127.0.0.1`) is the IPv4 address.
struct NetworkAddress: Equatable, Sendable, CustomStringConvertible {
    /// 4 or 16, in network order.
    let bytes: [UInt8]

    init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    /// nil for a host name. A zone (`fe80::1%eth0`) is passed over.
    init?(_ text: some StringProtocol) {
        let text = String(text.prefix { $0 != "%" })
        var room = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &room) == 1 {
            self.init(bytes: Array(room[..<4]))
        } else if inet_pton(AF_INET6, text, &room) == 1 {
            self.init(bytes: room)
        } else {
            return nil
        }
    }

    var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 }

    /// Whether the first `length` bits are those of `other`, of the same kind.
    func hasPrefix(_ other: NetworkAddress, bits length: Int) -> Bool {
        guard bytes.count == other.bytes.count else { return false }
        for (index, (own, others)) in zip(bytes, other.bytes).enumerated() {
            let bits = min(max(length - 8 * index, 0), 8)
            let mask = UInt8(truncatingIfNeeded: 0xff00 >> bits)
            if own & mask != others & mask { return false }
        }
        return true
    }

    var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
