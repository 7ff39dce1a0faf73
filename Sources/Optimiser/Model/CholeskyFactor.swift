import Foundation

/// The Cholesky factor of a symmetric, positive matrix: A = L Lᵀ, L below the diagonal.
struct CholeskyFactor {
  let order: Int
  /// Row by row, the upper half unused.
  private var elements: [Double]

  /// - Parameters:
  ///   - matrix: row by row; only its lower half is looked at.
  ///   - order: rows, as many as columns.
  /// - Returns: nil if the matrix is not positive, to the accuracy of the numbers.
  init?(_ matrix: [Double], order: Int) {
    precondition(matrix.count == order * order, "a square has as many rows as columns")
    self.order = order
    elements = matrix
    for row in 0..<order {
      for column in 0...row {
        let sum =
          elements[row * order + column]
          - Self.product(elements, row * order, elements, column * order, count: column)
        if row == column {
          guard sum > 0, sum.isFinite else { return nil }
          elements[row * order + row] = sum.squareRoot()
        } else {
          elements[row * order + column] = sum / elements[column * order + column]
        }
      }
    }
  }

  /// The scalar product of so many numbers from two places on. Four sums, as none then waits for the
  /// other.
  static func product(
    _ left: [Double], _ leftStart: Int, _ right: [Double], _ rightStart: Int, count: Int
  ) -> Double {
    var sums = SIMD4<Double>()
    var place = 0
    while place + 4 <= count {
      let (i, j) = (leftStart + place, rightStart + place)
      let first = SIMD4<Double>(left[i], left[i + 1], left[i + 2], left[i + 3])
      let second = SIMD4<Double>(right[j], right[j + 1], right[j + 2], right[j + 3])
      sums += first * second
      place += 4
    }
    var rest = sums.sum()
    while place < count {
      rest += left[leftStart + place] * right[rightStart + place]
      place += 1
    }
    return rest
  }

  /// ln |A|.
  var logDeterminant: Double {
    2 * (0..<order).reduce(0) { $0 + log(elements[$1 * order + $1]) }
  }

  /// The x with L x = b.
  func solveLower(_ right: [Double]) -> [Double] {
    var x = right
    for row in 0..<order {
      x[row] =
        (x[row] - Self.product(elements, row * order, x, 0, count: row))
        / elements[row * order + row]
    }
    return x
  }

  /// The x with A x = b.
  func solve(_ right: [Double]) -> [Double] {
    var x = solveLower(right)
    for row in (0..<order).reversed() {
      x[row] /= elements[row * order + row]
      for k in 0..<row { x[k] -= elements[row * order + k] * x[row] }
    }
    return x
  }

  /// A⁻¹, row by row.
  var inverse: [Double] {
    // L⁻¹ first, column by column: each is 0 above its own place.
    var columns = [Double](repeating: 0, count: order * order)
    for column in 0..<order {
      let start = column * order
      columns[start + column] = 1 / elements[start + column]
      for row in column + 1..<max(order, column + 1) {
        let sum = Self.product(
          elements, row * order + column, columns, start + column, count: row - column)
        columns[start + row] = -sum / elements[row * order + row]
      }
    }
    var inverse = [Double](repeating: 0, count: order * order)
    for row in 0..<order {
      for column in 0...row {
        let element = Self.product(
          columns, row * order + row, columns, column * order + row, count: order - row)
        inverse[row * order + column] = element
        inverse[column * order + row] = element
      }
    }
    return inverse
  }
}
