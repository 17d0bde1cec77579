import Configuration
import Tailing

extension FileReadingSettings {
    private static let ages: ClosedRange<UInt64> = 1_000_000_000...3_153_600_000_000_000_000

    /// Those of a source that is no file, of which captured segments are read: it has nothing but its lines.
    init(readingCaptured object: ConfigurationObject) {
        if let node = object["encoding"], let encoding = node.textEncoding() {
            if encoding.unit == .byte {
                self.encoding = encoding
            } else {
                node.refuse("use an encoding whose line ends are single bytes; of files alone others can be read")
            }
        }
        if let node = object["empty_lines"], let emptyLines: EmptyLines = node.choice() { self.emptyLines = emptyLines }
    }

    /// The keys of a source that are about files.
    init(reading object: ConfigurationObject) {
        if let node = object["encoding"], let encoding = node.textEncoding() { self.encoding = encoding }
        if let node = object["empty_lines"], let emptyLines: EmptyLines = node.choice() { self.emptyLines = emptyLines }
        if let node = object["long_lines"], let longLines: LongLines = node.choice() { self.longLines = longLines }
        if let node = object["read_order"], let order: Order = node.choice() { self.order = order }
        ignoredAgeNanoseconds = object["ignore_older"]?.duration(in: Self.ages)
        removeAfterNanoseconds = object["remove_after"]?.duration(in: Self.ages)
        linkTargets = object["link_targets"]?.globs(allowingNames: false) ?? []
        if let node = object["remove_after"], removeAfterNanoseconds != nil {
            node.warn("`\(node.path)` deletes files of `include` once they are delivered and have rested.")
        }
    }
}

extension SpillSettings {
    init(reading object: ConfigurationObject) {
        if let node = object["max_bytes"], let bytes = node.size(in: 0...1 << 50) { maximumBytes = bytes }
        if let node = object["max_held_files"], let count = node.integer(in: 0...100_000) { maximumHeldFiles = count }
    }
}

extension ConfigurationNode {
    /// A name that `iconv(3)` knows, of an encoding in which lines can be found.
    func textEncoding() -> TextEncoding? {
        guard let name = string() else { return nil }
        let isPlain = name.utf8.allSatisfy { Self.isLetterOrDigit($0) || "_-.:+".utf8.contains($0) }
        guard isPlain, (1...40).contains(name.utf8.count) else {
            refuse(found: name, "use the name of an encoding, as in \"utf-16le\", \"latin1\" or \"shift_jis\"")
            return nil
        }
        do throws(TextEncoding.Problem) {
            return try TextEncoding(named: name)
        } catch {
            switch error {
            case .unknown:
                refuse(
                    found: name, "use an encoding that the C library knows (`iconv -l` lists them)",
                    hint: "Where it is missing from a small container image, install the C library's gconv modules.")
            case .unusualNewline: refuse(found: name, "use an encoding whose line ends are those of ASCII")
            }
            return nil
        }
    }
}
