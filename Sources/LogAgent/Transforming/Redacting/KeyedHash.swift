import Configuration
import COpenSSL

/// HMAC-SHA-256 (RFC 2104, FIPS 180-4) with one key, cut to 128 bits and written as 32 hexadecimal digits: equal values stay equal,
/// and only who has the key can test a guess.
struct KeyedHash: Sendable {
    static let textBytes = 32

    private let key: [UInt8]

    init(key: Secret) {
        self.key = Array(key.value.utf8)
    }

    /// Appends the digits for `value`.
    func append(_ value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(EVP_MAX_MD_SIZE)) { digest in
            var count: UInt32 = 0
            let result = HMAC(
                EVP_sha256(), key, Int32(key.count), value.baseAddress?.assumingMemoryBound(to: UInt8.self), value.count,
                digest.baseAddress,
                &count)
            // It fails only without memory; what must not be shown is not shown then either.
            let isDone = result != nil && count >= 16
            for index in 0..<Self.textBytes / 2 {
                let byte = isDone ? digest[index] : 0
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            }
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
