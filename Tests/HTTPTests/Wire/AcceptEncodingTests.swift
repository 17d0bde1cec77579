import Testing

@testable import HTTP

struct AcceptEncodingTests {
    @Test(arguments: [
        ("gzip", true), ("GZip, deflate, br", true), ("br;q=1.0, gzip;q=0.8, *;q=0.1", true), ("x-gzip", true), ("*", true),
        ("gzip;q=0.001", true), ("gzip ; q=1.000", true), ("identity;q=0.5, gzip;q=0.5", true), ("*, identity;q=0", true),
        ("", false), ("identity", false), ("deflate, br", false), ("gzip;q=0", false), ("gzip;q=0.000", false), ("*;q=0", false),
        ("*, gzip;q=0", false), ("identity, gzip;q=0.5", false), ("gzip;q=2", false), ("gzip;q=1.1", false), ("gzip;q=x", false),
        ("gzip;q=0.0001", false), ("gzip;q=-1", false), ("gzipped", false), (";", false), (",,", false),
    ])
    func `gzip is used when it is accepted and not liked less than plain`(value: String, expected: Bool) {
        #expect(AcceptEncoding.prefersGzip(["Accept-Encoding": value]) == expected)
    }

    @Test func `without the field nothing is coded`() {
        #expect(!AcceptEncoding.prefersGzip([:]))
    }

    @Test func `two fields are one list`() {
        #expect(AcceptEncoding.prefersGzip(["Accept-Encoding": "br", "accept-encoding": "gzip"]))
    }
}
