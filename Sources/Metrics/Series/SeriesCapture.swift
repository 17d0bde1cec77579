/// The values of a ``SeriesTable`` at one moment. Keep it and fill it again: it then allocates nothing.
package struct SeriesCapture: Sendable {
    var families: [CapturedFamily] = []

    package init() {}

    package var seriesCount: Int { families.reduce(0) { $0 + $1.seriesCount } }
}

/// One family in a capture. The arrays are laid out as in ``MetricFamily``.
struct CapturedFamily: Sendable {
    var shape: FamilyShape
    var cells: [UInt64] = []
    var texts: [SeriesText] = []
    var created: [UInt64] = []
    var updated: [UInt64] = []
    var exemplars: [Exemplar] = []
    /// Keeps alive what `texts` points to.
    var chunks: [TextChunk] = []
    var overflowedUpdates: UInt64 = 0

    init(_ shape: FamilyShape) { self.shape = shape }

    var seriesCount: Int { texts.count { $0.base != nil } }
}

extension MetricFamily {
    func copy(into captured: inout CapturedFamily) {
        captured.shape = shape
        cells.copy(into: &captured.cells)
        texts.copy(into: &captured.texts)
        created.copy(into: &captured.created)
        updated.copy(into: &captured.updated)
        exemplars.copy(into: &captured.exemplars)
        captured.chunks = arena.chunks
        captured.overflowedUpdates = overflowedUpdates
    }
}
