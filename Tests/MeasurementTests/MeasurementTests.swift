import Testing

@Suite struct MeasurementTestsPlaceholder {
}
