/// Finds what a person probably meant.
package enum Suggestion {
    /// The candidate that takes the fewest edits to reach; nil where none is near. The first of several equals wins.
    package static func nearest(to text: String, among candidates: [String]) -> String? {
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let distance = editDistance(Array(text.lowercased().unicodeScalars.prefix(64)), Array(candidate.lowercased().unicodeScalars))
            let limit = max(1, min(text.count, candidate.count) / 3 + 1)
            if distance <= limit && distance < candidate.count && distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.candidate
    }

    /// Insertions, deletions, replacements and swaps of neighbours that make `left` into `right` (optimal string alignment).
    static func editDistance<Element: Equatable>(_ left: [Element], _ right: [Element]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var distance = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    distance = min(distance, beforeLast[column - 1] + 1)
                }
                current.append(distance)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
