"""Compares the search of kvmtune with other optimisers on full tables, and prints a Markdown table.

  optimisers.py KVMTUNE FOLDER [--budget N] [--noise SHARE] [--seeds N] [--only WORD]
                [--drawn FIRST-LAST] [--recorded CSV...] [--without PEER...]

Every optimiser gets the same tables, as many noisy measurements and as many seeds, and the default
as its first configuration. What counts is the true value of what it recommends, as a ratio to the
default, and how much of the best value of the table that misses: tables differ in what there is to
gain, so that only the latter says what becomes of an unlucky seed on any of them. The synthetic
tables are written to FOLDER, recorded ones read from a sweep's trials.csv; --drawn adds tables drawn
at random.
"""

import argparse
import csv
import itertools
import json
import logging
import math
import pathlib
import random
import statistics
import subprocess
import tempfile
import warnings
from concurrent.futures import ProcessPoolExecutor

QUEUES = [1, 2, 4, 8]
RINGS = [256, 512, 1024, 2048, 4096]


def additive(row):
    """Every knob by itself."""
    return (
        0.03 * math.log2(row["ring"] / 256)
        + {"default": 0, "fq": -0.02, "pfifo": 0.06}[row["qdisc"]]
        + 0.12 * (row["mtu"] == 9000)
        - 0.08 * (row["tso"] == "off")
        + 0.04 * QUEUES.index(row["queues"])
    )


def interactions(row):
    """Queues help only where interrupts are spread, jumbo frames only with a large ring."""
    gain = 0.0
    if row["queues"] >= 4:
        gain += 0.25 if row["affinity"] == "spread" else -0.10
    elif row["affinity"] == "spread":
        gain -= 0.03
    if row["busy_poll"] == 50 and row["usecs"] <= 10:
        gain += 0.10
    if row["mtu"] == 9000:
        gain += 0.08 if row["ring"] >= 1024 else -0.12
    return gain


def plateau(row):
    """Enough is enough."""
    gain = 0.15 * (row["budget"] >= 600) + 0.05 * (row["backlog"] >= 4000)
    return gain + 0.10 * (row["txqueuelen"] >= 1000 and row["budget"] >= 600)


def cliff(row):
    """The best lies beside what breaks everything."""
    if row["ring"] * row["queues"] > 16384:
        return -1.0
    if row["mtu"] == 9000 and row["rxbuf"] == "small":
        return -0.7
    ring = 0.05 * math.log2(row["ring"] / 512)
    return ring + 0.06 * QUEUES.index(row["queues"]) + 0.10 * (row["mtu"] == 9000)


def valley(row):
    """A narrow optimum in two numbers."""
    usecs = math.log2(row["usecs"] + 1)
    frames = math.log2(row["frames"])
    hill = 0.35 * math.exp(-((usecs - 5) ** 2) / 3 - (frames - 4) ** 2 / 4)
    return hill - 0.02 * (row["adaptive"] == "on") + 0.04 * (row["weight"] == 128)


def rugged():
    """Words with an effect each, and one for each pair of them."""
    draw = random.Random(7)
    effects = {}

    def value(row):
        items = sorted(row.items())
        pairs = list(itertools.combinations(items, 2))
        return sum(effects.setdefault(item, draw.gauss(0, 0.05)) for item in items) + sum(
            effects.setdefault(pair, draw.gauss(0, 0.015)) for pair in pairs
        )

    return value


def tuned(row):
    """The default is the best."""
    return (
        -0.05 * abs(RINGS.index(row["ring"]) - 2)
        - 0.06 * (row["qdisc"] != "fq")
        - 0.10 * (row["tso"] == "off")
        - 0.03 * abs(QUEUES.index(row["queues"]) - 2)
    )


def small(row):
    """Effects below the noise of a measurement."""
    gain = 0.02 * (row["a"] == "on") + 0.03 * (row["b"] == "on") - 0.04 * (row["c"] == "on")
    return gain + 0.015 * [1, 2, 4].index(row["d"])


