/// Runs clean-up that has to finish although the current task may be cancelled already, and waits for it.
///
/// A cancelled task can neither write nor send: its calls throw at once. So this is a task of its own, awaited here.
package func shielded(_ body: @escaping @Sendable () async -> Void) async {
    await Task { await body() }.value
}
