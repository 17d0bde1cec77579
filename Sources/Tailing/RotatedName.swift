/// What rotation tools make of a file's name.
///
/// Names are looked at byte by byte: all that is looked for is ASCII, and characters would cost a look at Unicode's tables for each.
enum RotatedName {
    private static let compressedSuffixes = [".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip"]

    static func compressedSuffix(of path: String) -> String? {
        compressedSuffixes.first { path.hasSuffix($0) }
    }

    /// Whether `name` is what a rotation makes of `original`: `app.log.1`, `app.log-20260102`, `app.log.2026-01-02T03`, `app-20260102.log`.
    static func isRotation(_ name: String, of original: String) -> Bool {
        mayBeRotation(name) && isMarked(name, original[...])
    }

    private static func mayBeRotation(_ name: String) -> Bool { compressedSuffix(of: name) == nil && !name.hasSuffix(".tmp") }

    private static func isMarked(_ name: String, _ original: Substring) -> Bool {
        let (bytes, of) = (name.utf8, original.utf8)
        guard bytes.count > of.count else { return false }
        if bytes.starts(with: of) { return isRotationMark(Substring(bytes.dropFirst(of.count))) }
        // The mark before the extension.
        guard let dot = of.lastIndex(of: UInt8(ascii: ".")), dot != of.startIndex else { return false }
        let (stem, suffix) = (of[..<dot], of[dot...])
        let marked = bytes.dropFirst(stem.count).dropLast(suffix.count)
        guard bytes.starts(with: stem), bytes[marked.endIndex...].elementsEqual(suffix) else { return false }
        return isRotationMark(Substring(marked))
    }

    private static func beginsMark(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isRotationMark(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, beginsMark(first) else { return false }
        return text.utf8.contains { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") } || text == ".old" || text == ".prev"
    }

    /// What compression makes of a name, where we can read the result.
    static let readableSuffix = ".gz"

    /// Every name of which `name` may be a rotation, or what compressing one makes.
    static func possibleOriginals(of name: String) -> [String] {
        if name.hasSuffix(readableSuffix) {
            let uncompressed = String(Substring(name.utf8.dropLast(readableSuffix.utf8.count)))
            return uncompressed.isEmpty ? [] : [uncompressed] + possibleOriginals(of: uncompressed)
        }
        guard mayBeRotation(name) else { return [] }
        let bytes = name.utf8
        let dot = bytes.lastIndex(of: UInt8(ascii: "."))
        var originals: [String] = []
        for index in bytes.indices.dropFirst() where beginsMark(bytes[index]) {
            let prefix = name[..<index]
            if isMarked(name, prefix) { originals.append(String(prefix)) }
            if let dot, dot > index {
                let around = prefix + name[dot...]
                if isMarked(name, around[...]) { originals.append(String(around)) }
            }
        }
        return originals
    }
}
