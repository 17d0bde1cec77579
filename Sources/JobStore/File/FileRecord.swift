import FoundationEssentials

/// One change of a ``FileJobStore``, as it stands in the file: JSON, with one of these members.
struct FileRecord: Codable {
    /// Of the first record: what wrote the file.
    var format: Int?
    var key: APIKey?
    var removedKey: String?
    /// The whole job as it is after the change.
    var job: Job?
    var removedJob: String?

    static let currentFormat = 1

    init(format: Int? = nil, key: APIKey? = nil, removedKey: String? = nil, job: Job? = nil, removedJob: String? = nil) {
        self.format = format
        self.key = key
        self.removedKey = removedKey
        self.job = job
        self.removedJob = removedJob
    }
}

/// JSON as both stores write it: numbers that JSON has no way to write, as a division by zero gives them, are texts.
enum StoredJSON {
    static func encode(_ value: some Encodable) throws(JobStoreError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw .broken("can't be written as JSON: \(error)")
        }
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Collection<UInt8>, of subject: String) throws(JobStoreError)
        -> Value
    {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw .broken("\(subject) is not what this version writes: \(error)")
        }
    }
}
