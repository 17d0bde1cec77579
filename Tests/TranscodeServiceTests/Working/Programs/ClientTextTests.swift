import Testing

@testable import TranscodeService

@Suite struct ClientTextTests {
    private let text = ClientText(names: [("/srv/data/uploads/1/input", "input"), ("/srv/data/", "")])

    @Test(arguments: [
        ("moov atom not found\n", "moov atom not found"),
        (
            "[mov,mp4,m4a @ 0x55d0c0ffee00] moov atom not found\nfile:/srv/data/uploads/1/input: Invalid data\n",
            "[mov,mp4,m4a] moov atom not found; file:input: Invalid data"
        ),
        ("can't open /srv/data/outputs/1/2/360p.mp4", "can't open outputs/1/2/360p.mp4"),
        ("import of '/usr/lib/python3/x.py': failed", "import of 'x.py': failed"),
        ("(/opt/model)", "(model)"),
        ("aspect 16/9, see https://example.org/a/b", "aspect 16/9, see https://example.org/a/b"),
        ("\u{1b}[31mred\u{1b}[0m\u{7}\u{202e}\r\n\n  two   words ", "[31mred[0m; two words"),
        ("", ""),
    ])
    func `shows what a client may see`(raw: String, cleaned: String) {
        #expect(text.cleaned(raw) == cleaned)
    }

    @Test func `keeps the end of a long text`() {
        let cleaned = text.cleaned(String(repeating: "x ", count: 5000) + "the end")
        #expect(cleaned.count == ClientText.maximumCharacters)
        #expect(cleaned.hasPrefix("…") && cleaned.hasSuffix("x the end"))
    }

    @Test func `never shows a control character or the data directory`() {
        var generator = SystemRandomNumberGenerator()
        let parts = [
            "/srv/data/", "/srv/data/uploads/1/input", "\u{0}", "\n", "\u{1b}[", "é", " ", ":", "/", "@ 0x12", "word", "\u{85}", "'",
        ]
        for _ in 0..<2000 {
            let raw = (0..<Int.random(in: 0...12, using: &generator)).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
            let cleaned = text.cleaned(raw)
            #expect(!cleaned.contains("/srv/data/"), "\(raw.debugDescription)")
            #expect(cleaned.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "\(raw.debugDescription)")
        }
    }
}
