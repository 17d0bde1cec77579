import Foundation
import Testing

@testable import LogAgent

@Suite struct RedactionPatternTests {
    private func redacted(_ text: String, _ patterns: String) throws -> String? {
        try Transforming("{ redact: { patterns: [\(patterns)], with: '#' } }", format: "text").take(text).line
    }

    @Test(arguments: [
        ("Authorization: Bearer eyJhbGciOi.J9-_x+/==", "Authorization: Bearer #"),
        ("authorization=bearer abcdefgh", "authorization=bearer #"),
        ("BEARER: 12345678,next", "BEARER: #,next"),
        ("Bearer abcdefgh Bearer ijklmnop", "Bearer # Bearer #"),
        ("the bearer of news", "the bearer of news"),
        ("Bearer 1234567", "Bearer 1234567"),
        ("bearer", "bearer"), ("Bearerabcdefghij", "Bearerabcdefghij"), ("b", "b"), ("", ""),
    ])
    func `bearer tokens`(text: String, expected: String) throws {
        #expect(try redacted(text, "'bearer'") == expected)
    }

    @Test(arguments: [
        ("postgres://app:s3cret@db:5432/x", "postgres://app:#@db:5432/x"),
        ("redis://:pw@h", "redis://:#@h"),
        ("amqp://u:p@ss:w@rd@h/v a://b:c@d", "amqp://u:#@h/v a://b:#@d"),
        ("http://host:8080/a@b", "http://host:8080/a@b"), ("https://user@host/", "https://user@host/"),
        ("https://user:@host/", "https://user:@host/"), ("://:x@h", "://:x@h"), ("a://", "a://"),
        ("a://b://c:d@e", "a://b://c:#@e"),
    ])
    func `passwords in URLs`(text: String, expected: String) throws {
        #expect(try redacted(text, "'url_password'") == expected)
    }

    @Test(arguments: [
        ("bob@example.com", "#"), ("<bob.b-c+d%e_f@mail.example.co.uk>,", "<#>,"), ("email=bob@example.com.", "email=#."),
        ("?m=bob%40example.com&x", "?m=#&x"), ("jörg@exämple.de", "#"), ("a@xn--bcher-kva.xn--p1ai", "#"),
        ("bob@localhost", "bob@localhost"), ("@example.com", "@example.com"), ("bob@", "bob@"), ("bob@example.c", "bob@example.c"),
        ("bob@example.com.5", "#.5"), ("a@b@c.de", "a@#"), ("x@10.0.0.1", "x@10.0.0.1"), ("bob@-a.com", "bob@-a.com"),
        ("...bob@a.de", "...#"), ("a@b.de c@d.fr", "# #"),
    ])
    func `e-mail addresses`(text: String, expected: String) throws {
        #expect(try redacted(text, "'email'") == expected)
    }

    @Test(arguments: [
        ("10.0.0.1", "#"), ("from 192.168.1.255:80, 8.8.8.8", "from #:80, #"), ("ip-1.2.3.4-x", "ip-#-x"), ("1.2.3.4.", "#."),
        ("1.2.3.4.5", "1.2.3.4.5"), ("v1.2.3.4", "v1.2.3.4"), ("1.2.3.256", "1.2.3.256"), ("1.2.3", "1.2.3"),
        ("1.2.3.4a", "1.2.3.4a"), ("1234.1.1.1", "1234.1.1.1"), ("1.2.3.", "1.2.3."), ("0.0.0.0/0", "#/0"),
    ])
    func `IPv4 addresses`(text: String, expected: String) throws {
        #expect(try redacted(text, "'ipv4'") == expected)
    }

    @Test(arguments: [
        ("2001:db8::1", "#"), ("[::1]:80", "[#]:80"), ("1:2:3:4:5:6:7:8", "#"), ("fe80::1%eth0/64", "#%eth0/64"),
        ("::ffff:1.2.3.4", "#"), ("2001:DB8:0:0::", "#"), ("at 2001:db8::1: refused", "at #: refused"), ("is ::1.", "is #."),
        ("12:34:56", "12:34:56"), ("aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff"), ("::", "::"), ("std::string", "std::string"),
        ("1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"), ("1::2::3", "1::2::3"), ("12345::1", "12345::1"), (":::1", ":::1"),
        ("::1.2.3.256", "::1.2.3.256"), ("a: b:c", "a: b:c"), (":", ":"), ("1:2:3:4:5:6:1.2.3.4", "#"),
    ])
    func `IPv6 addresses`(text: String, expected: String) throws {
        #expect(try redacted(text, "'ipv6'") == expected)
    }

