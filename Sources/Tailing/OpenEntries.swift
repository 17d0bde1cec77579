/// Entries of several lines that a cursor stands inside of: begun before it, perhaps to go on behind it. At most one of each writer
/// whose lines are in the file.
///
/// Lines before the cursor that are part of an open entry were read, but nothing was made of them yet; to go on from the cursor is to
/// read them again.
package struct OpenEntries: Equatable, Sendable {
    /// Of each writer: how many bytes before the cursor its entry begins; 0: it has none.
    package var distances: SIMD4<UInt32>
    /// What the open entries have had so far: lines, and the bytes these take in the file.
    package var lines: UInt32
    package var bytes: UInt32

    package static let none = OpenEntries(distances: .zero, lines: 0, bytes: 0)

    package init(distances: SIMD4<UInt32>, lines: UInt32, bytes: UInt32) {
        self.distances = distances
        self.lines = lines
        self.bytes = bytes
    }

    package var isEmpty: Bool { self == .none }

    /// How many bytes before the cursor the oldest of them begins.
    package var reach: Int { Int(distances.max()) }
}
