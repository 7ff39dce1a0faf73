import Knobs
import Report

/// An inspection for people: what it is, how it is set, what can be tuned.
struct InspectionText {
  let inspection: Inspection

  func text(width: Int?) -> String {
    let facts = (identity + state + placement).map { name, value in
      "  \(name.padding(to: 14))\(value)\n"
    }
    let parts = [
      "\(inspection.name)\n" + facts.joined(), interrupts?.text(width: width),
      knobs.text(width: width),
    ]
    return parts.compactMap(\.self).joined(separator: "\n")
  }

  private var identity: [(String, String)] {
    let driver = inspection.driver
    let details = [driver.version, driver.firmware].filter { !$0.isEmpty && $0 != "N/A" }
    return [
      ("driver", ([driver.name] + details).joined(separator: ", ")),
      ("bus", driver.bus.isEmpty ? "none" : driver.bus),
      ("address", inspection.link.address),
    ]
  }

  private var state: [(String, String)] {
    let link = inspection.link
    let speed = link.speedMegabits.map { ", \($0) Mbit/s" } ?? ""
    let carrier = !link.isUp ? "down" : link.hasCarrier ? "up\(speed)" : "up, no carrier"
    let most = link.maximumMTU > 0 ? "\(link.maximumMTU)" : "no stated maximum"
    let qdisc = inspection.qdisc.map { $0.words + ($0.isDefault ? " (the kernel's default)" : "") }
    return [
      ("link", carrier),
      ("mtu", "\(link.mtu) (\(link.minimumMTU) … \(most))"),
      (
        "queues",
        "\(link.transmitQueues) tx, \(link.receiveQueues) rx made; " + counts(inspection.channels)
      ),
      ("rings", counts(inspection.rings)),
      ("offloads on", offloads { $0.active }),
      ("offloads off", offloads { !$0.active }),
      ("qdisc", qdisc ?? "none: the device was never up"),
      ("txqueuelen", "\(link.transmitQueueLength)"),
    ]
  }

  private var placement: [(String, String)] {
    let node = inspection.node.map { "\($0), CPUs \(inspection.nodeCPUs)" }
    return [
      ("memory node", node ?? "none is nearer than another"),
      ("rps", steering(inspection.receivePacketSteering)),
      ("xps", steering(inspection.transmitPacketSteering)),
    ]
  }

  private var interrupts: TerminalTable? {
    guard !inspection.interrupts.isEmpty else { return nil }
    return TerminalTable(
      [.init("IRQ", .right), .init("ACTION"), .init("ALLOWED"), .init("RUNS ON"), .init("COUNT")],
      rows: inspection.interrupts.map { line in
        let counts = line.counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        return [
          "\(line.number)", line.action, line.allowed, line.effective,
          counts.map { "CPU\($0.key): \($0.value)" }.joined(separator: ", "),
        ]
      })
  }

  private var knobs: TerminalTable {
    TerminalTable(
      [.init("KNOB"), .init("VALUE"), .init("TAKES"), .init("SCOPE"), .init("DISRUPTION")],
      rows: inspection.knobs.map { knob in
        guard knob.absent == nil else {
          return [knob.name.rawValue, "–", "absent: \(knob.absent ?? "")"]
        }
        return [
          knob.name.rawValue, knob.value?.description ?? "–", knob.domain ?? "",
          knob.scope.rawValue, knob.disruption.rawValue,
        ]
      })
  }

  private func counts(_ counts: [String: Inspection.Count]?) -> String {
    guard let counts else { return "the driver has none to set" }
    return counts.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value.current) of \($0.value.maximum)" }.joined(separator: ", ")
  }

  private func offloads(_ isWanted: (Inspection.Feature) -> Bool) -> String {
    let names = inspection.offloads.filter { isWanted($0.value) }.sorted { $0.key < $1.key }
    return names.isEmpty
      ? "none" : names.map { $0.key + ($0.value.fixed ? " (fixed)" : "") }.joined(separator: ", ")
  }

  private func steering(_ queues: [String: String]) -> String {
    let set = queues.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
    return set.isEmpty ? "off" : set.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
  }
}

extension String {
  /// The text with blanks behind it up to so many characters, at least one.
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }
}
