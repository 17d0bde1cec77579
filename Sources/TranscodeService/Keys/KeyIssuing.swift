import JobStore
import SystemIO

/// Makes API keys.
enum KeyIssuing {
    static let prefix = "ts_"
    private static let randomBytes = 32

    /// A new key, and what is stored of it: the text is nowhere else.
    static func issue(name: String, quotaBytes: UInt64?) -> (key: APIKey, text: String) {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<randomBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        let text = prefix + base64URL(bytes)
        let now = SystemClock.wallNanoseconds()
        return (
            APIKey(id: UUIDv7.next(atNanoseconds: now), name: name, hash: KeyHash.of(text), quotaBytes: quotaBytes, createdAt: now), text
        )
    }

    /// Why a name can't be a key's: it stands in logs and is a label of metrics. nil: it can.
    static func problem(withName name: String) -> String? {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isPlain && (1...64).contains(name.utf8.count) ? nil : "use 1 to 64 letters, digits, `_`, `-` and `.`"
    }

    /// RFC 4648 §5, without padding.
    static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for position in 0...group.count { text.append(alphabet[bits >> (18 - 6 * position) & 0x3f]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