SWITCH = ["off", "on"]
TABLES = {
    "additive": (
        {"ring": RINGS, "qdisc": ["default", "fq", "pfifo"], "mtu": [1500, 9000],
         "tso": ["on", "off"], "queues": QUEUES, "rps": SWITCH, "lro": SWITCH}, additive),
    "interactions": (
        {"queues": QUEUES, "affinity": ["default", "spread", "single"], "busy_poll": [0, 50],
         "usecs": [50, 10, 100], "mtu": [1500, 9000], "ring": [256, 1024, 4096],
         "gro": ["on", "off"]}, interactions),
    "plateau": (
        {"budget": [300, 150, 600, 1200, 2400], "backlog": [1000, 2000, 4000, 8000],
         "txqueuelen": [500, 1000, 2000, 4000], "usecs": [2000, 4000, 8000],
         "gso": ["on", "off"]}, plateau),
    "cliff": (
        {"ring": [512, 1024, 2048, 4096, 8192], "queues": QUEUES, "mtu": [1500, 9000],
         "rxbuf": ["small", "large"], "gro": ["on", "off"], "lro": SWITCH}, cliff),
    "valley": (
        {"usecs": [0, 4, 8, 16, 32, 64, 128, 256], "frames": [1, 4, 8, 16, 32, 64, 128],
         "adaptive": SWITCH, "weight": [64, 32, 128], "busy": SWITCH}, valley),
    "rugged": (
        {"a": list("pqrs"), "b": list("pqr"), "c": list("pqrs"), "d": list("pq"),
         "e": list("pqr"), "f": list("pq")}, rugged()),
    "tuned": (
        {"ring": [1024, 256, 512, 2048, 4096], "qdisc": ["fq", "pfifo", "fq_codel"],
         "tso": ["on", "off"], "queues": [4, 1, 2, 8], "rps": SWITCH}, tuned),
    "small": (
        {"a": SWITCH, "b": SWITCH, "c": SWITCH, "d": [1, 2, 4], "e": SWITCH, "f": QUEUES}, small),
    "planted": (
        {f"k{i}": SWITCH for i in range(10)},
        lambda row: 0.10 * (row["k3"] == "on") + 0.06 * (row["k7"] == "on")),
}


def drawn(number):
    """Four to nine knobs, effects of one to ten percent, some with interactions or a cliff; the
    default is one of the better configurations, the first value of each knob."""
    draw = random.Random(90000 + number)
    count, size = 0, 0
    while not 60 <= size <= 6000:
        count = draw.randint(4, 9)
        levels = [draw.choice([2, 2, 2, 3, 4, 5, 6]) for _ in range(count)]
        size = math.prod(levels)
    scale, active = draw.choice([0.01, 0.02, 0.03, 0.06, 0.1]), draw.choice([0.4, 0.7, 1.0])
    coupling = draw.choice([0, 0.2, 0.5, 1.0])
    acts = [draw.random() < active for _ in range(count)]
    is_ordinal = [draw.random() < 0.5 and levels[k] > 2 for k in range(count)]
    slopes = [(draw.gauss(0, scale), draw.gauss(0, scale)) for _ in range(count)]
    words = [[draw.gauss(0, scale) for _ in range(levels[k])] for k in range(count)]
    pairs = {
        (a, b): [[draw.gauss(0, scale * coupling) for _ in range(levels[b])]
                 for _ in range(levels[a])]
        for a, b in itertools.combinations(range(count), 2)
        if acts[a] and acts[b] and draw.random() < 0.3}
    edge = draw.sample(range(count), 2) if draw.random() < 0.25 else []

    def gain(point):
        total = -0.6 * bool(edge and all(point[k] == levels[k] - 1 for k in edge))
        for knob in filter(acts.__getitem__, range(count)):
            place = point[knob] / (levels[knob] - 1)
            slope, bend = slopes[knob]
            total += (2 * slope * place + 2 * bend * (place - 0.5) ** 2 if is_ordinal[knob]
                      else words[knob][point[knob]])
        return total + sum(table[point[a]][point[b]] for (a, b), table in pairs.items())

    points = sorted(itertools.product(*map(range, levels)), key=gain)
    default = points[int(draw.choice([0.3, 0.5, 0.7, 0.9]) * len(points))]
    names = [f"k{knob}" for knob in range(count)]

    def label(knob, place):
        return 2 ** (place + 6) if is_ordinal[knob] else "abcdef"[place]

    places = [
        {label(knob, place): place
         for place in sorted(range(levels[knob]), key=lambda place: place != default[knob])}
        for knob in range(count)]
    knobs = {name: list(places[knob]) for knob, name in enumerate(names)}
    return knobs, lambda row: gain([places[knob][row[name]] for knob, name in enumerate(names)])


# Drift as a share of a step, and whether noise has wild values, where a table is to have them.
CONDITIONS = {"additive, drifting": ("additive", 0.005, False), "valley, wild": ("valley", 0, True)}


def write(folder, name, knobs, value):
    path = folder / f"{name}.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*knobs, "value"])
        for values in itertools.product(*knobs.values()):
            gain = value(dict(zip(knobs, values)))
            writer.writerow([*values, repr(1e6 * math.exp(gain))])
    return path


