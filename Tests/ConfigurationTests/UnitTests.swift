import Testing

@testable import Configuration

@Suite struct `Units` {
    @Test(arguments: [
        ("10s", 10_000_000_000), ("250ms", 250_000_000), ("1m30s", 90_000_000_000), ("24h", 86_400_000_000_000),
        ("7d", 604_800_000_000_000), ("1.5s", 1_500_000_000), ("0", 0), ("0s", 0), ("1us", 1_000), ("1µs", 1_000), ("1ns", 1),
        ("1d2h3m4s5ms6us7ns", 93_784_005_006_007), ("0.5ms", 500_000),
    ])
    func `durations are read`(text: String, nanoseconds: UInt64) {
        #expect(DurationText.parse(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "10", "s", "-1s", "1 s", "1S", "1s1m", "1s1s", "1.s", ".5s", "1e3s", "1.5ns", "99999999999999999999s", "300000000d", "1y", "１s",
        "1s ",
    ])
    func `what is no duration is refused`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("512", 512), ("1B", 1), ("256KiB", 262_144), ("1MiB", 1_048_576), ("10GB", 10_000_000_000), ("1TiB", 1_099_511_627_776),
        ("1.5KiB", 1_536), ("3 MB", 3_000_000), ("1kB", 1_000), ("1KB", 1_000), ("0.5kB", 500),
    ])
    func `sizes are read`(text: String, bytes: UInt64) {
        #expect(SizeText.parse(text) == bytes)
    }

    @Test(arguments: [
        "", "KiB", "-1", "1XB", "1.5", "1.3KiB", "1M", "1mib", "10000000TiB", "1KiB1", "0x10", "99999999999999999999", "1  MB",
    ])
    func `what is no size is refused`(text: String) {
        #expect(SizeText.parse(text) == nil)
    }

    @Test func `what is written is read again`() {
        var generator = SplitMix(state: 7)
        for bits in 1...62 {
            for _ in 0..<50 {
                let value = UInt64.random(in: 0..<(1 << UInt64(bits)), using: &generator)
                #expect(DurationText.parse(DurationText.text(value)) == value)
                #expect(SizeText.parse(SizeText.text(value)) == value)
                let round = (value >> 20) << 20
                #expect(SizeText.parse(SizeText.text(round)) == round)
            }
        }
    }
}

@Suite struct `Suggestions` {
    @Test(arguments: [
        ("formt", "format"), ("fromat", "format"), ("FORMAT", "format"), ("lables", "labels"), ("includes", "include"), ("nmae", "name"),
    ])
    func `name what was probably meant`(text: String, expected: String) {
        #expect(Suggestion.nearest(to: text, among: ["name", "include", "format", "labels"]) == expected)
    }

    @Test(arguments: ["", "xyz", "completely", "z"])
    func `are silent where nothing is near`(text: String) {
        #expect(Suggestion.nearest(to: text, among: ["name", "include", "format", "labels", "a"]) == nil)
    }

    @Test func `count insertions, deletions, replacements and swaps`() {
        for (left, right, distance) in [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3), ("ca", "abc", 3)] {
            #expect(Suggestion.editDistance(Array(left), Array(right)) == distance)
            #expect(Suggestion.editDistance(Array(right), Array(left)) == distance)
        }
    }
}
