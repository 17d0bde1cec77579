/// What a transcriber wrote.
enum TranscriptText {
    /// Parts between white space that hold a letter or a digit.
    static func wordCount(_ text: [UInt8]) -> Int {
        String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .count { $0.contains { $0.isLetter || $0.isNumber } }
    }
}
