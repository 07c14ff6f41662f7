import Foundation
import Store
import Workflow

/// What has been read and published of other nodes' texts.
struct OtherTexts {
    private var texts: [UUID: ReadText] = [:]

    var known: [ReadText] { Array(texts.values) }

    /// Forgets the texts of tenants that nobody follows here any more.
    mutating func keep(_ tenantIDs: [String], _ hub: Hub) {
        let kept = Set(tenantIDs)
        for text in texts.values where !kept.contains(text.tenantID) { end(text.outputID, hub) }
    }

    /// Publishes what a look found. False when some of it was read too early.
    mutating func take(_ news: LiveTextNews, _ hub: Hub) -> Bool {
        let heads = Dictionary(news.heads.map { ($0.tenantID, $0) }) { first, _ in first }
        var areAllPublished = true
        for change in news.changes {
            switch change {
            case .ended(_, let outputID): end(outputID, hub)
            case .piece(var text, let piece):
                let delta = OutputDelta(
                    tenantID: text.tenantID, taskID: text.taskID, outputID: text.outputID,
                    versionNumber: text.versionNumber, run: text.run, offset: text.units, text: piece)
                guard let head = heads[text.tenantID], hub.publish(delta, readAt: head) else {
                    areAllPublished = false
                    continue
                }
                text.append(piece)
                texts[text.outputID] = text
            }
        }
        return areAllPublished
    }

    private mutating func end(_ outputID: UUID, _ hub: Hub) {
        guard let text = texts.removeValue(forKey: outputID) else { return }
        hub.publish(.ended(tenantID: text.tenantID, taskID: text.taskID, outputID: outputID, run: text.run))
    }
}
