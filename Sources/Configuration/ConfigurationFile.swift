import FoundationEssentials
import SystemIO

/// One configuration file, parsed: JSON5 with or without the outermost braces.
package final class ConfigurationFile: Sendable {
    /// How messages call it: the path as it was given.
    package let name: String
    /// What relative paths in it are relative to; without a slash at its end.
    package let directory: String
    let text: ConfigurationText
    private let places: [ConfigurationPath: ConfigurationLocator.Place]
    private let value: ConfigurationValue

    /// No sensible configuration is larger.
    package static let maximumBytes = 4 << 20

    /// Reads and parses the file at `path`. Gives nil, and tells `problems` why, where that fails.
    package static func read(_ path: String, problems: ConfigurationProblems) -> ConfigurationFile? {
        do throws(SmallFileError) {
            return try ConfigurationFile(path: path, problems: problems)
        } catch {
            problems.add(ConfigurationProblem(.error, file: path, message: "Cannot read the configuration: \(error)."))
            return nil
        }
    }

    /// The same for a file that another one names: the caller tells where, if it cannot be read.
    package convenience init?(path: String, problems: ConfigurationProblems) throws(SmallFileError) {
        let bytes = try SmallFile.read(path, maximumBytes: Self.maximumBytes)
        self.init(bytes, name: path, directory: Self.directory(of: path), problems: problems)
    }

    /// Parses a text that is at hand. Gives nil, and tells `problems` why, where it is no JSON5.
    package convenience init?(_ text: String, name: String, directory: String = ".", problems: ConfigurationProblems) {
        self.init(Array(text.utf8), name: name, directory: directory, problems: problems)
    }

    package init?(_ bytes: [UInt8], name: String, directory: String, problems: ConfigurationProblems) {
        let text = ConfigurationText(bytes)
        func refuse(_ message: String, at offset: Int?, length: Int = 1) {
            problems.add(
                ConfigurationProblem(
                    .error, file: name, position: offset.map { text.position(of: $0) }, message: message,
                    line: offset.map { text.line(around: $0) }, length: length))
        }

        if let offset = Self.firstInvalidByte(of: bytes) {
            refuse("The file is not UTF-8 text.", at: offset)
            return nil
        }
        var locator = ConfigurationLocator(bytes)
        do throws(ConfigurationLocator.SyntaxError) {
            try locator.locate()
        } catch {
            refuse(error.message, at: error.offset)
            return nil
        }
        for duplicate in locator.duplicates {
            let first = text.position(of: duplicate.first.lowerBound)
            refuse(
                "`\(duplicate.path)` is there twice, first in line \(first.line); keep one.", at: duplicate.second.lowerBound,
                length: text.shownLength(of: duplicate.second))
        }
        do {
            let decoder = JSONDecoder()
            decoder.allowsJSON5 = true
            decoder.assumesTopLevelDictionary = true
            // The newline keeps the decoder from reading past the end of a number that ends the text (it trapped there).
            var input = bytes + [UInt8(ascii: "\n")]
            for continuation in locator.continuations.reversed() { input.removeSubrange(continuation) }
            value = try decoder.decode(ConfigurationValue.self, from: Data(input))
        } catch {
            let path = Self.path(of: error)
            refuse(
                path.steps.isEmpty ? "The file is not valid JSON5." : "`\(path)` is not a value that can be read.",
                at: locator.places[path]?.value.lowerBound)
            return nil
        }
        self.name = name
        self.directory = directory
        self.text = text
        places = locator.places
    }

    /// What stands in it, for comparing with another reading of it.
    package var content: ConfigurationDifference.Content { (name, value) }

    /// The way to read it.
    package func root(environment: @escaping (String) -> String?, problems: ConfigurationProblems) -> ConfigurationNode {
        ConfigurationNode(value: value, path: .root, file: self, environment: environment, problems: problems)
    }

    /// `path` itself where it is absolute, otherwise inside ``directory``.
    package func resolve(_ path: String) -> String {
        path.hasPrefix("/") || directory == "." ? path : directory == "/" ? "/" + path : directory + "/" + path
    }

    func place(of path: ConfigurationPath) -> ConfigurationLocator.Place? { places[path] }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func firstInvalidByte(of bytes: [UInt8]) -> Int? {
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        // The longest valid prefix ends where the first replacement character starts.
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        return min(offset, max(0, bytes.count - 1))
    }

    private static func path(of error: any Error) -> ConfigurationPath {
        let codingPath: [any CodingKey] =
            switch error as? DecodingError {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath
            default: []
            }
        return ConfigurationPath(codingPath.map { key in key.intValue.map { .index($0) } ?? .key(key.stringValue) })
    }
}
