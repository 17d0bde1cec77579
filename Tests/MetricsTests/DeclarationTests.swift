import Testing

@testable import Metrics

@Suite struct DeclarationTests {
    private func error(of definition: FamilyDefinition) -> MetricDeclarationError? {
        do throws(MetricDeclarationError) {
            _ = try SeriesTable().declare(definition, now: someTime)
            return nil
        } catch {
            return error
        }
    }

    private func definition(
        _ name: String, _ kind: FamilyDefinition.Kind = .gauge, labels: [String] = [], maximumSeries: Int = 10,
        initial: [[String]]? = nil
    ) -> FamilyDefinition {
        FamilyDefinition(
            name: name, help: "", kind: kind, labelNames: labels, maximumSeries: maximumSeries, initialLabelValues: initial)
    }

    @Test(arguments: ["", "1a", "a-b", "a.b", "ä", "a b"])
    func `a name outside of the legacy characters is refused`(name: String) {
        #expect(error(of: definition(name)) == .invalidName(name))
    }

    @Test func `a counter ends in _total`() {
        #expect(error(of: definition("requests", .counter)) == .counterWithoutTotal("requests"))
        #expect(error(of: definition("_total", .counter)) == .counterWithoutTotal("_total"))
        #expect(error(of: definition("requests_total", .counter)) == nil)
    }

    @Test func `labels are names, not reserved, and once`() {
        #expect(error(of: definition("a", labels: ["b:c"])) == .invalidLabel(family: "a", label: "b:c"))
        #expect(error(of: definition("a", labels: ["__x"])) == .reservedLabel(family: "a", label: "__x"))
        #expect(error(of: definition("a", .histogram(bounds: [1]), labels: ["le"])) == .reservedLabel(family: "a", label: "le"))
        #expect(error(of: definition("a", labels: ["le"])) == nil)
        #expect(error(of: definition("a", labels: ["x", "y", "x"])) == .duplicateLabel(family: "a", label: "x"))
        #expect(error(of: definition("a", labels: (0..<65).map { "l\($0)" })) == .tooManyLabels(family: "a", count: 65))
    }

    @Test func `buckets ascend and are finite`() {
        #expect(error(of: definition("a", .histogram(bounds: [1, 1]))) == .invalidBucket(family: "a", bound: 1))
        #expect(error(of: definition("a", .histogram(bounds: [2, 1]))) == .invalidBucket(family: "a", bound: 1))
        #expect(error(of: definition("a", .histogram(bounds: [1, .infinity]))) == .invalidBucket(family: "a", bound: .infinity))
        #expect(error(of: definition("a", .histogram(bounds: (0..<257).map(Double.init)))) == .tooManyBuckets(family: "a", count: 257))
        #expect(error(of: definition("a", .histogram(bounds: []))) == nil)
    }

    @Test func `initial values fit the labels and the limit`() {
        #expect(
            error(of: definition("a", labels: ["x", "y"], initial: [["1"]])) == .initialValuesMismatch(family: "a", lists: 1, labels: 2))
        let four = ["1", "2", "3", "4"]
        #expect(error(of: definition("a", labels: ["x", "y"], initial: [four, four])) == .tooManyInitialSeries(family: "a", limit: 10))
        #expect(error(of: definition("a", labels: ["x"], maximumSeries: 0)) == .invalidSeriesLimit(family: "a", limit: 0))
    }

    @Test(arguments: [("x_count", FamilyDefinition.Kind.gauge), ("x_bucket", .gauge), ("x", .gauge), ("x_created", .gauge)])
    func `no two families write under one name`(name: String, kind: FamilyDefinition.Kind) throws {
        let table = SeriesTable()
        _ = try table.declare(definition("x", .histogram(bounds: [1])), now: someTime)
        #expect(throws: MetricDeclarationError.nameTaken(name: name, family: name, owner: "x")) {
            try table.declare(definition(name, kind), now: someTime)
        }
    }

    @Test func `names that only look alike are fine`() throws {
        let table = SeriesTable()
        _ = try table.declare(definition("jobs_total", .counter), now: someTime)
        _ = try table.declare(definition("jobs_created_total", .counter), now: someTime)
        #expect(throws: MetricDeclarationError.nameTaken(name: "jobs", family: "jobs", owner: "jobs_total")) {
            try table.declare(definition("jobs"), now: someTime)
        }
        #expect(throws: MetricDeclarationError.nameTaken(name: "jobs_created", family: "jobs_created", owner: "jobs_created_total")) {
            try table.declare(definition("jobs_created"), now: someTime)
        }
    }

    @Test func `an error says what to do`() {
        #expect(
            MetricDeclarationError.counterWithoutTotal("requests").description
                == "The counter `requests` must end in `_total`; call it `requests_total`.")
    }
}