def write_recorded(folder, trials):
    """The search of a sweep as a table: each configuration's median ratio to the default."""
    with open(trials, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["valid"] == "true"]
    knobs = [name for name in rows[0] if name.startswith("knob.")]
    metric = rows[0]["objective"].split(";")[0].split()[1]
    sides = {}
    for row in rows:
        place = (row["trial"], row["workload"], row["block"], row["sample"])
        sides.setdefault(place, {})[row["role"]] = row
    ratios = {}
    for pair in sides.values():
        if "search" in pair and "baseline" in pair and pair["search"][metric]:
            key = tuple(pair["search"][knob] or "default" for knob in knobs)
            ratio = float(pair["search"][metric]) / float(pair["baseline"][metric])
            ratios.setdefault(key, []).append(ratio)
    path = folder / f"recorded-{pathlib.Path(trials).parent.name}.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(knob.removeprefix("knob.") for knob in knobs), "value"])
        writer.writerow([*("default" for _ in knobs), "1.0"])
        for key, values in ratios.items():
            writer.writerow([*key, repr(statistics.median(values))])
    return path


class Table:
    """A table with logarithms of ratios to the default."""

    def __init__(self, path):
        rows = list(csv.reader(open(path, newline="")))
        self.names = rows[0][:-1]
        truth = {tuple(row[:-1]): math.log(float(row[-1])) for row in rows[1:]}
        self.default = tuple(rows[1][:-1])
        self.truth = {key: value - truth[self.default] for key, value in truth.items()}
        self.levels = [self.ordered({key[i] for key in truth}) for i in range(len(self.names))]

    @staticmethod
    def is_number(word):
        return word.replace(".", "", 1).isdigit()

    def ordered(self, words):
        return sorted(words, key=lambda word: (0, float(word), "") if self.is_number(word)
                      else (1, 0, word))

    def is_ordinal(self, knob):
        return len(self.levels[knob]) > 2 and all(map(self.is_number, self.levels[knob]))


class Bench:
    def __init__(self, table, noise, drift, is_wild, seed):
        self.table, self.noise, self.drift, self.is_wild = table, noise, drift, is_wild
        self.draw, self.level = random.Random(seed * 7919 + 13), 0.0

    def measure(self, key):
        self.level += self.drift * self.draw.gauss(0, 1)
        error = self.draw.gauss(0, 1)
        if self.is_wild:
            chi = sum(self.draw.gauss(0, 1) ** 2 for _ in range(3))
            error = error / math.sqrt(chi / 3) / math.sqrt(3)
        # A configuration that the table lacks cannot be applied.
        return self.table.truth.get(key, -1.0) + self.level + self.noise * error


def random_search(table, bench, budget, seed):
    keys = random.Random(seed).sample(sorted(table.truth), min(budget - 1, len(table.truth)))
    return max((bench.measure(key), key) for key in [table.default, *keys])[1]


def optuna_search(table, bench, budget, sampler):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def encoded(knob, word):
        return table.levels[knob].index(word) if table.is_ordinal(knob) else word

    def suggest(trial, knob):
        levels = table.levels[knob]
        if table.is_ordinal(knob):
            return levels[trial.suggest_int(table.names[knob], 0, len(levels) - 1)]
        return trial.suggest_categorical(table.names[knob], levels)

    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.enqueue_trial(
        {name: encoded(knob, table.default[knob]) for knob, name in enumerate(table.names)})
    study.optimize(
        lambda trial: bench.measure(tuple(suggest(trial, k) for k in range(len(table.names)))),
        n_trials=budget)
    best = study.best_params
    return tuple(
        table.levels[knob][best[name]] if table.is_ordinal(knob) else best[name]
        for knob, name in enumerate(table.names))


def tpe(table, bench, budget, seed):
    import optuna

    return optuna_search(table, bench, budget, optuna.samplers.TPESampler(seed=seed))


def gp(table, bench, budget, seed):
    import optuna
    import torch

    torch.set_num_threads(1)
    sampler = optuna.samplers.GPSampler(seed=seed, deterministic_objective=False)
    return optuna_search(table, bench, budget, sampler)


def smac(table, bench, budget, seed):
    from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, OrdinalHyperparameter
    from smac import HyperparameterOptimizationFacade, Scenario

    logging.disable(logging.CRITICAL)
    space = ConfigurationSpace(seed=seed)
    for knob, name in enumerate(table.names):
        kind = OrdinalHyperparameter if table.is_ordinal(knob) else CategoricalHyperparameter
        space.add(kind(name, table.levels[knob], default_value=table.default[knob]))

    def key(configuration):
        return tuple(configuration[name] for name in table.names)

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            space, deterministic=False, n_trials=budget, seed=seed,
            output_directory=pathlib.Path(folder))
        facade = HyperparameterOptimizationFacade(
            scenario, lambda configuration, seed=0: -bench.measure(key(configuration)),
            overwrite=True, logging_level=50)
        return key(facade.optimize())


