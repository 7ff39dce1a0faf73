import Foundation

/// Shares and ratios as people read them.
package enum PercentText {
  /// A share as per cent with as many decimals as say something: `35.4 %`, `0.62 %`.
  package static func share(_ share: Double) -> String {
    String(format: "%.\(decimals(share * 100))f %%", share * 100)
  }

  /// The same with its sign: `+35.4 %`, `−0.62 %`.
  package static func signed(_ share: Double) -> String {
    let percent = share * 100
    let digits = decimals(percent)
    return (percent < 0 ? "−" : "+") + String(format: "%.\(digits)f %%", abs(percent))
  }

  /// `+35.4 %`, or `×12.3` where per cent would be hard to read.
  package static func change(_ ratio: Double) -> String {
    ratio < 3 ? signed(ratio - 1) : String(format: "×%.3g", ratio)
  }

  private static func decimals(_ percent: Double) -> Int {
    switch abs(percent) {
    case ..<1: 2
    case ..<100: 1
    default: 0
    }
  }
}
