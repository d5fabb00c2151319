internal import FoundationEssentials
internal import Logging

/// Keeps credentials until shortly before they expire, and gets new ones once for all who wait for them.
actor CredentialsCache {
    /// The time before the end from which on new ones are sought. AWS gives new ones out 5 minutes before.
    private static let margin: Double = 5 * 60
    /// The time before the end from which on the old ones are not used any more: a request must arrive in it.
    private static let lastMargin: Double = 15

    private let provider: any S3CredentialsProvider
    private let context: S3CredentialsContext
    private var credentials: S3Credentials?
    private var refresh: Task<S3Credentials?, any Error>?

    init(_ provider: any S3CredentialsProvider, context: S3CredentialsContext) {
        self.provider = provider
        self.context = context
    }

    /// - Returns: `nil` to send requests unsigned.
    /// - Throws: ``S3Error`` with ``S3Error/Code/noCredentials`` when there are none, or why they could not be had.
    func current() async throws -> S3Credentials? {
        if let credentials, isFresh(credentials, margin: Self.margin) { return credentials }
        do {
            let found = try await refreshed()
            if found == nil, !(provider is AnonymousCredentials) {
                throw S3Error(.noCredentials, "no credentials for S3 were found in \(provider.name)")
            }
            return found
        } catch {
            // What still works for a while is better than nothing; the next request asks again.
            guard !Task.isCancelled, let credentials, isFresh(credentials, margin: Self.lastMargin) else { throw error }
            context.logger.warning("s3 credentials could not be renewed yet", metadata: ["error": "\(error)"])
            return credentials
        }
    }

    /// Makes the next request ask again, because the server refuses these.
    func forget(_ refused: S3Credentials?) {
        if credentials == refused { credentials = nil }
    }

    private func refreshed() async throws -> S3Credentials? {
        // A task of its own: it belongs to all who wait, and goes on when the first of them is cancelled.
        let task = refresh ?? Task { [provider, context] in try await provider.retrieve(in: context) }
        refresh = task
        defer { if refresh == task { refresh = nil } }
        let found = try await task.value
        // Nothing is no reason to throw away what may work for a while.
        if let found { credentials = found }
        return found
    }

    private func isFresh(_ credentials: S3Credentials, margin: Double) -> Bool {
        guard let expiration = credentials.expiration else { return true }
        return expiration.timeIntervalSince(context.now()) > margin
    }
}
