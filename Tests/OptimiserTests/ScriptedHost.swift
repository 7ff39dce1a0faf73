import Measurement
import Optimiser

/// NICs of one host that only make numbers up.
struct ScriptedHost {
  var records: [TrialRecord] = []
  /// By NIC.
  var benches: [String: ScriptedBench]

  mutating func measure(_ next: HostCampaign.Next, workloads: [String]) {
    for (block, workload) in next.request.open(workloads) {
      measure(next, block: block, workload: workload)
    }
  }

  mutating func measure(_ next: HostCampaign.Next, block: Int, workload: String) {
    guard var bench = benches[next.nic] else { return }
    bench.measure(next.request, block: block, workload: workload)
    records += bench.records.map { row in
      var row = row
      row.nic = next.nic
      return row
    }
  }

  /// Runs a campaign to its end and gives its requests.
  mutating func run(_ campaign: HostCampaign) throws -> [HostCampaign.Next] {
    var requests: [HostCampaign.Next] = []
    while let next = try campaign.next(after: RunRecords(records)), requests.count < 200 {
      requests.append(next)
      measure(next, workloads: campaign.members[0].campaign.workloads)
    }
    return requests
  }

  func recommendations() throws -> [Recommendation] { try Recommendation.derive(from: records) }

  func findings() throws -> [HostWideFinding] {
    try HostWideFinding.derive(from: records, recommendations())
  }
}
