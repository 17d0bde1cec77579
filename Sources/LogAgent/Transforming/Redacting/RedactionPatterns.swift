import Glibc
import JSONScanning

/// A stretch of a text that one pattern found.
struct PatternMatch: Equatable {
    var range: Range<Int>
    /// The pattern's position in the step.
    var pattern: Int
}

/// The patterns of one `redact` step. What they find in one text comes in its order; what overlaps becomes one match, of the pattern
/// whose match begins first.
final class RedactionPatterns {
    private enum Search {
        case bearer
        case urlPassword
        case email
        case ipv4
        case ipv6
        case creditCard
        case own(OwnPattern)
    }

    private let searches: [Search]
    /// What was found in the last text.
    private(set) var matches: [PatternMatch] = []

    init(_ patterns: [RedactionPattern]) {
        var searches: [Search] = []
        for pattern in patterns {
            switch pattern {
            case .bearer: searches.append(.bearer)
            case .urlPassword: searches.append(.urlPassword)
            case .email: searches.append(.email)
            case .ipv4: searches.append(.ipv4)
            case .ipv6: searches.append(.ipv6)
            case .creditCard: searches.append(.creditCard)
            case .own(_, let regex): searches.append(.own(OwnPattern(regex)))
            }
        }
        self.searches = searches
    }

    var isEmpty: Bool { searches.isEmpty }

    /// Fills ``matches``; true if there are any.
    func find(in text: UnsafeRawBufferPointer) -> Bool {
        matches.removeAll(keepingCapacity: true)
        var isSorted = true
        for (position, search) in searches.enumerated() {
            let before = matches.count
            Self.find(search, in: text) { range in matches.append(PatternMatch(range: range, pattern: position)) }
            if before > 0 && matches.count > before { isSorted = false }
            // Groups can stand within each other.
            if case .own = search, matches.count > before + 1 { isSorted = false }
        }
        if !isSorted { sortAndMerge() }
        return !matches.isEmpty
    }

    /// Whether a line of JSON without escapes can hold a match in one of its strings or numbers. No built-in pattern reaches over a
    /// quote, so that what one finds in the line is what it finds in the parts.
    func mayFind(in line: UnsafeRawBufferPointer) -> Bool {
        for search in searches {
            if case .own(let pattern) = search {
                if pattern.mayMatch(line) { return true }
                continue
            }
            var isThere = false
            Self.find(search, in: line) { _ in isThere = true }
            if isThere { return true }
        }
        return false
    }

    private static func find(_ search: Search, in text: UnsafeRawBufferPointer, _ found: (Range<Int>) -> Void) {
        switch search {
        case .bearer: BearerTokens.find(in: text, found)
        case .urlPassword: URLPasswords.find(in: text, found)
        case .email: EmailAddresses.find(in: text, found)
        case .ipv4: IPv4Addresses.find(in: text, found)
        case .ipv6: IPv6Addresses.find(in: text, found)
        case .creditCard: CardNumbers.find(in: text, found)
        case .own(let pattern): pattern.find(in: text, found)
        }
    }

    private func sortAndMerge() {
        matches.sort { ($0.range.lowerBound, $0.pattern) < ($1.range.lowerBound, $1.pattern) }
        var kept = 0
        for index in 1..<matches.count {
            let match = matches[index]
            if match.range.lowerBound < matches[kept].range.upperBound {
                let end = max(matches[kept].range.upperBound, match.range.upperBound)
                matches[kept].range = matches[kept].range.lowerBound..<end
            } else {
                kept += 1
                matches[kept] = match
            }
        }
        matches.removeSubrange((kept + 1)...)
    }
}
