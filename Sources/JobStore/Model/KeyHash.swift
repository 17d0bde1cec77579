import COpenSSL

/// What is stored of an API key.
package enum KeyHash {
    /// SHA-256 of the key's UTF-8 bytes: 32 bytes.
    package static func of(_ key: String) -> [UInt8] {
        var key = key
        return key.withUTF8 { bytes in
            [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
                var length: UInt32 = 0
                let isDone = EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, &length, EVP_sha256(), nil)
                precondition(isDone == 1 && length == 32, "OpenSSL has no SHA-256")
                count = 32
            }
        }
    }

    /// Compares in a time that depends on the lengths only.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }
}
