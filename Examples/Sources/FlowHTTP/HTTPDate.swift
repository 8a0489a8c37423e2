import Foundation
import Synchronization

/// The value of the header `Date` (RFC 9110 section 5.6.7), made once a second.
enum HTTPDate {
    private static let last = Mutex((second: time_t(-1), text: ""))

    static var now: String {
        var second = time(nil)
        return last.withLock { last in
            if last.second != second {
                var parts = tm()
                gmtime_r(&second, &parts)
                last = (second, text(parts))
            }
            return last.text
        }
    }

    private static func text(_ date: tm) -> String {
        let day = days[Int(date.tm_wday) % 7], month = months[Int(date.tm_mon) % 12]
        let clock = [date.tm_hour, date.tm_min, date.tm_sec].map { padded($0) }.joined(separator: ":")
        return "\(day), \(padded(date.tm_mday)) \(month) \(Int(date.tm_year) + 1900) \(clock) GMT"
    }

    private static func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
