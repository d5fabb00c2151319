extension JSONWriter {
    mutating func point(_ point: Point) throws(JSONError) {
        try object { (writer) throws(JSONError) in
            writer.key("id")
            writer.pointID(point.id)
            writer.key("vector")
            try writer.pointVectors(point.vectors)
            writer.key("payload")
            try writer.object(point.payload)
        }
    }
}

extension JSONScanner {
    /// Takes an array of records.
    mutating func records() throws(JSONError) -> [PointRecord] {
        var records: [PointRecord] = []
        try array { (scanner) throws(JSONError) in records.append(try scanner.scoredPoint().record) }
        return records
    }

    /// Takes an array of found points.
    mutating func scoredPoints() throws(JSONError) -> [ScoredPoint] {
        var points: [ScoredPoint] = []
        try array { (scanner) throws(JSONError) in points.append(try scanner.scoredPoint()) }
        return points
    }

    /// Takes one record, with a score and version of 0 when it has none. Unknown keys are skipped.
    private mutating func scoredPoint() throws(JSONError) -> ScoredPoint {
        var id: PointID?
        var point = ScoredPoint(record: PointRecord(id: 0), score: 0, version: 0)
        try object { (scanner, key) throws(JSONError) in
            if try scanner.null() { return }
            switch key {
            case "id": id = try scanner.pointID()
            case "payload": point.record.payload = try scanner.objectValue()
            case "vector": point.record.vectors = try scanner.pointVectors()
            case "shard_key": point.record.shardKey = ShardKey(try scanner.value())
            case "order_value": point.record.orderValue = try scanner.value()
            case "score": point.score = try scanner.float()
            case "version": point.version = try scanner.number().uint64Value ?? 0
            default: try scanner.skipValue()
            }
        }
        guard let id else { throw unexpected("expected a point with an id") }
        point.record.id = id
        return point
    }

    /// Takes the answer to a scroll.
    mutating func scrollPage() throws(JSONError) -> ScrollPage {
        var page = ScrollPage(records: [], nextOffset: nil)
        try object { (scanner, key) throws(JSONError) in
            if try scanner.null() { return }
            switch key {
            case "points": page.records = try scanner.records()
            case "next_page_offset": page.nextOffset = try scanner.pointID()
            default: try scanner.skipValue()
            }
        }
        return page
    }
}
