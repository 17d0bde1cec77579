/// What rotation tools make of a file's name.
enum RotatedName {
    private static let compressedSuffixes = [".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip"]

    static func compressedSuffix(of path: String) -> String? {
        compressedSuffixes.first { path.hasSuffix($0) }
    }

    /// Whether `name` is what a rotation makes of `original`: `app.log.1`, `app.log-20260102`, `app.log.2026-01-02T03`, `app-20260102.log`.
    static func isRotation(_ name: String, of original: String) -> Bool {
        guard name.utf8.count > original.utf8.count, compressedSuffix(of: name) == nil, !name.hasSuffix(".tmp") else { return false }
        if name.hasPrefix(original) { return isRotationMark(name.dropFirst(original.count)) }
        // The mark before the extension.
        guard let dot = original.lastIndex(of: "."), dot != original.startIndex else { return false }
        let (stem, suffix) = (original[..<dot], original[dot...])
        guard name.hasPrefix(stem), name.hasSuffix(suffix) else { return false }
        return isRotationMark(name.dropFirst(stem.count).dropLast(suffix.count))
    }

    private static func isRotationMark(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first == UInt8(ascii: ".") || first == UInt8(ascii: "-") || first == UInt8(ascii: "_") else {
            return false
        }
        return text.utf8.contains { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") } || text == ".old" || text == ".prev"
    }

    /// What compression makes of a name, where we can read the result.
    static let readableSuffix = ".gz"

    /// Every name of which `name` may be a rotation, or what compressing one makes.
    static func possibleOriginals(of name: String) -> [String] {
        if name.hasSuffix(readableSuffix) {
            let uncompressed = String(name.dropLast(readableSuffix.count))
            return uncompressed.isEmpty ? [] : [uncompressed] + possibleOriginals(of: uncompressed)
        }
        var originals: [String] = []
        for index in name.indices.dropFirst() where name[index] == "." || name[index] == "-" || name[index] == "_" {
            let prefix = String(name[..<index])
            if isRotation(name, of: prefix) { originals.append(prefix) }
            if let dot = name.lastIndex(of: "."), dot > index {
                let around = prefix + name[dot...]
                if isRotation(name, of: around) { originals.append(around) }
            }
        }
        return originals
    }
}
