import Testing

@testable import TranscodeService

@Suite struct TranscriptTextTests {
    @Test(arguments: [
        ("", 0), (" \n\t", 0), ("one", 1), ("  And so,\nmy fellow — Americans: ask not… ", 7), ("[00:00.000 --> 00:02.000]  Hi", 3),
        ("größer\u{3000}als\u{a0}42", 3), ("- -- …", 0),
    ])
    func `counts words`(text: String, words: Int) {
        #expect(TranscriptText.wordCount(Array(text.utf8)) == words)
    }

    @Test func `takes bytes that are no text`() {
        #expect(TranscriptText.wordCount([0xff, 0x20, 0x61, 0xfe, 0x20, 0xc3]) == 1)
    }
}
