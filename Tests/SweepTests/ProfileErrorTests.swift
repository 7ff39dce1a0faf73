import Lab
import Testing

@testable import Sweep

/// What is wrong with a profile is one line: file, line, reason, and the nearest right word.
@Suite struct ProfileErrorTests {
  @Test(arguments: [
    ("", "p.yaml: is empty; 'Profiles/' has examples"),
    ("# nothing\n", "p.yaml: is empty; 'Profiles/' has examples"),
    ("just words\n", "p.yaml:1: a profile must be a mapping, key: value"),
    ("- a\n- b\n", "p.yaml:1: a profile must be a mapping, key: value"),
    ("name: a\n---\nname: b\n", "p.yaml:2: is not YAML: but found another document"),
    ("name: [a\n", "p.yaml:2: is not YAML: did not find expected ',' or ']'"),
    ("name: 'a\n", "p.yaml:2: is not YAML: found unexpected end of stream"),
    ("name: \"\\q\"\n", "p.yaml:1: is not YAML: found unknown escape character"),
    ("name:\n\t- a\n", "p.yaml:2: is not YAML: found character that cannot start any token"),
    ("name: a\nname: b\n", "p.yaml:1: the same key stands twice: name"),
    ("name: a\n\"name\": b\n", "p.yaml:1: the same key stands twice: name"),
    ("name: a\n!x name: b\n", "p.yaml:2: a profile has the key 'name' twice"),
    ("name: a\nb: \u{7}\n", "p.yaml:2: is not YAML: control characters are not allowed"),
    ("name: &x a\n", "p.yaml:1: anchors (&name) are not read; write the value out"),
    ("name: *x\n", "p.yaml:1: is not YAML: found undefined alias"),
    ("? {a: b}\n: c\n", "p.yaml:1: a key of a profile must be a single value"),
    ("nmae: a\n", "p.yaml:1: a profile has no key 'nmae'; did you mean 'name'?"),
    (
      "wallpaper: a\n",
      "p.yaml:1: a profile has no key 'wallpaper'; "
        + "it has name, target, workloads, knobs, objective, search, sampling"
    ),
    ("\nname: a\n", "p.yaml:2: 'target' is missing"),
  ]) func aBrokenDocument(text: String, complaint: String) {
    #expect(ProfileText.complaint(about: text) == complaint)
  }

  @Test(arguments: ["name", "target", "workloads", "knobs", "objective"])
  func whatIsRequired(key: String) {
    let text = ProfileText().text.split(separator: "\n").filter { !$0.hasPrefix(key) }
      .joined(separator: "\n")
    #expect(ProfileText.complaint(about: text) == "p.yaml:1: '\(key)' is missing")
  }

  @Test(arguments: [
    ("name: a b", "name must be 1 to 64 letters, digits, '-', '_' or '.', not 'a b'"),
    ("name: ../etc", "name must be 1 to 64 letters, digits, '-', '_' or '.', not '../etc'"),
    ("name: ''", "name must be 1 to 64 letters, digits, '-', '_' or '.', not ''"),
    ("name: [a]", "name must be a single value"),
    ("name: \"a\\nb\"", "name must be one line of at most 1000 characters"),
    ("name: \"\\e[31m\"", "name must be one line of at most 1000 characters"),
  ]) func aName(written: String, complaint: String) {
    #expect(ProfileText(name: written).complaint() == "p.yaml:1: \(complaint)")
  }

  private static let oneTarget =
    "target must name one of lab, nic and guest: {lab: veth}, {nic: eno1} or {guest: {model: virtio}}"

