/// The hot path: one call for each line and metric. What is refused moves nothing and makes no series.
extension MetricFamily {
    /// Adds to a counter. `now` is in nanoseconds since 1970, here and below.
    package func add(_ amount: Double, to key: borrowing SeriesKey, now: UInt64, trace: ExemplarTrace? = nil) -> UpdateOutcome {
        precondition(shape.isCounter, "only a counter is added to")
        guard amount.isFinite else { return .notFinite }
        guard amount >= 0 else { return .negative }
        let slot = slot(for: key, now: now)
        let sum = Double(bitPattern: cells[slot]) + amount
        guard sum.isFinite else { return .notFinite }
        cells[slot] = sum.bitPattern
        if shape.expires { updated[slot] = now }
        if let trace, exemplarsPerSeries > 0 { exemplars[slot] = Exemplar(trace, value: amount, nanoseconds: now) }
        return .applied
    }

    /// Sets a gauge.
    package func set(_ value: Double, of key: borrowing SeriesKey, now: UInt64) -> UpdateOutcome {
        precondition(shape.isGauge, "only a gauge is set")
        guard value.isFinite else { return .notFinite }
        let slot = slot(for: key, now: now)
        cells[slot] = value.bitPattern
        if shape.expires { updated[slot] = now }
        return .applied
    }

    /// Moves a gauge up or down.
    package func move(by amount: Double, of key: borrowing SeriesKey, now: UInt64) -> UpdateOutcome {
        precondition(shape.isGauge, "only a gauge is moved")
        guard amount.isFinite else { return .notFinite }
        let slot = slot(for: key, now: now)
        let sum = Double(bitPattern: cells[slot]) + amount
        guard sum.isFinite else { return .notFinite }
        cells[slot] = sum.bitPattern
        if shape.expires { updated[slot] = now }
        return .applied
    }

    /// Puts a value into a histogram.
    package func observe(_ value: Double, in key: borrowing SeriesKey, now: UInt64, trace: ExemplarTrace? = nil) -> UpdateOutcome {
        precondition(shape.isHistogram, "only a histogram observes")
        guard value.isFinite else { return .notFinite }
        guard value >= 0 || shape.allowsNegativeValues else { return .negative }
        let slot = slot(for: key, now: now)
        let first = slot * cellsPerSeries
        let sum = CompensatedSum(high: Double(bitPattern: cells[first]), low: Double(bitPattern: cells[first + 1]))
        guard let sum = sum.adding(value) else { return .notFinite }
        cells[first] = sum.high.bitPattern
        cells[first + 1] = sum.low.bitPattern
        let bucket = shape.bucket(of: value)
        cells[first + 2 + bucket] += 1
        if shape.expires { updated[slot] = now }
        if let trace, exemplarsPerSeries > 0 {
            exemplars[slot * exemplarsPerSeries + bucket] = Exemplar(trace, value: value, nanoseconds: now)
        }
        return .applied
    }
}
