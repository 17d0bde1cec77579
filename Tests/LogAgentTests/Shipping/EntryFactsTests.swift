import Testing

@testable import LogAgent

struct EntryFactsTests {
    private func facts(_ entry: String) -> EntryFacts? {
        Array(entry.utf8).withUnsafeBytes { EntryFacts($0) }
    }

    @Test(
        arguments: [
            (#"["1700000000000000001","plain"]"#, 1_700_000_000_000_000_001, 5, 0, 0),
            (#"["0",""]"#, 0, 0, 0, 0),
            (#"["5","a\"b\\c\n\u0000é"]"#, 5, 9, 0, 0),
            (#"["5","\u00e9\u20ac\ud83d\ude00"]"#, 5, 2 + 3 + 4, 0, 0),
            (#"["5","x",{"a":"bc","de":"f\"g"}]"#, 5, 1, 2, 1 + 2 + 2 + 3),
            (#"["5","]\"],{",{"k":"}"}]"#, 5, 5, 1, 2),
            (#"["5","x",{}]"#, 5, 1, 0, 0),
        ] as [(String, UInt64, Int, Int, Int)])
    func `an entry is read back`(entry: String, timestamp: UInt64, line: Int, count: Int, bytes: Int) {
        #expect(
            facts(entry) == EntryFacts(timestampNanoseconds: timestamp, lineBytes: line, metadataCount: count, metadataBytes: bytes))
    }

    @Test(arguments: ["", "[", #"["x","y"]"#, #"[5,"y"]"#, #"["5"]"#, #"["5","y"#, #"["5","y""#, #"["5","y\"]"#, #"["5",y]"#])
    func `what is no entry is not taken for one`(entry: String) {
        #expect(facts(entry) == nil)
    }

    @Test func `an answer cut or mangled anywhere decides nothing it does not say`() {
        let entries = (0..<4).map { EntryFacts(timestampNanoseconds: UInt64($0) * 1_000_000_000 + 5_000_000_000, lineBytes: 10 * $0) }
        let answers = [
            "entry with timestamp 1970-01-01 00:00:06 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 1970-01-01T00:00:06Z, oldest acceptable timestamp is: 1970-01-01T02:00:07+02:00',\nuser 'fake', total ignored: 1 out of 4 for stream: {a=\"b\"}",
            "1 errors like: Max entry size '15' bytes exceeded for stream '{a=\"b\"}' while adding an entry with length '20' bytes; 1 errors like: entry for stream '{a=\"b\"}' has timestamp too new: 1970-01-01T00:00:08Z",
        ]
        for answer in answers {
            guard case .decided(let refused, []) = LokiRefusal(text: answer, entries: entries) else {
                Issue.record("not understood: \(answer)")
                continue
            }
            #expect(refused.map(\.position) == (answer.hasPrefix("entry") ? [1] : [2, 3]))
            let bytes = Array(answer.utf8)
            for position in bytes.indices {
                let cut = String(decoding: bytes[..<position], as: UTF8.self)
                var mangled = bytes
                mangled[position] = UInt8(ascii: "9")
                let grown = cut + String(repeating: "9", count: 17) + String(decoding: bytes[position...], as: UTF8.self)
                for text in [cut, String(decoding: mangled, as: UTF8.self), grown] {
                    guard case .decided(let refused, _) = LokiRefusal(text: text, entries: entries) else { continue }
                    #expect(refused.allSatisfy { entries.indices.contains($0.position) })
                    #expect(Set(refused.map(\.position)).count == refused.count)
                }
            }
        }
    }
}
