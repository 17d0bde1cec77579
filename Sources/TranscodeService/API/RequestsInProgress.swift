import HTTP
import Synchronization

/// For the gauge `api_requests_in_progress`: by method and endpoint, the template of the route.
final class RequestsInProgress: Sendable {
    struct Place: Hashable, Sendable {
        var method: String
        var endpoint: String
    }

    /// Of requests that no route has, as in the log.
    static let unmatched = "unmatched"

    private let counts = Mutex<[Place: Int]>([:])

    func begin(_ method: HTTPMethod, _ template: String?) { change(method, template, by: 1) }

    func end(_ method: HTTPMethod, _ template: String?) { change(method, template, by: -1) }

    /// Of each place that ever had one.
    var all: [(place: Place, count: Int)] {
        counts.withLock { counts in
            counts.map { (place: $0.key, count: $0.value) }.sorted {
                ($0.place.endpoint, $0.place.method) < ($1.place.endpoint, $1.place.method)
            }
        }
    }

    private func change(_ method: HTTPMethod, _ template: String?, by change: Int) {
        let place = Place(method: HTTPSpanAttributes.method(method), endpoint: template ?? Self.unmatched)
        counts.withLock { $0[place, default: 0] += change }
    }
}
