internal import Foundation
internal import QdrantClient

/// The state of the whole system at one moment, as far as it can be compared.
struct DemoEvidence: Sendable {
    /// Every point with its vectors and payload.
    let points: [PointRecord]
    /// What the alias points to.
    let aliases: [AliasDescription]
    let documents: [String: Data]
    let settings: Data
    let settingsMode: Int
    let checkout: DemoProject.Checkout
    /// What the chatbot says.
    let reply: DemoChatbot.Reply
    let replyAboutNewPage: DemoChatbot.Reply
}

extension DemoEvidence {
    /// What holds after the recovery, compared with this.
    func proofs(against after: DemoEvidence, _ question: DemoQuestion) -> [DemoReport.Proof] {
        [
            .init(
                claim:
                    "all \(points.count) points are as before the disaster, each vector and payload, under their alias",
                holds: !points.isEmpty && after.points == points && !aliases.isEmpty && after.aliases == aliases
            ),
            .init(
                claim: "all \(documents.count) documents are back, byte for byte",
                holds: !documents.isEmpty && after.documents == documents
            ),
            .init(
                claim: ".env.production is back with its secrets, byte for byte, and readable for its owner only",
                holds: !settings.isEmpty && after.settings == settings && settingsMode == 0o600
                    && after.settingsMode == 0o600
            ),
            .init(
                claim: "the checkout is back at \(checkout.commit.prefix(8)), with what was not committed",
                holds: after.checkout == checkout && !checkout.changes.isEmpty && after.checkout.isSound
            ),
            .init(
                claim: "the same question has the same answer, with the same sources, the right one among them",
                holds: after.reply == reply && !Set(reply.sources).isDisjoint(with: question.sources)
            ),
            .init(
                claim: "the page that was written after the restore point is answered from again",
                holds: after.replyAboutNewPage == replyAboutNewPage
                    && !Set(replyAboutNewPage.sources).isDisjoint(with: DemoQuestion.aboutNewPage.sources)
            ),
        ]
    }
}
