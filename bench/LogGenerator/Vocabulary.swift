/// What the lines speak of: the words, and how often each comes.
struct Vocabulary {
    struct Route {
        var method: String
        var template: String
        /// Of all requests, relative to the other routes.
        var weight: Int
        /// The status of a request that goes well.
        var success: Int
    }

    static let jobStatuses = ["queued", "processing", "completed", "failed"]

    let resolutions = ["360p", "720p"]
    let whisperModels = ["tiny", "base", "small", "medium", "large"]
    let errorTypes = ["transcode", "transcription", "storage", "unknown"]
    let apiKeys = ["studio-north", "studio-south", "newsroom", "archive-batch", "partner-lumière", "education", "qa"]
    let statuses = [200, 201, 202, 204, 400, 401, 404, 409, 413, 429, 500, 503]
    let routes: [Route]

    /// `extraRoutes` more endpoints, for as many more series.
    init(extraRoutes: Int) {
        var routes = [
            Route(method: "GET", template: "/api/v1/jobs/{id}", weight: 40, success: 200),
            Route(method: "GET", template: "/api/v1/jobs", weight: 18, success: 200),
            Route(method: "POST", template: "/api/v1/jobs", weight: 12, success: 202),
            Route(method: "PUT", template: "/api/v1/uploads/{id}/parts/{part}", weight: 12, success: 204),
            Route(method: "POST", template: "/api/v1/uploads", weight: 5, success: 201),
            Route(method: "GET", template: "/api/v1/jobs/{id}/outputs/{resolution}", weight: 6, success: 200),
            Route(method: "GET", template: "/api/v1/jobs/{id}/transcript", weight: 3, success: 200),
            Route(method: "DELETE", template: "/api/v1/jobs/{id}", weight: 2, success: 204),
            Route(method: "GET", template: "/api/v1/storage/usage", weight: 2, success: 200),
        ]
        if extraRoutes > 0 {
            // Nearly all requests go to these, so that each gets some soon.
            let weight = max(1, 1000 / extraRoutes)
            for number in 0..<extraRoutes {
                routes.append(Route(method: "GET", template: "/api/v1/projects/p\(number)/jobs", weight: weight, success: 200))
            }
        }
        self.routes = routes
    }

    /// Routes by number, each as often as it weighs: picking one is one look-up.
    var weightedRoutes: [UInt16] {
        routes.enumerated().flatMap { Array(repeating: UInt16($0.offset), count: $0.element.weight) }
    }

    /// Positions in ``statuses`` of what may go wrong.
    var failures: [Int] {
        statuses.indices.filter { statuses[$0] >= 400 }
    }
}
