import Testing

@testable import Netlink

@Suite struct QdiscSpecificationTests {
  /// Words, and how they come back.
  @Test(arguments: [
    ("default", "default"), ("noqueue", "noqueue"), (" mq ", "mq"), ("pfifo_fast", "pfifo_fast"),
    ("pfifo", "pfifo"), ("pfifo limit 100", "pfifo limit 100"),
    ("bfifo limit 65536", "bfifo limit 64kb"), ("bfifo limit 1500b", "bfifo limit 1500"),
    ("fq", "fq"), ("fq limit 1000", "fq limit 1000"), ("fq_codel", "fq_codel"),
    ("cake", "cake"), ("cake rtt 50000500ns bandwidth 0.1gbit", "cake bandwidth 100mbit rtt 50ms"),
    (
      "tbf burst 32k rate 0.1Gbit latency 50000us", "tbf rate 100mbit burst 32kb latency 50ms"
    ),
    ("tbf rate 1500kbit burst 10000 limit 1MB", "tbf rate 1500kbit burst 10000 limit 1mb"),
    ("htb rate 1gbit", "htb rate 1gbit"),
    (
      "htb rate 1.5gbit quantum 3000 burst 64kb", "htb rate 1500mbit burst 64kb quantum 3000"
    ),
    ("netem", "netem"), ("netem delay 1500us", "netem delay 1500us"),
    (
      "netem loss 0.10% delay 1ms 0.5ms limit 10000", "netem delay 1ms 500us loss 0.1% limit 10000"
    ),
    ("netem delay 0s reorder 25.5%", "netem delay 0ns reorder 25.5%"),
    ("cake verbatim 0A0b", "cake verbatim 0a0b"), ("sfq verbatim", "sfq verbatim"),
  ])
  func canonicalWords(words: String, canonical: String) throws {
    let specification = try QdiscSpecification(parsing: words)
    #expect(specification.description == canonical)
    #expect(try QdiscSpecification(parsing: canonical) == specification)
  }

