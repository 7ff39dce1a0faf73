"""What SciPy and NumPy make of numbers that our statistics are computed from, too.

    statistics_oracle.py INPUTS.json

INPUTS.json has a list of inputs for each statistic, named as in
Tests/MeasurementTests/StatisticsOracleTests.swift; an input is a list of lists of numbers. Prints as
JSON, for each statistic and input, a list of results; null for what is not defined.

Where SciPy has no such function, the definition is followed in the plainest way: intervals by trying
shifts against SciPy's tests, boundaries by Simpson's rule.
"""

import json
import math
import sys
import warnings

import numpy
from scipy import integrate, optimize, stats


def student(numbers):
    degrees, t, probability = numbers
    distribution = stats.t(degrees)
    return [distribution.cdf(t), 2 * distribution.sf(abs(t)), distribution.ppf(probability)]


def normal(numbers):
    probability, z = numbers
    return [stats.norm.ppf(probability), stats.norm.cdf(z)]


def signed_rank_probability(values):
    return stats.wilcoxon(values, method="exact").pvalue


def signed_rank(values):
    return [signed_rank_probability(values)]


def inverted(points, probability):
    """The 95 % interval: the outermost of the points such that beyond them a test would reject.

    probability(shift) is the test's p once the values have been moved by that much.
    """
    points = numpy.sort(points)
    if probability(points[0] - 1.0) > 0.05:
        return [None, None]
    low, high = 0, (len(points) - 1) // 2
    while low < high:
        middle = (low + high) // 2
        if probability((points[middle] + points[middle + 1]) / 2) > 0.05:
            high = middle
        else:
            low = middle + 1
    return [points[low], points[len(points) - 1 - low]]


def hodges_lehmann(values):
    values = numpy.array(values)
    rows, columns = numpy.triu_indices(len(values))
    averages = (values[rows] + values[columns]) / 2
    return [
        numpy.median(averages),
        *inverted(averages, lambda shift: signed_rank_probability(values - shift)),
    ]


def sign_flip(values):
    def probability(alternative):
        return stats.permutation_test(
            (values,),
            numpy.mean,
            permutation_type="samples",
            n_resamples=numpy.inf,
            alternative=alternative,
            vectorized=True,
        ).pvalue

    return [probability("two-sided"), probability("greater"), probability("less")]


def mann_whitney(first, second):
    size = max(len(first), len(second))
    has_ties = len(set(first + second)) < len(first) + len(second)
    method = "asymptotic" if has_ties or size > 20 else "exact"
    found = stats.mannwhitneyu(first, second, method=method)
    return [found.statistic, found.pvalue]


def shift(first, second):
    first, second = numpy.array(first), numpy.array(second)
    differences = (second[None, :] - first[:, None]).ravel()

    def probability(shift):
        return stats.mannwhitneyu(first, second - shift, method="exact").pvalue

    return [numpy.median(differences), *inverted(differences, probability)]


def adjusted(probabilities):
    probabilities = numpy.array(probabilities)
    order = numpy.argsort(probabilities)
    factors = numpy.arange(len(probabilities), 0, -1)
    holm = numpy.empty_like(probabilities)
    holm[order] = numpy.minimum(1, numpy.maximum.accumulate(probabilities[order] * factors))
    return [*holm, *stats.false_discovery_control(probabilities)]


def equivalence(values, bounds):
    lower, upper = bounds
    return [
        stats.ttest_1samp(values, lower, alternative="greater").pvalue,
        stats.ttest_1samp(values, upper, alternative="less").pvalue,
    ]


def bootstrap(values, choice):
    """The interval, and all that it is computed from: estimate, jackknife, replicates."""
    values = numpy.array(values)
    statistic = (numpy.mean, numpy.std, numpy.median)[int(choice[0])]
    found = stats.bootstrap(
        (values,), statistic, n_resamples=400, method="BCa", rng=numpy.random.default_rng(1)
    )
    jackknife = [statistic(numpy.delete(values, index)) for index in range(len(values))]
    interval = found.confidence_interval
    return [
        interval.low, interval.high, statistic(values), *jackknife, *found.bootstrap_distribution
    ]


def autocorrelation(values):
    deviations = numpy.array(values) - numpy.mean(values)
    return [numpy.dot(deviations[1:], deviations[:-1]) / numpy.dot(deviations, deviations)]


def alpha_spending(choice, fractions):
    """Boundaries by Simpson's rule on a grid that is fine for every look."""
    is_pocock, alpha = choice

    def spent(fraction):
        if is_pocock:
            return alpha * math.log(1 + (math.e - 1) * fraction)
        return 4 * stats.norm.sf(stats.norm.isf(alpha / 4) / math.sqrt(fraction))

    boundaries = []
    grid, density, last = None, None, 0.0
    for fraction in fractions:
        step = math.sqrt(fraction - last)

        def crossing(z):
            bound = z * math.sqrt(fraction)
            if grid is None:
                return 2 * stats.norm.sf(z)
            beyond = stats.norm.sf((bound - grid) / step) + stats.norm.sf((bound + grid) / step)
            return integrate.simpson(density * beyond, x=grid)

        spending = spent(fraction) - (spent(last) if last else 0)
        z = optimize.brentq(lambda z: crossing(z) - spending, 0, 20, xtol=1e-13)
        boundaries.append(z)
        bound = z * math.sqrt(fraction)
        next_grid = numpy.linspace(-bound, bound, 2001)
        if grid is None:
            density = stats.norm.pdf(next_grid, scale=step)
        else:
            kernel = stats.norm.pdf(next_grid[:, None], grid[None, :], step)
            density = integrate.simpson(kernel * density, x=grid)
        grid, last = next_grid, fraction
    return boundaries


STATISTICS = {
    "student": student,
    "normal": normal,
    "signedRank": signed_rank,
    "hodgesLehmann": hodges_lehmann,
    "signFlip": sign_flip,
    "mannWhitney": mann_whitney,
    "shift": shift,
    "adjusted": adjusted,
    "equivalence": equivalence,
    "bootstrap": bootstrap,
    "autocorrelation": autocorrelation,
    "alphaSpending": alpha_spending,
}


def plain(value):
    """A number that JSON has; null for what is not one."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)


if __name__ == "__main__":
    # Of samples whose values are all the same.
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        questions = json.load(file)
    json.dump(
        {
            name: [[plain(value) for value in STATISTICS[name](*one)] for one in inputs]
            for name, inputs in questions.items()
        },
        sys.stdout,
    )
