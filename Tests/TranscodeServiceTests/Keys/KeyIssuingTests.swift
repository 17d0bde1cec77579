import JobStore
import Testing

@testable import TranscodeService

struct KeyIssuingTests {
    @Test func `keys are long, random, and stored as hashes`() {
        let issued = (0..<100).map { _ in KeyIssuing.issue(name: "a", quotaBytes: 5) }
        #expect(Set(issued.map(\.text)).count == 100)
        for (key, text) in issued {
            #expect(text.hasPrefix("ts_") && text.utf8.count == 3 + 43)
            #expect(text.dropFirst(3).allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            #expect(key.hash == KeyHash.of(text) && key.quotaBytes == 5 && UUIDv7.isCanonical(key.id))
        }
    }

    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("\u{3f}\u{3e}\u{7e}", "Pz5-")])
    func `base64url is that of RFC 4648`(text: String, encoded: String) { #expect(KeyIssuing.base64URL(Array(text.utf8)) == encoded) }

    @Test func `names are short and plain`() {
        for name in ["a", "studio-1_x.y", String(repeating: "x", count: 64)] { #expect(KeyIssuing.problem(withName: name) == nil) }
        for name in ["", "a b", "ä", "a/b", "a\n", "(other)", String(repeating: "x", count: 65)] {
            #expect(KeyIssuing.problem(withName: name) != nil)
        }
    }
}
