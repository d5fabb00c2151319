internal import ResticFormat

extension GoTime {
    /// How long from this moment to another; below zero when that was before.
    func duration(to other: GoTime) -> Duration {
        .seconds(other.seconds - seconds) + .nanoseconds(Int64(other.nanoseconds) - Int64(nanoseconds))
    }

    /// The moment so much later.
    func advanced(by duration: Duration) -> GoTime {
        let (seconds, attoseconds) = duration.components
        return GoTime(
            seconds: self.seconds + seconds,
            nanoseconds: Int64(nanoseconds) + attoseconds / 1_000_000_000,
            utcOffsetSeconds: utcOffsetSeconds
        )
    }
}
