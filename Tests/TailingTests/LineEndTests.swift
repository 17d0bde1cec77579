import Foundation
import Tailing
import TestSupport
import Testing

/// What is a line, from the file on.
struct LineEndTests {
    static let contents: [(String, [String])] = [
        ("one\n\n\n\n\n\n", ["one", "", "", "", "", ""]),
        ("\n\none\n\ntwo\n", ["", "", "one", "", "two"]),
        ("line 1\r\nline \r2\n", ["line 1", "line \r2"]),
        ("a\r\nb\r\nc\r\nd\r\n", ["a", "b", "c", "d"]),
        ("a\r\n\nb\n", ["a", "", "b"]),
        (String(repeating: "x", count: 9000) + "\n", [String(repeating: "x", count: 9000)]),
    ]

    @Test(arguments: contents)
    func `every line is there once, empty ones too`(content: String, wanted: [String]) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append(content, to: path)
            let driver = TailDriver([path], maximumLineBytes: 10_000)
            driver.lookAtEverything()
            #expect(driver.lines(of: path) == wanted)
        }
    }

    @Test func `a line that comes byte by byte is one line`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let driver = TailDriver([path])
            for text in ["a", "b", "\n"] {
                try append(text, to: path)
                driver.lookAtEverything()
            }
            #expect(driver.lines(of: path) == ["ab"])
        }
    }

    @Test func `a cursor stands behind the last whole line`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append("hello\nwo", to: path)
            let driver = TailDriver([path])
            #expect(driver.tails.files.values.map(\.counted.offset) == [6])
            try append("rld\n", to: path)
            driver.lookAtEverything()
            #expect(driver.tails.files.values.map(\.counted.offset) == [12])
            #expect(driver.lines(of: path) == ["hello", "world"])
        }
    }

    @Test func `an over-long line is cut, and the file stays watched`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append("short\n\(String(repeating: "x", count: 32 << 10))\nlast\n", to: path)
            let driver = TailDriver([path], maximumLineBytes: 1024)
            try append("later\n", to: path)
            driver.lookAtEverything()
            #expect(driver.lines(of: path) == ["short", String(repeating: "x", count: 1024) + "…", "last", "later"])
        }
    }
}
