import Testing

@testable import Lab

@Suite struct InterfaceFieldTests {
  /// A value of each field that is not its default.
  static let others: [(InterfaceField, String)] = [
    (.model, "igb"), (.attachment, "macvtap"), (.vhost, "on"), (.queues, "4"), (.vectors, "10"),
    (.receiveQueueSize, "1024"), (.transmitQueueSize, "512"), (.packed, "on"),
    (.eventIndex, "off"), (.mergeableBuffers, "off"), (.hostMTU, "9000"), (.node, "1"),
  ]

  @Test func everyFieldIsSetAndReadAndNoOther() throws {
    #expect(Self.others.map(\.0) == InterfaceField.allCases)
    for (field, text) in Self.others {
      var interface = GuestInterface.plain
      try interface.set(field, to: text)
      for other in InterfaceField.allCases {
        let expected = other == field ? text : GuestInterface.plain[other]
        #expect(interface[other] == expected, "\(other.rawValue) after \(field.rawValue)")
      }
      #expect(interface != .plain)
      try interface.set(field, to: GuestInterface.plain[field])
      #expect(interface == .plain, "\(field.rawValue) goes back to what it was")
    }
  }

  @Test func everyValueOfEveryChoiceIsTaken() throws {
    for field in InterfaceField.allCases {
      #expect(!field.summary.isEmpty && !field.summary.contains("\n"))
      guard case .choices(let texts) = field.domain else { continue }
      for text in texts {
        var interface = GuestInterface.plain
        try interface.set(field, to: text)
        #expect(interface[field] == text)
      }
    }
  }

  @Test(arguments: [
    (InterfaceField.queues, "0"), (.queues, "257"), (.queues, "+4"), (.queues, "auto"),
    (.queues, " 4"), (.queues, ""), (.vectors, "515"), (.vectors, "none"), (.model, "Virtio"),
    (.model, "virtio-net-pci"), (.attachment, "tap"), (.vhost, "true"), (.packed, "1"),
    (.receiveQueueSize, "128"), (.transmitQueueSize, "2048"), (.hostMTU, "67"),
    (.hostMTU, "65522"), (.node, "8"), (.node, "-1"),
  ])
  func otherTextsAreRefused(_ field: InterfaceField, _ text: String) {
    var interface = GuestInterface.plain
    let objection = #expect(throws: GuestObjection.self) { try interface.set(field, to: text) }
    #expect(objection?.subject == "interface.\(field.rawValue)")
    #expect(objection?.reason == "'\(text)' is no value of it")
    #expect(objection?.remedy == "it takes \(field.domain)")
    #expect(interface == .plain)
  }

  @Test func domainsReadAsSentences() {
    #expect(InterfaceField.vhost.domain.description == "on, off")
    #expect(InterfaceField.queues.domain.description == "1 to 256")
    #expect(InterfaceField.hostMTU.domain.description == "68 to 65521 or none")
    #expect(
      InterfaceField.model.domain.description == "rtl8139, e1000, e1000e, igb, vmxnet3, virtio")
  }

  /// What a sweep may take from one model to the next without an objection.
  @Test func defaultsNamedInWordsFitEveryModel() throws {
    for model in GuestInterface.Model.allCases {
      var interface = GuestInterface(model: model, attachment: .bridge)
      for field in InterfaceField.allCases where field != .model && field != .attachment {
        try interface.set(field, to: GuestInterface.plain[field])
      }
      let guest = GuestDefinition(interfaces: [interface])
      #expect(GuestDefinitionTests.texts(guest).isEmpty)
    }
  }
}
