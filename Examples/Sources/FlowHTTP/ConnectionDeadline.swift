import NIOCore

/// When a channel is to be closed, which moves with each request. Moving it later costs nothing: the task looks again when it runs.
struct ConnectionDeadline {
    private var time: NIODeadline?
    private var task: (runsAt: NIODeadline, scheduled: Scheduled<Void>)?

    /// - Returns: whether a task has to be scheduled for it.
    mutating func move(to time: NIODeadline) -> Bool {
        self.time = time
        if let task, task.runsAt <= time { return false }
        return true
    }

    /// Keeps the task that looks at the deadline.
    mutating func schedule(at time: NIODeadline, _ scheduled: Scheduled<Void>) {
        task?.scheduled.cancel()
        task = (time, scheduled)
    }

    mutating func clear() { time = nil }

    /// Called by the task: the deadline that it finds.
    mutating func look() -> NIODeadline? {
        task = nil
        return time
    }

    mutating func cancel() {
        time = nil
        task?.scheduled.cancel()
        task = nil
    }
}