  @Test(arguments: [
    ("veth", "target must be a mapping, key: value"),
    ("{}", oneTarget), ("{lab: veth, nic: a}", oneTarget), ("{lab: veth, guest: {}}", oneTarget),
    ("{peer: a}", oneTarget),
    ("{guest: {}, peer: a}", "target: a guest brings its own peer; 'peer' goes with 'nic'"),
    ("{guest: virtio}", "guest must be a mapping, key: value"),
    ("{guest: {modle: virtio}}", "guest has no key 'modle'; did you mean 'model'?"),
    ("{guest: {model: virtoi}}", "model 'virtoi' is unknown; did you mean 'virtio'?"),
    (
      "{guest: {attachment: hub}}",
      "attachment 'hub' is unknown; it can be user, nat, bridge, macvtap"
    ),
    ("{guest: {vhost: yes}}", "vhost 'yes' is unknown; it can be on, off"),
    ("{guest: {queues: 0}}", "queues takes 1 to 256, not '0'"),
    ("{guest: {queues: all}}", "queues takes 1 to 256, not 'all'"),
    ("{guest: {vectors: some}}", "vectors takes 0 to 514 or auto, not 'some'"),
    ("{guest: {cpus: 65}}", "cpus must be a whole number from 1 to 64, not '65'"),
    ("{guest: {nodes: 9}}", "nodes must be a whole number from 1 to 8, not '9'"),
    (
      "{guest: {memory: 768}}",
      "memory must be a number with a unit (GiB, MiB) such as 768MiB, not '768'"
    ),
    ("{guest: {memory: 1.5MiB}}", "memory must be whole MiB, such as 768MiB"),
    (
      "{guest: {memory: 64MiB}}",
      "guest: 64 MiB of memory; take \(GuestDefinition.leastMemory) MiB to 1 TiB"
    ),
    (
      "{guest: {model: e1000, vhost: on}}",
      "net0: vhost serves virtio's rings, and e1000 has none; take model virtio or vhost off"
    ),
    ("{lab: vet}", "lab 'vet' is unknown; did you mean 'veth'?"),
    ("{lab: moon}", "lab 'moon' is unknown; it can be veth, bridge-tap, macvtap"),
    ("{lab: veth, peer: a}", "target: a lab brings its own peer; 'peer' goes with 'nic'"),
    ("{nics: a}", "target has no key 'nics'; did you mean 'nic'?"),
  ]) func aTarget(written: String, complaint: String) {
    #expect(
      ProfileText(target: "target: \(written)").complaint() == "p.yaml:2: \(complaint)")
  }

  @Test(arguments: [
    ("[]", "workloads must have at least one entry"),
    ("{a: b}", "workloads must be a list, [a, b, …]"),
    ("[a]", "a workload must be a mapping, key: value"),
    ("[{kind: flood}]", "a workload needs 'datapath'"),
    ("[{datapath: packet}]", "a workload needs 'kind'"),
    ("[{datapath: packte, kind: flood}]", "datapath 'packte' is unknown; did you mean 'packet'?"),
    (
      "[{datapath: packet, kind: deluge}]",
      "kind 'deluge' is unknown; it can be flood, rate, burst, latency, stream, "
        + "request-response, connect"
    ),
    (
      "[{datapath: packet, kind: flood, frames: 64B}]",
      "a workload has no key 'frames'; did you mean 'frame'?"
    ),
    (
      "[{datapath: packet, kind: flood, frame: 64kB}]",
      "frame must be a size such as 64B, mtu to fill the MTU, or imix, not '64kB'"
    ),
    (
      "[{datapath: packet, kind: rate, rate: 100}]",
      "rate must be a number with a unit (Mpps, kpps, pps) such as 100kpps, not '100'"
    ),
    (
      "[{datapath: packet, kind: rate, rate: 1e3pps}]",
      "rate must be a number with a unit (Mpps, kpps, pps) such as 100kpps, not '1e3pps'"
    ),
    (
      "[{datapath: packet, kind: flood, threads: many}]",
      "threads must be a whole number from 1 to 64, not 'many'"
    ),
    (
      "[{datapath: packet, kind: flood, flows: 5000}]",
      "flows must be a whole number from 1 to 4096, not '5000'"
    ),
    (
      "[{datapath: packet, kind: flood, batch: 0}]",
      "batch must be a whole number from 1 to 1024, not '0'"
    ),
    (
      "[{datapath: packet, kind: burst, burst: 99999999999999999999}]",
      "burst must be a whole number from 1 to 65536, not '99999999999999999999'"
    ),
    (
      "[{datapath: packet, kind: flood, bypass-qdisc: maybe}]",
      "bypass-qdisc must be on or off, not 'maybe'"
    ),
    (
      "[{datapath: tap, kind: flood, direction: to-gest}]",
      "direction 'to-gest' is unknown; did you mean 'to-guest'?"
    ),
    (
      "[{datapath: tcp, kind: flood}]",
      "workload tcp-flood: tcp does not carry flood, but stream, request-response, connect"
    ),
    ("[{datapath: packet, kind: rate}]", "workload packet-rate: rate needs a rate or a load"),
    (
      "[{datapath: tcp, kind: stream, direction: both}]",
      "workload tcp-stream: tcp goes one way, out or in"
    ),
    (
      "[{datapath: packet, kind: flood, frame: 10B}]",
      "workload packet-flood: a frame has 60 … 65549 bytes"
    ),
    (
      "[{datapath: packet, kind: flood}, {datapath: packet, kind: flood, frame: 64B}]",
      "two workloads are named 'packet-flood'"
    ),
  ]) func aWorkload(written: String, complaint: String) {
    #expect(
      ProfileText(workloads: "workloads: \(written)").complaint() == "p.yaml:3: \(complaint)")
  }

  @Test(arguments: [
    ("{}", "knobs must have at least one entry"),
    ("[mtu]", "knobs must be a mapping, key: value"),
    ("{mtuu: [1]}", "there is no knob 'mtuu'; did you mean 'mtu'?"),
    (
      "{wallpaper: [1]}", "there is no knob 'wallpaper'; 'kvmtune inspect' lists those of a NIC"
    ),
    ("{mtu: [1500], mtu: [9000]}", "the same key stands twice: mtu"),
    ("{mtu: 1500}", "mtu must be a list, [a, b, …]"),
    ("{mtu: []}", "mtu must have 1 to 64 values"),
    ("{mtu: [[1500]]}", "a value of mtu must be a single value"),
    ("{mtu: {from: 1500}}", "mtu needs both 'from' and 'to', or a list of values"),
    ("{mtu: {from: 68, to: max}}", "mtu needs either 'scale: log2' or a 'step'"),
    ("{mtu: {from: 1, to: 9, scale: log2, step: 2}}", "mtu needs either 'scale: log2' or a 'step'"),
    ("{mtu: {from: 1, to: 9, scale: log3}}", "scale 'log3' is unknown; did you mean 'log2'?"),
    (
      "{mtu: {from: 1, to: 9, step: 0}}",
      "step must be a whole number from 1 to 9223372036854775807, not '0'"
    ),
    (
      "{mtu: {from: -1, to: 9, step: 1}}",
      "an end of mtu must be a whole number from 0 to 9223372036854775807, not '-1'"
    ),
    ("{mtu: {form: 1, to: 9, step: 1}}", "mtu has no key 'form'; did you mean 'from'?"),
  ]) func aKnob(written: String, complaint: String) {
    #expect(ProfileText(knobs: "knobs: \(written)").complaint() == "p.yaml:4: \(complaint)")
  }

  @Test(arguments: [
    (
      "guest.ring.rx",
      "'guest.ring.rx' is a guest's; it goes with target: {guest: {model: virtio}}"
    ),
    (
      "interface.model",
      "'interface.model' is a guest's; it goes with target: {guest: {model: virtio}}"
    ),
    ("interface.modle", "there is no knob 'interface.modle'; did you mean 'interface.model'?"),
    ("guest.rnig.rx", "there is no knob 'guest.rnig.rx'; did you mean 'guest.ring.rx'?"),
    (
      "guest.mtu", "'mtu' is of the whole path, the guest's NIC included; leave 'guest.' out"
    ),
  ]) func aKnobInAGuest(name: String, complaint: String) {
    #expect(
      ProfileText(knobs: "knobs: {\(name): [1]}").complaint() == "p.yaml:4: \(complaint)")
  }

  @Test(arguments: [
    (
      "model: [virtoi]",
      "interface.model takes rtl8139, e1000, e1000e, igb, vmxnet3, virtio, not 'virtoi'"
    ),
    ("queues: [1, 300]", "interface.queues takes 1 to 256, not '300'"),
    ("host-mtu: [none, 10]", "interface.host-mtu takes 68 to 65521 or none, not '10'"),
  ]) func aFieldOfTheInterface(written: String, complaint: String) {
    let text = ProfileText(
      target: "target: {guest: {}}", knobs: "knobs: {interface.\(written)}")
    #expect(text.complaint() == "p.yaml:4: \(complaint)")
  }

  @Test func aKnobHasTheLineOfItsOwn() {
    let knobs = "knobs:\n  mtu: [1500]\n  ring.rx: [1]\n  ring.xr: [1]"
    #expect(
      ProfileText(knobs: knobs).complaint()
        == "p.yaml:7: there is no knob 'ring.xr'; did you mean 'ring.rx'?")
  }

  @Test(arguments: [
    ("{}", "objective must have one of 'maximise', 'minimise' and 'pareto'"),
    (
      "{maximise: delivered_pps, minimise: loss_ratio}",
      "objective must have one of 'maximise', 'minimise' and 'pareto'"
    ),
    (
      "{maximise: delivered_pps, pareto: [delivered_pps, latency_p99_us]}",
      "objective must have one of 'maximise', 'minimise' and 'pareto'"
    ),
    ("{pareto: delivered_pps}", "pareto must be a list, [a, b, …]"),
    (
      "{pareto: [delivered_pps]}",
      "pareto takes two or three metrics, not 1: for one write maximise or minimise, and bound "
        + "others with subject-to"
    ),
    (
      "{pareto: []}",
      "pareto takes two or three metrics, not 0: for one write maximise or minimise, and bound "
        + "others with subject-to"
    ),
    (
      "{pareto: [delivered_pps, latency_p50_us, latency_p99_us, cpu_ns_per_frame]}",
      "pareto takes two or three metrics, not 4: for one write maximise or minimise, and bound "
        + "others with subject-to"
    ),
    (
      "{pareto: [delivered_pps, delivered_pps]}",
      "pareto has delivered_pps twice: name different metrics"
    ),
    (
      "{pareto: [delivered_pps, latency_p98_us]}",
      "there is no metric 'latency_p98_us': did you mean latency_p99_us?"
    ),
    (
      "{pareto: [delivered_pps, loss_ratio]}",
      "loss_ratio may be zero and has no ratio: bound it with subject-to instead"
    ),
    (
      "{pareto: [delivered_pps, [loss_ratio]]}", "a metric must be a single value"
    ),
    ("{paretto: [delivered_pps]}", "objective has no key 'paretto'; did you mean 'pareto'?"),
    ("{maximize: delivered_pps}", "objective has no key 'maximize'; did you mean 'maximise'?"),
    (
      "{maximise: delivred_pps}",
      "there is no metric 'delivred_pps': did you mean delivered_pps?"
    ),
    (
      "{minimise: delivered_pps}",
      "delivered_pps is better when it is more: maximise it"
    ),
    (
      "{maximise: delivered_pps, subject-to: loss_ratio}", "subject-to must be a list, [a, b, …]"
    ),
    (
      "{maximise: delivered_pps, subject-to: [loss_ratio]}",
      "'loss_ratio' is not a constraint: write it as 'loss_ratio <= 0.001' "
        + "or 'latency_p99_us <= 1.10x baseline'"
    ),
  ]) func anObjective(written: String, complaint: String) {
    #expect(
      ProfileText(objective: "objective: \(written)").complaint() == "p.yaml:5: \(complaint)")
  }

  @Test(arguments: [
    ("search: {strategy: gird}", "strategy 'gird' is unknown; did you mean 'grid'?"),
    ("search: {trials: 0}", "trials must be a whole number from 1 to 10000, not '0'"),
    (
      "search: {seed: -1}",
      "seed must be a whole number from 0 to 9223372036854775807, not '-1'"
    ),
    ("search: {sed: 1}", "search has no key 'sed'; did you mean 'seed'?"),
    ("sampling: {slice: 20}", "slice must be a number with a unit (ms, s) such as 20ms, not '20'"),
    (
      "sampling: {slice: 20us}",
      "slice must be a number with a unit (ms, s) such as 20ms, not '20us'"
    ),
    ("sampling: {slice: 1ms}", "slice must be from 5ms to 10s"),
    ("sampling: {time: 10}", "time must be a number with a unit (min, s) such as 10s, not '10'"),
    ("sampling: {time: 0.5s}", "time must be from 1s to 60min"),
    (
      "sampling: {time: 10s, blocks: 8}",
      "time decides how many pairs and blocks there are; leave 'blocks' out"
    ),
    ("sampling: {slice: 11s}", "slice must be from 5ms to 10s"),
    ("sampling: {pairs: 0}", "pairs must be a whole number from 1 to 1000, not '0'"),
    ("sampling: {blocks: 4}", "blocks must be a whole number from 6 to 1000, not '4'"),
    ("sampling: {blocks: 7}", "blocks must be even, since the twins swap after every block, not 7"),
    (
      "sampling: {confirming-blocks: 9}",
      "confirming-blocks must be even, since the twins swap after every block, not 9"
    ),
    ("sampling: {block: 6}", "sampling has no key 'block'; did you mean 'blocks'?"),
  ]) func searchAndSampling(written: String, complaint: String) {
    #expect(ProfileText(rest: written).complaint() == "p.yaml:6: \(complaint)")
  }

  @Test func anEffectIsAPercentage() {
    #expect(
      ProfileText(rest: "search: {effect: 0.02}").complaint()
        == "p.yaml:6: effect: '0.02' is not a percentage: write it as 2%")
  }
}
