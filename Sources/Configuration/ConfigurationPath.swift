/// Where a value stands in its file: `sources[0].labels.job`.
package struct ConfigurationPath: Hashable, Sendable, CustomStringConvertible {
    package enum Step: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    package private(set) var steps: [Step]

    package init(_ steps: [Step] = []) { self.steps = steps }

    package static let root = ConfigurationPath()

    package func appending(_ key: String) -> ConfigurationPath { ConfigurationPath(steps + [.key(key)]) }

    package func appending(_ index: Int) -> ConfigurationPath { ConfigurationPath(steps + [.index(index)]) }

    /// Empty for the root.
    package var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key) where Self.isPlain(key): text += text.isEmpty ? key : "." + key
            case .key(let key): text += "[" + ConfigurationValue.quoted(key) + "]"
            }
        }
        return text
    }

    /// Letters, digits, `_`, `-` and `$` read well without quotes.
    private static func isPlain(_ key: String) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "$"):
                    true
                default: false
                }
            }
    }
}