    @Test(arguments: [
        ("4111111111111111", "#"), ("card 4111 1111 1111 1111 exp 12", "card # exp 12"), ("3782-822463-10005", "#"),
        ("5555-5555-5555-4444,6011000990139424", "#,#"), ("12 4111 1111 1111 1111", "12 #"), ("6759649826438453", "#"),
        ("30569309025904", "#"), ("4111111111111112", "4111111111111112"), ("1700000000000000000", "1700000000000000000"),
        ("4111 1111-1111 1111", "4111 1111-1111 1111"), ("a4111111111111111", "a4111111111111111"),
        ("4111111111111111f", "4111111111111111f"), ("0.4111111111111111", "0.4111111111111111"),
        ("41111111111111110", "41111111111111110"), ("4111 1111 1111 1111 1", "# 1"), ("", ""),
    ])
    func `card numbers`(text: String, expected: String) throws {
        #expect(try redacted(text, "'credit_card'") == expected)
    }

    @Test func `of random numbers those with the right check digit are cards, and with another none`() throws {
        let step = try Transforming("{ redact: { patterns: ['credit_card'], with: '#' } }", format: "text")
        var random = SeededNumbers(state: 7)
        for _ in 0..<500 {
            let (prefix, count) = random.pick([("4", 16), ("51", 16), ("37", 15), ("36", 14), ("6011", 16), ("3530", 16)])
            var digits = prefix.compactMap(\.wholeNumberValue)
            while digits.count < count - 1 { digits.append(Int.random(in: 0...9, using: &random)) }
            // Of the definition: with the check digit, the sum is a multiple of ten.
            let sum = digits.reversed().enumerated().reduce(0) { sum, place in
                let doubled = place.element * 2
                return sum + (place.offset.isMultiple(of: 2) ? (doubled > 9 ? doubled - 9 : doubled) : place.element)
            }
            let check = (10 - sum % 10) % 10
            let wrong = (check + Int.random(in: 1...9, using: &random)) % 10
            let text = digits.map(String.init).joined()
            #expect(step.take("\(text)\(check)").line == "#")
            #expect(step.take("\(text)\(wrong)").line == "\(text)\(wrong)")
        }
    }

    @Test func `own expressions, and what overlaps`() throws {
        #expect(try redacted("id E-123456, E-1", "{ name: 'employee', regex: 'E-[0-9]{6}' }") == "id #, E-1")
        #expect(try redacted("x a:pw@host.com y", "'email', { name: 'all', regex: 'a:[a-z]+' }") == "x # y")
        #expect(try redacted("http://u:pw@host.com/", "'url_password', 'email'") == "http://u:#/")
        #expect(try redacted("aXbXc", "{ name: 'x', regex: 'X*' }") == "a#b#c")
        #expect(try redacted("password=abc&x", "{ name: 'p', regex: '(?i)PASSWORD=(?P<value>[^&]*)' }") == "password=#&x")
        #expect(try redacted("secret", "{ name: 'literal', regex: 'cre' }") == "se#t")
    }

    @Test func `nothing that is no text hurts`() throws {
        let step = try Transforming(
            "{ redact: { patterns: ['bearer', 'url_password', 'email', 'ipv4', 'ipv6', 'credit_card'], with: '#' } }", format: "text")
        let pieces = ["@", ".", ":", "::", "1", "4111", " ", "-", "bearer ", "://", "a", "%40", "é", "\u{0}", "x.de", "1.2.3", "f"].map {
            Array($0.utf8)
        }
        var random = SeededNumbers(state: 3)
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...20, using: &random) { bytes += random.pick(pieces) }
            if Bool.random(using: &random) { bytes.append(UInt8.random(in: 0x80...0xff, using: &random)) }
            _ = step.take(bytes)
        }
    }
}

/// A small generator with a seed, so that a failure can be seen again.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return KeyHash.mixed(state)
    }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[Int.random(in: list.indices, using: &self)] }
}