PEERS = {"random": random_search, "Optuna TPE": tpe, "Optuna GP": gp, "SMAC3": smac}


def rehearse(peer, path, budget, noise, drift, is_wild, seed):
    warnings.filterwarnings("ignore")
    table = Table(path)
    bench = Bench(table, noise, drift, is_wild, seed)
    return table.truth.get(PEERS[peer](table, bench, budget, seed), -1.0)


def ours(arguments, path, drift, is_wild):
    command = [
        arguments.kvmtune, "replay", str(path), "--strategy", "model", "--format", "json",
        "--budget", str(arguments.budget), "--noise", str(arguments.noise), "--drift", str(drift),
        "--tails", "heavy" if is_wild else "normal", "--seeds", str(arguments.seeds)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [math.log(seed["ratio"]) for seed in json.loads(out)["seeds"]]


def cell(gains, effect=0.02):
    gains = sorted(gains)
    worse = sum(gain < -math.log1p(effect) for gain in gains)
    mean = math.exp(statistics.fmean(gains)) - 1
    tenth = math.exp(gains[len(gains) // 10]) - 1
    mark = f", {worse} worse" if worse else ""
    return f"{100 * mean:+.1f} % ({100 * tenth:+.1f} %{mark})"


def missed_cell(losses):
    """Of the logarithms of ratios to the best: the mean, what nine of ten keep below, the worst."""
    losses = sorted(losses)
    mean, tenth, worst = (
        100 * (1 - math.exp(loss))
        for loss in (statistics.fmean(losses), losses[len(losses) // 10], losses[0]))
    return f"{mean:.1f} % ({tenth:.1f} %, worst {worst:.1f} %)"


def numbers(text):
    """Those from FIRST to LAST, as in 0-63."""
    first, last = map(int, text.split("-"))
    return range(first, last + 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kvmtune")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--budget", type=int, default=60)
    parser.add_argument("--noise", type=float, default=0.05)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--only", default="")
    parser.add_argument("--drawn", type=numbers, default=range(0))
    parser.add_argument("--recorded", nargs="*", default=[])
    parser.add_argument("--without", nargs="*", default=[], choices=PEERS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    tables = TABLES | {f"drawn-{number}": drawn(number) for number in arguments.drawn}
    cases = {
        name: (write(arguments.folder, name, *table), 0, False) for name, table in tables.items()}
    cases |= {
        name: (arguments.folder / f"{table}.csv", drift, is_wild)
        for name, (table, drift, is_wild) in CONDITIONS.items()}
    for trials in arguments.recorded:
        path = write_recorded(arguments.folder, trials)
        cases[path.stem] = (path, 0, False)
    peers = [peer for peer in PEERS if peer not in arguments.without]
    print(f"{arguments.budget} measurements, noise {100 * arguments.noise:g} %, "
          f"{arguments.seeds} seeds: mean gain over the default (a tenth of the seeds is below)\n")
    print("| table | the best | kvmtune | " + " | ".join(peers) + " |")
    print("|---|---|---|" + "---|" * len(peers), flush=True)
    totals = {name: [] for name in ["kvmtune", *peers]}
    missed = {name: [] for name in totals}
    with ProcessPoolExecutor() as pool:
        for name, (path, drift, is_wild) in cases.items():
            if arguments.only not in name:
                continue
            gains = {"kvmtune": ours(arguments, path, drift, is_wild)}
            for peer in peers:
                jobs = [
                    pool.submit(rehearse, peer, path, arguments.budget, arguments.noise, drift,
                                is_wild, seed)
                    for seed in range(1, arguments.seeds + 1)]
                gains[peer] = [job.result() for job in jobs]
            best = max(Table(path).truth.values())
            print(f"| {name} | {100 * math.expm1(best):+.1f} % | "
                  + " | ".join(cell(gains[peer]) for peer in totals) + " |", flush=True)
            for peer, values in gains.items():
                totals[peer] += values
                missed[peer] += [value - best for value in values]
    print("| **all** | | " + " | ".join(cell(totals[peer]) for peer in totals) + " |")
    print("| **missed of the best** | | "
          + " | ".join(missed_cell(missed[peer]) for peer in totals) + " |")


if __name__ == "__main__":
    main()
