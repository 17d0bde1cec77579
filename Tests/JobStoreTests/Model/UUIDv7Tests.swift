import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import JobStore

struct UUIDv7Tests {
    @Test
    func `an id has the time, the version and the variant of RFC 9562`() throws {
        let before = now() / 1_000_000
        let id = UUIDv7.next()
        #expect(UUIDv7.isCanonical(id))
        let digits = id.filter { $0 != "-" }
        // At least: another test may have made ids for a later time.
        #expect(try #require(UInt64(digits.prefix(12), radix: 16)) >= before)
        let characters = Array(id)
        #expect(characters[14] == "7")
        #expect("89ab".contains(characters[19]))
    }

    @Test
    func `ids are in the order in which they were made, on any thread`() throws {
        let all = Mutex<[String]>([])
        try onThreads(4) { _ in
            var last = ""
            var made: [String] = []
            for _ in 0..<5_000 {
                let id = UUIDv7.next()
                if id <= last { Issue.record("\(id) after \(last)") }
                last = id
                made.append(id)
            }
            all.withLock { $0 += made }
        }
        #expect(Set(all.withLock { $0 }).count == 20_000)
    }

    @Test
    func `a clock that steps back does not change the order`() {
        let first = UUIDv7.next()
        #expect(UUIDv7.next(atNanoseconds: 0) > first)
    }

    @Test(arguments: [
        "", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", "017f22e2-79b0-7cc3-98c4-dc0c0c07398é",
    ])
    func `what is not as it is written here is no id`(_ text: String) {
        #expect(!UUIDv7.isCanonical(text))
        #expect(UUIDv7.isCanonical("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))
    }
}

struct KeyHashTests {
    @Test
    func `the hash is SHA-256`() {
        // FIPS 180-2, appendix B.1.
        #expect(
            KeyHash.of("abc") == [UInt8](postgresText: #"\xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"#))
        #expect(KeyHash.of("").count == 32)
    }

    @Test
    func `hashes are equal in all bytes or not`() {
        let hash = KeyHash.of("abc")
        #expect(KeyHash.areEqual(hash, KeyHash.of("abc")))
        for index in hash.indices {
            var other = hash
            other[index] ^= 1
            #expect(!KeyHash.areEqual(hash, other))
        }
        #expect(!KeyHash.areEqual(hash, Array(hash.dropLast())))
        #expect(KeyHash.areEqual([], []))
    }
}
