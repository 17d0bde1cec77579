/// Takes the values that a collector finds at the time of a scrape.
package struct CollectedSamples {
    private let shape: FamilyShape
    private var seen: Set<[UInt8]> = []
    /// Rendered labels and value, in the order of the calls.
    private(set) var samples: [(labels: [UInt8], value: Double)] = []

    init(_ shape: FamilyShape) { self.shape = shape }

    /// Adds one sample, with a value for each label of the family, in its order. Of samples with the same labels the first stands;
    /// a counter takes no value below zero and none that is not finite.
    package mutating func append(_ value: Double, _ labelValues: String...) {
        precondition(labelValues.count == shape.labelCount, "a sample has one value for each label")
        if shape.isCounter && !(value.isFinite && value >= 0) { return }
        let labels = shape.labels(of: labelValues)
        guard seen.insert(labels).inserted else { return }
        samples.append((labels, value))
    }
}