  /// Words that are refused, and what the reason says.
  @Test(arguments: [
    ("", "no kind"), ("fifo", "unknown kind \"fifo\"; known are default, noqueue"),
    ("pfifo 100", "unknown word \"100\"; pfifo takes limit"),
    ("pfifo limit", "limit needs a whole number of frames"),
    ("pfifo limit 1.5", "not \"1.5\""), ("pfifo limit -1", "not \"-1\""),
    ("pfifo limit 0", "limit 0 is outside 1 to 4294967295"),
    ("pfifo limit 10 20", "unknown word \"20\" after limit"),
    ("pfifo limit 1 limit 2", "\"limit\" stands twice"),
    ("mq limit 3", "unknown word \"limit\"; mq has no options"),
    ("tbf", "rate is missing: a rate such as 100mbit"),
    ("tbf rate 100", "rate needs a rate such as 100mbit"),
    ("tbf rate 100mb burst 1kb limit 1kb", "not \"100mb\""),
    ("tbf rate 100mbit burst 32kb", "either latency (such as 50ms) or limit"),
    ("tbf rate 100mbit burst 32kb limit 1 latency 1ms", "either latency"),
    ("tbf rate 8bit burst 1gb limit 1kb", "burst is too large for the rate"),
    ("tbf rate 8tbit burst 1kb latency 100s", "latency at this rate is above 4 GB"),
    ("htb burst 3kb", "rate is missing"),
    ("htb rate 1gbit ceil 2gbit", "unknown word \"ceil\" after rate"),
    ("htb rate 1gbit quantum 5", "quantum 5 is outside 1000 to 200000"),
    ("cake bandwidth unlimited", "bandwidth needs a rate"),
    ("cake rtt 999ns", "rtt 999ns is outside 1us to 4294967295us"),
    ("cake diffserv4", "unknown word \"diffserv4\"; cake takes bandwidth, rtt"),
    ("netem loss 101%", "loss needs a share"), ("netem loss 1", "such as 0.1%"),
    ("netem delay 10", "delay needs a time"), ("netem delay 300s", "is outside"),
    ("netem reorder 1%", "reorder needs a delay"),
    ("netem delay 1ms 2ms", "varies by more than it is"),
    ("netem delay 1ms 1ms 1ms", "unknown word \"1ms\" after delay"),
    ("tbf rate 99999999999999999999gbit burst 1kb limit 1kb", "rate needs"),
    ("tbf rate 1e3mbit burst 1kb limit 1kb", "rate needs"),
    ("tbf rate ..mbit burst 1kb limit 1kb", "rate needs"),
    ("cake verbatim 0", "hexadecimal"), ("cake verbatim zz", "hexadecimal"),
    ("cake verbatim 00 00", "hexadecimal"),
    ("averyveryverylongkind verbatim 00", "hexadecimal"),
  ])
  func refusals(words: String, reason: String) {
    let error = #expect(throws: QdiscSyntaxError.self) {
      try QdiscSpecification(parsing: words)
    }
    #expect(error?.text == words)
    #expect(error?.description.contains(reason) == true, "\(error as Any)")
  }

  @Test func randomWordsAreSurvived() {
    var random = SplitMix(state: 7)
    let words =
      QdiscSpecification.kinds + [
        "rate", "burst", "limit", "latency", "delay", "loss", "quantum", "1", "0", "5%", "1ms",
        "18446744073709551615", "9e99", "1gbit", "0.0000001ns", "%", "verbatim", "ff", "é", "",
        "340282366920938463463374607431768211456kb", "1.2.3kb", "Infinitybit", "nan%",
      ]
    var accepted = 0
    for _ in 0..<20_000 {
      let count = Int.random(in: 1...8, using: &random)
      let text = (0..<count).map { _ in words[Int.random(in: words.indices, using: &random)] }
        .joined(separator: " ")
      guard let found = try? QdiscSpecification(parsing: text) else { continue }
      accepted += 1
      let again = try? QdiscSpecification(parsing: found.description)
      #expect(again == found)
      #expect(found.options?.count ?? 0 < 200)
    }
    #expect(accepted > 100)
  }

  @Test func whatIsLeftOpenMayBeAnything() throws {
    func specification(_ words: String) throws -> QdiscSpecification {
      try QdiscSpecification(parsing: words)
    }
    #expect(try specification("pfifo").isMet(by: specification("pfifo limit 1000")))
    #expect(try !specification("pfifo limit 1").isMet(by: specification("pfifo limit 1000")))
    #expect(try !specification("pfifo").isMet(by: specification("bfifo limit 1000")))
    #expect(try specification("cake").isMet(by: specification("cake rtt 100ms")))
    #expect(try !specification("cake").isMet(by: specification("cake bandwidth 1gbit")))
    #expect(try !specification("cake rtt 1ms").isMet(by: specification("cake rtt 100ms")))
    #expect(
      try specification("htb rate 1gbit").isMet(
        by: specification("htb rate 1gbit burst 1592 quantum 200000")))
    #expect(
      try !specification("htb rate 1gbit").isMet(by: specification("htb rate 1gbit burst 1500")))
    #expect(
      try specification("tbf rate 1mbit burst 10kb latency 1ms").isMet(
        by: specification("tbf rate 1mbit burst 10kb limit 10365")))
  }

  @Test func ticksRoundUpAndBytesDown() {
    let gigabit = RateSpecification(bitsPerSecond: 1_000_000_000)
    #expect(gigabit.ticks(for: 1600) == 200)
    #expect(gigabit.ticks(for: 1601) == 201)
    #expect(gigabit.bytes(in: 200) == 1600)
    #expect(RateSpecification(bitsPerSecond: 0).ticks(for: 1) == nil)
    #expect(RateSpecification(bitsPerSecond: 8).ticks(for: 1 << 40) == nil)
    #expect(RateSpecification(bytesPerSecond: .max).bytes(in: .max) == .max)
    #expect(RateSpecification(bytesPerSecond: 5_000_000_000).wide == 5_000_000_000)
  }
}
