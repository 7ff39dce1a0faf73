import Testing

@Suite struct LabTestsPlaceholder {
}
