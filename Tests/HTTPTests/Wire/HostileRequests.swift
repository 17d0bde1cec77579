import Testing

/// Requests that a server must refuse, and the status it refuses them with.
/// From RFC 9112 §11 and the request smuggling corpora that proxies are tested with.
enum HostileRequests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var bytes: [UInt8]
        var status: Int
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ status: Int) {
            self.name = name
            bytes = Array(text.utf8)
            self.status = status
        }

        init(_ name: String, bytes: [UInt8], _ status: Int) {
            self.name = name
            self.bytes = bytes
            self.status = status
        }
    }

    private static func post(_ headers: String, _ body: String = "") -> String {
        "POST / HTTP/1.1\r\nHost: x\r\n\(headers)\r\n\r\n\(body)"
    }

    static let all: [Case] = [
        // Two lengths, or a length in two ways.
        Case("two different lengths", post("Content-Length: 3\r\nContent-Length: 4", "abcd"), 400),
        Case("two equal lengths", post("Content-Length: 3\r\ncontent-length: 3", "abc"), 400),
        Case("a list of lengths", post("Content-Length: 3, 3", "abc"), 400),
        Case("a length with a sign", post("Content-Length: +3", "abc"), 400),
        Case("a negative length", post("Content-Length: -1"), 400),
        Case("a hexadecimal length", post("Content-Length: 0x3", "abc"), 400),
        Case("a length with a fraction", post("Content-Length: 3.0", "abc"), 400),
        Case("an empty length", post("Content-Length:"), 400),
        Case("a length with a space inside", post("Content-Length: 1 0", "a"), 400),
        Case("a length that overflows", post("Content-Length: 18446744073709551617", "a"), 400),
        Case("a length above the limit", post("Content-Length: 999999999999"), 413),
        Case("length and chunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
        Case("chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"), 400),
        Case("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        // Transfer codings that one reader takes for chunked and another does not.
        Case("an unknown coding", post("Transfer-Encoding: xchunked", "0\r\n\r\n"), 400),
        Case("identity", post("Transfer-Encoding: identity"), 400),
        Case("an empty coding", post("Transfer-Encoding:"), 400),
        Case("chunked twice", post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"), 400),
        Case("chunked in two fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
        Case("chunked before identity", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"), 400),
        Case("gzip before chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501),
        Case("quoted chunked", post("Transfer-Encoding: \"chunked\"", "0\r\n\r\n"), 400),
        Case("chunked with a parameter", post("Transfer-Encoding: chunked;x=y", "0\r\n\r\n"), 400),
        Case("chunked after a vertical tab", post("Transfer-Encoding: \u{0b}chunked", "0\r\n\r\n"), 400),
        // Fields that hide another.
        Case("a space before the colon", post("Transfer-Encoding : chunked", "0\r\n\r\n"), 400),
        Case("a tab before the colon", post("Content-Length\t: 3", "abc"), 400),
        Case("a folded field", post("X: a\r\n b: c"), 400),
        Case("a folded field with a tab", post("Transfer-Encoding:\r\n\tchunked", "0\r\n\r\n"), 400),
        Case("a first field that is folded", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
        Case("no colon", post("Host"), 400),
        Case("an empty field name", post(": x"), 400),
        Case("a field name with a space", post("A B: x"), 400),
        Case("a field name with a bracket", post("A(b): x"), 400),
        Case("a field name outside ASCII", post("Ä: x"), 400),
        Case("a NUL in a value", post("X: a\0b"), 400),
        Case("a bare CR in a value", post("X: a\rTransfer-Encoding: chunked"), 400),
        Case("a delete character in a value", post("X: a\u{7f}"), 400),
        // Line ends.
        Case("a bare LF after the request line", "GET / HTTP/1.1\nHost: x\r\n\r\n", 400),
        Case("a bare LF after a field", "GET / HTTP/1.1\r\nHost: x\n\r\n", 400),
        Case("a bare LF for the empty line", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400),
        Case("a bare LF alone", "\n", 400),
        Case("a CR before the CR LF", "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n", 400),
        Case("many empty lines", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        // Request lines.
        Case("no version", "GET /\r\n\r\n", 400),
        Case("two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("a tab for a space", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("a space at the start", " GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("a space at the end", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
        Case("a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("a control character in the target", "GET /\u{01} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("a target outside ASCII", "GET /ä HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("a fragment", "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("a relative target", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("an asterisk for GET", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("an absolute target of another scheme", "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("an absolute target with credentials", "GET http://u@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("an absolute target without a host", "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("a lower-case protocol", "GET / http/1.1\r\nHost: x\r\n\r\n", 400),
        Case("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        Case("HTTP/0.9 with a version", "GET / HTTP/0.9\r\n\r\n", 505),
        Case("a version of two digits", "GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400),
        Case("an unknown method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        Case("a lower-case method", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        Case("CONNECT", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        Case("TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        Case("a method with a bracket", "GE(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Case("an endless method", String(repeating: "A", count: 9000), 414),
        Case("a TLS greeting", bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x0a], 400),
        // Host.
        Case("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        Case("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        Case("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        Case("a Host with credentials", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        Case("a list of Hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        // Chunks.
        Case("a negative chunk size", post("Transfer-Encoding: chunked", "-1\r\n\r\n"), 400),
        Case("a chunk size with 0x", post("Transfer-Encoding: chunked", "0x1\r\na\r\n0\r\n\r\n"), 400),
        Case("an empty chunk size", post("Transfer-Encoding: chunked", "\r\na\r\n0\r\n\r\n"), 400),
        Case("a chunk size that overflows", post("Transfer-Encoding: chunked", "10000000000000001\r\na\r\n0\r\n\r\n"), 400),
        Case("a chunk size above the limit", post("Transfer-Encoding: chunked", "fffffffff\r\na"), 413),
        Case("a chunk size with a space before", post("Transfer-Encoding: chunked", " 1\r\na\r\n0\r\n\r\n"), 400),
        Case("a chunk size with a space after", post("Transfer-Encoding: chunked", "1 \r\na\r\n0\r\n\r\n"), 400),
        Case("a chunk size that ends in LF", post("Transfer-Encoding: chunked", "1\na\r\n0\r\n\r\n"), 400),
        Case("a bare CR in an extension", post("Transfer-Encoding: chunked", "1;a\rb\r\na\r\n0\r\n\r\n"), 400),
        Case("a bare LF in an extension", post("Transfer-Encoding: chunked", "1;a\nb\r\na\r\n0\r\n\r\n"), 400),
        Case("a chunk longer than its size", post("Transfer-Encoding: chunked", "1\r\nab\r\n0\r\n\r\n"), 400),
        Case("a chunk that ends in LF", post("Transfer-Encoding: chunked", "1\r\na\n0\r\n\r\n"), 400),
        Case("endless extensions", post("Transfer-Encoding: chunked", "1;" + String(repeating: "x", count: 40000)), 400),
        Case(
            "many extensions",
            post("Transfer-Encoding: chunked", String(repeating: "1;\(String(repeating: "x", count: 90))\r\na\r\n", count: 300)), 400),
        Case("a folded trailer", post("Transfer-Encoding: chunked", "0\r\n a: b\r\n\r\n"), 400),
        Case("a broken trailer", post("Transfer-Encoding: chunked", "0\r\nContent-Length : 5\r\n\r\n"), 400),
        Case("endless trailers", post("Transfer-Encoding: chunked", "0\r\n" + String(repeating: "a: b\r\n", count: 5000)), 431),
        // Sizes.
        Case("a target above the limit", "GET /\(String(repeating: "a", count: 8192)) HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        Case("a request line without an end", "GET /\(String(repeating: "a", count: 20000))", 414),
        Case("a field above the limit", "GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 17000))\r\n\r\n", 431),
        Case("a field without an end", "GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 40000))", 431),
        Case("a field name without an end", "GET / HTTP/1.1\r\n\(String(repeating: "a", count: 40000))", 431),
        Case("101 fields", "GET / HTTP/1.1\r\n\(String(repeating: "a: b\r\n", count: 101))\r\n", 431),
        // Expectations.
        Case("an unknown expectation", "GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n", 417),
    ]
}
