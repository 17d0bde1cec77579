import Tailing
import Testing

@testable import LogAgent

/// How files are found and read.
@Suite struct `Settings of files` {
    private func source(_ more: String) -> String { #"sources: [{ name: "a", include: "/a", "# + more + " }]" }

    @Test func `have defaults`() throws {
        let settings = try load(source("")).settings
        #expect(settings.sources.first?.files == FileReadingSettings())
        #expect(settings.spill == SpillSettings(maximumBytes: 1 << 30, maximumHeldFiles: 64))
    }

    @Test func `are taken as they are written`() throws {
        let settings = try load(
            """
            spill: { max_bytes: "10MiB", max_held_files: 3 },
            sources: [{ name: "a", include: "/a", encoding: "UTF-16", empty_lines: "skip", long_lines: "drop", read_order: "oldest_first",
              ignore_older: "2d", remove_after: "1h", link_targets: ["/var/log/pods/**"] }]
            """
        ).settings
        #expect(settings.spill == SpillSettings(maximumBytes: 10 << 20, maximumHeldFiles: 3))
        #expect(
            settings.sources.first?.files
                == FileReadingSettings(
                    encoding: try TextEncoding(named: "utf-16le"), emptyLines: .skip, longLines: .drop,
                    ignoredAgeNanoseconds: 172_800_000_000_000, order: .oldestFirst, removeAfterNanoseconds: 3_600_000_000_000,
                    linkTargets: ["/var/log/pods/**"]))
    }

    static let problems: [(String, String)] = [
        (
            #"encoding: "utf-61""#,
            #"f:1:49: error: `sources[0].encoding` is "utf-61"; use an encoding that the C library knows (`iconv -l` lists them). | Where it is missing from a small container image, install the C library's gconv modules."#
        ),
        (
            #"encoding: "EBCDIC-US""#,
            #"f:1:49: error: `sources[0].encoding` is "EBCDIC-US"; use an encoding whose line ends are those of ASCII."#
        ),
        (
            #"encoding: "../x""#,
            #"f:1:49: error: `sources[0].encoding` is "../x"; use the name of an encoding, as in "utf-16le", "latin1" or "shift_jis"."#
        ),
        (#"empty_lines: "drop""#, #"f:1:52: error: `sources[0].empty_lines` is "drop"; use one of "keep" or "skip"."#),
        (#"long_lines: "cut""#, #"f:1:51: error: `sources[0].long_lines` is "cut"; use one of "truncate" or "drop"."#),
        (#"read_order: "oldest""#, #"f:1:51: error: `sources[0].read_order` is "oldest"; use one of "fair" or "oldest_first"."#),
        (
            #"link_targets: ["pods/*"]"#,
            #"f:1:54: error: `sources[0].link_targets[0]` is "pods/*"; use an absolute path: it starts with `/`."#
        ),
    ]

    @Test(arguments: problems)
    func `are told what is wrong`(setting: String, problem: String) {
        #expect(told(about: source(setting)) == [problem])
    }

    @Test func `warn where files are removed`() {
        #expect(
            told(about: source(#"remove_after: "1h""#)) == [
                "f:1:53: warning: `sources[0].remove_after` deletes files of `include` once they are delivered and have rested."
            ])
    }

    @Test func `a required key that is misspelt is told once`() {
        #expect(
            told(about: #"sources: [{ nmae: "a", inclde: "/a" }]"#) == [
                "f:1:13: error: `sources[0].nmae` is not a known key. | Did you mean `name`, which is required?",
                "f:1:24: error: `sources[0].inclde` is not a known key. | Did you mean `include`, which is required?",
            ])
        // Of two that may be meant only one stands for it; what is missing otherwise is told as before.
        #expect(
            told(about: #"sources: [{ includ: "/a", includes: "/b" }]"#).filter { !$0.contains("Known here") } == [
                "f:1:11: error: `sources[0]` has no `name`; it is required. | For example: name: \"app\"",
                "f:1:13: error: `sources[0].includ` is not a known key. | Did you mean `include`, which is required?",
            ])
        #expect(told(about: #"source: [{ name: "a", include: "/a" }]"#).count == 1)
    }

    @Test func `parts of a container's line wait as long as the source says`() throws {
        func assembling(_ more: String) throws -> AssemblingSettings? {
            try load(#"sources: [{ name: "a", include: "/a", \#(more) }]"#).settings.sources[0].assembling
        }
        #expect(try assembling(#"format: "cri""#)?.timeoutNanoseconds == 5_000_000_000)
        #expect(try assembling(#"format: "cri", partial_timeout: "250ms""#)?.timeoutNanoseconds == 250_000_000)
        #expect(try assembling(#"format: "docker", multiline: { start: "^x", timeout: "9s" }"#)?.timeoutNanoseconds == 9_000_000_000)
        #expect(
            told(about: #"sources: [{ name: "a", include: "/a", partial_timeout: "1s" }]"#) == [
                "f:1:39: error: `sources[0].partial_timeout` does not belong here: it is for the formats `docker` and `cri`; `multiline` has a `timeout` of its own."
            ])
        #expect(
            told(about: #"sources: [{ name: "a", include: "/a", format: "cri", multiline: { start: "^x" }, partial_timeout: "1s" }]"#) == [
                "f:1:82: error: `sources[0].partial_timeout` does not belong here: with `multiline` its `timeout` is that of parts, too."
            ])
    }
}
