"""Fleets for tests and measurements: ordinary ones, and fleets that are hard for one method or another.

A family is a function of (n, seed), for n >= 4. It returns n units and a load, always the same for the same
arguments. A unit is a plain tuple (marginal_cost, min_output, max_output), in 1e-9 euro per MWh and in tenths
of a MW. Marginal costs are computed as in the service: fuel price / efficiency, and 0.3 t of CO2 for each MWh
from gas.

The seed also selects the shape: consecutive seeds give the variants in the docstring, one after the other. If a
docstring says that a plan exists, or that there is none, this holds for every n and seed.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

PlainUnit = tuple[int, int, int]
Fleet = tuple[list[PlainUnit], int]
Family = Callable[[int, int], Fleet]

FAMILIES: dict[str, Family] = {}

WIND_COST = 0


def _family(generator: Family) -> Family:
    FAMILIES[generator.__name__] = generator
    return generator


# ---- Ordinary fleets -----------------------------------------------------------------------------


@_family
def ordinary(n: int, seed: int) -> Fleet:
    """The challenge's mix with a few efficiencies: the usual payload, easy to solve; the overhead dominates."""
    return _mix(n, _random("ordinary", n, seed), distinct=False)


@_family
def distinct(n: int, seed: int) -> Fleet:
    """The ordinary mix with all efficiencies distinct: there are no equal costs to merge."""
    return _mix(n, _random("distinct", n, seed), distinct=True)


@_family
def negative_prices(n: int, seed: int) -> Fleet:
    """The ordinary mix with gas below zero: the least efficient plant comes first, wind after gas."""
    rng = _random("negative_prices", n, seed)
    fuels = Fuels(gas=-100 * rng.randint(100, 600), kerosine=50_800, co2=rng.randint(0, 20))
    return _mix(n, rng, distinct=seed % 2 == 1, fuels=fuels)


@_family
def large_loads(n: int, seed: int) -> Fleet:
    """Loads of 10^6 tenths and more, 6 * 10^4 on average for each plant: shows what grows with the load.

    Shapes: wide ranges; half of the plants narrow (l >= 0.95 h); half of them block units of cost 0.
    """
    rng = _random("large_loads", n, seed)
    fuels = _fuels(rng)
    scale = max(60_000, 4_000_000 // n)
    units = []
    for efficiency in _distinct_efficiencies(rng, n, 350_000, 620_000):
        high = rng.randint(scale // 2, scale * 3 // 2)
        low = high * rng.randint(20, 50) // 100
        cost = fuels.gas_cost(efficiency)
        if seed % 3 == 1 and rng.random() < 0.5:
            low = high * rng.randint(95, 99) // 100
        elif seed % 3 == 2 and rng.random() < 0.5:
            low, cost = high, WIND_COST
        units.append((cost, low, high))
    load = max(_share_of_capacity(rng, units, 40, 90), 1_000_000)
    return units, load


@_family
def few_pmin(n: int, seed: int) -> Fleet:
    """A load of a few min_outputs: only a few of many near-equal plants can run, in any combination.

    Shapes: loads between 1 and 5 min_outputs of wide plants; the same with narrow ranges; a load below every
    min_output but for some block units of cost 0.
    """
    rng = _random("few_pmin", n, seed)
    fuels = _fuels(rng)
    shape = seed % 3
    units = []
    for efficiency in _near_equal_efficiencies(rng, n):
        low = rng.randint(900, 1_300)
        high = low * 2 + rng.randint(0, 400) if shape != 1 else low + rng.randint(0, 30)
        units.append((fuels.gas_cost(efficiency), low, high))
    if shape == 2:
        for i in range(max(2, n // 4)):
            output = rng.randint(50, 400)
            units[i] = (WIND_COST, output, output)
        load = rng.randint(400, 890)
    else:
        load = sum(rng.choice(units)[1] for _ in range(rng.randint(1, 4))) + rng.randint(0, 300)
    return _shuffled(rng, units), min(load, _capacity(units))


@_family
def near_capacity(n: int, seed: int) -> Fleet:
    """A load next to full capacity: the mirror of few_pmin: few plants may be off, and none may be low.

    Shapes: a little less than everything; exactly everything; a few max_outputs less; narrow ranges at the
    latter.
    """
    rng = _random("near_capacity", n, seed)
    fuels = _fuels(rng)
    shape = seed % 4
    units = []
    for efficiency in _distinct_efficiencies(rng, n, 350_000, 620_000):
        high = rng.randint(500, 5_000)
        low = high * (rng.randint(95, 100) if shape == 3 else rng.randint(30, 100)) // 100
        units.append((fuels.gas_cost(efficiency), low, high))
    capacity = _capacity(units)
    if shape == 0:
        load = capacity - rng.randint(1, 200)
    elif shape == 1:
        load = capacity
    else:
        load = capacity - sum(rng.choice(units)[2] for _ in range(rng.randint(1, 3))) - rng.randint(0, 50)
    return units, max(load, 0)


# ---- Narrow ranges, and counts -------------------------------------------------------------------


@_family
def narrow(n: int, seed: int) -> Fleet:
    """Narrow ranges (l >= 0.95 h) at near-equal costs: the relaxed fill says little about which plants run.

    Shapes: sizes from 30 to 500 MW; sizes within 5 %; a tenth of the plants block units of cost 0. A plan
    exists.
    """
    rng = _random("narrow", n, seed)
    fuels = _fuels(rng)
    shape = seed % 3
    units = []
    for efficiency in _near_equal_efficiencies(rng, n):
        high = rng.randint(3_000, 3_150) if shape == 1 else rng.randint(300, 5_000)
        low = -(-high * rng.randint(95, 99) // 100)
        if shape == 2 and rng.random() < 0.1:
            units.append((WIND_COST, high, high))
        else:
            units.append((fuels.gas_cost(efficiency), low, high))
    return units, _planned_load(rng, units, rng.randint(20, 80))


@_family
def engines(n: int, seed: int) -> Fleet:
    """Identical narrow engines, k too few and k + 1 too many: symmetric, so branching visits 2^n equal cases.

    Shapes: the load lies between k and k + 1 engines (no plan); k engines at max_output; k + 1 at min_output;
    between, with one small turbojet that still does not reach it (no plan); between, with one that just does.
    """
    rng = _random("engines", n, seed)
    fuels = _fuels(rng)
    shape = seed % 5
    cost = fuels.gas_cost(10_000 * rng.randint(42, 60))
    running = rng.randint(n // 3, n // 2)
    low = rng.randint(50, 200) * 10 + 6 * n
    high = low + low // (2 * running + 2)
    units = [(cost, low, high)] * n
    most_of_k, least_of_next = running * high, (running + 1) * low
    if shape == 1:
        return units, most_of_k
    if shape == 2:
        return units, least_of_next
    load = rng.randint(most_of_k + 2, least_of_next - 1)
    if shape >= 3:
        reach = load - most_of_k - (1 if shape == 3 else 0)
        units[rng.randrange(n)] = (fuels.jet_cost(300_000), 0, reach)
    return units, load


@_family
def counted(n: int, seed: int) -> Fleet:
    """With k plants too few and k + 1 too many an expensive peaker runs: the bound does not include its cost.

    Shapes: near-equal costs; costs from poor to good; one cost; two peakers that must both run. A plan
    exists.
    """
    rng = _random("counted", n, seed)
    peakers = 2 if seed % 4 == 3 else 1
    units, most_of_k, least_of_next = _counted_plants(rng, n - peakers, seed % 4)
    load = rng.randint(most_of_k + 1, least_of_next - 1)
    missing = load - most_of_k
    fuels = _fuels(rng)
    if peakers == 2:
        units.append((fuels.jet_cost(280_000), 0, missing * 2 // 3))
        units.append((fuels.jet_cost(300_000), 0, missing))
    else:
        units.append((fuels.jet_cost(300_000), 0, missing + units[0][1] // 4))
    return _shuffled(rng, units), load


@_family
def counted_no_plan(n: int, seed: int) -> Fleet:
    """With k plants too few, k + 1 too many and no peaker there is no plan, which only counting shows quickly.

    Shapes: near-equal costs; costs from poor to good; one cost; the load a tenth beyond what k plants reach.
    """
    rng = _random("counted_no_plan", n, seed)
    units, most_of_k, least_of_next = _counted_plants(rng, n, seed % 4)
    load = most_of_k + 1 if seed % 4 == 3 else rng.randint(most_of_k + 1, least_of_next - 1)
    return _shuffled(rng, units), load


@_family
def counted_two_sizes(n: int, seed: int) -> Fleet:
    """Two sizes of narrow plants, and no pair of counts meets the load: a count of all plants closes no gap.

    Shapes, as ratios of the sizes: 5 : 3, 3 : 2, three sizes 7 : 5 : 3, each with an expensive peaker; 5 : 3
    without one (no plan).
    """
    rng = _random("counted_two_sizes", n, seed)
    fuels = _fuels(rng)
    shape = seed % 4
    sizes = ((5, 3), (3, 2), (7, 5, 3), (5, 3))[shape]
    step = 1_000 + 4 * n  # sums lie on multiples of it, but for the widths: less than half a step altogether
    width = step // (2 * n)
    plants = n if shape == 3 else n - 1
    units = []
    for i, efficiency in enumerate(_near_equal_efficiencies(rng, plants)):
        size = sizes[i % len(sizes)] * step
        low = size + rng.randint(0, width // 2)
        units.append((fuels.gas_cost(efficiency), low, rng.randint(low, size + width)))
    middle = plants * sum(sizes) // (2 * len(sizes))
    load = step * middle + rng.randint(step * 6 // 10, step * 9 // 10)
    if shape != 3:
        units.append((fuels.jet_cost(300_000), 0, 2 * step))
    return _shuffled(rng, units), load


@_family
def rigid_base(n: int, seed: int) -> Fleet:
    """Cheap giants with narrow ranges exceed the load, and expensive small plants can just produce the rest.

    The relaxed fill stops inside a giant. Shapes: giants as block units; giants with l >= 0.95 h; small
    plants with a min_output too.
    """
    rng = _random("rigid_base", n, seed)
    fuels = _fuels(rng)
    shape = seed % 3
    giants = max(2, n // 3)
    units = []
    for efficiency in _near_equal_efficiencies(rng, giants):
        high = rng.randint(8_000, 16_000)
        low = high if shape == 0 else high * rng.randint(95, 100) // 100
        units.append((fuels.gas_cost(efficiency), low, high))
    for efficiency in _distinct_efficiencies(rng, n - giants, 250_000, 400_000):
        high = rng.randint(100, 900)
        low = high * rng.randint(40, 80) // 100 if shape == 2 else 0
        units.append((fuels.jet_cost(efficiency), low, high))
    in_giants = sum(unit[2] for unit in units[: giants // 2])
    in_small = _capacity(units[giants:])
    return _shuffled(rng, units), in_giants + in_small * rng.randint(60, 100) // 100


# ---- Block units ---------------------------------------------------------------------------------


@_family
def block_equal(n: int, seed: int) -> Fleet:
    """Block units of one cost: subset sum.

    Shapes: any outputs; four sizes; all even. A plan exists.
    """
    rng = _random("block_equal", n, seed)
    cost = _fuels(rng).gas_cost(10_000 * rng.randint(42, 60))
    outputs = _block_outputs(rng, n, seed % 3)
    units = _blocks(outputs, [cost] * n)
    return units, _planned_load(rng, units, rng.randint(30, 70))


@_family
def block_near_equal(n: int, seed: int) -> Fleet:
    """Block units at near-equal costs: subset sum with cost differences that are too small for pruning.

    Shapes: any outputs; four sizes; all even. A plan exists.
    """
    rng = _random("block_near_equal", n, seed)
    fuels = _fuels(rng)
    outputs = _block_outputs(rng, n, seed % 3)
    units = _blocks(outputs, [fuels.gas_cost(e) for e in _near_equal_efficiencies(rng, n)])
    return units, _planned_load(rng, units, rng.randint(30, 70))


@_family
def block_correlated(n: int, seed: int) -> Fleet:
    """Strongly correlated block units: cost * output = a * output + b, so a plan costs its number of units.

    The relaxed fill takes the largest units and none of its roundings is exact. Shapes: b > 0; b < 0; b > 0
    with one part in a thousand of noise. A plan exists.
    """
    rng = _random("block_correlated", n, seed)
    base = _fuels(rng).gas_cost(10_000 * rng.randint(42, 60))
    outputs = _block_outputs(rng, n, 0)
    fixed = base * 300 * (-1 if seed % 3 == 1 else 1)
    costs = []
    for output in outputs:
        noise = fixed * rng.randint(-100, 100) // 100_000 if seed % 3 == 2 else 0
        costs.append(base + (fixed + noise) // output)
    units = _blocks(outputs, costs)
    return units, _planned_load(rng, units, rng.randint(30, 70))


@_family
def block_correlated_price(n: int, seed: int) -> Fleet:
    """Block units whose marginal cost grows (or falls, every other seed) with their size. A plan exists."""
    rng = _random("block_correlated_price", n, seed)
    base = _fuels(rng).gas_cost(10_000 * rng.randint(42, 60))
    outputs = _block_outputs(rng, n, 0)
    slope = base // 50_000 * (-1 if seed % 2 else 1)
    units = _blocks(outputs, [base + slope * output for output in outputs])
    return units, _planned_load(rng, units, rng.randint(30, 70))


@_family
def block_negative(n: int, seed: int) -> Fleet:
    """Block units with negative costs, some at zero: bounds and roundings must hold for both signs.

    Shapes: near-equal costs; costs from poor to good; cost * output strongly correlated. A plan exists.
    """
    rng = _random("block_negative", n, seed)
    fuels = Fuels(gas=-100 * rng.randint(50, 400), kerosine=50_800, co2=rng.randint(0, 10))
    outputs = _block_outputs(rng, n, 0)
    if seed % 3 == 0:
        costs = [fuels.gas_cost(e) for e in _near_equal_efficiencies(rng, n)]
    elif seed % 3 == 1:
        costs = [fuels.gas_cost(e) for e in _distinct_efficiencies(rng, n, 300_000, 620_000)]
    else:
        base = fuels.gas_cost(500_000)
        costs = [base + base * 300 // output for output in outputs]
    for i in range(0, n, 10):
        costs[i] = WIND_COST
    units = _blocks(outputs, costs)
    return units, _planned_load(rng, units, rng.randint(30, 70))


@_family
def block_even_flexible(n: int, seed: int) -> Fleet:
    """Block units on a divisor, a load off it, one small flexible unit: every plan needs that unit.

    Near-equal costs. Shapes: divisor 2 and a unit without min_output; divisor 10; divisor 7 and a min_output.
    A plan exists.
    """
    rng = _random("block_even_flexible", n, seed)
    fuels = _fuels(rng)
    divisor = (2, 10, 7)[seed % 3]
    outputs = [divisor * rng.randint(300 // divisor, 3_000 // divisor) for _ in range(n - 1)]
    units = _blocks(outputs, [fuels.gas_cost(e) for e in _near_equal_efficiencies(rng, n - 1)])
    in_blocks = _planned_load(rng, units, rng.randint(30, 70))
    extra = rng.randint(1, divisor - 1)
    low = divisor if seed % 3 == 2 else 0
    units.append((fuels.jet_cost(300_000), low, 2 * divisor))
    return _shuffled(rng, units), in_blocks + low + extra


@_family
def block_spanner(n: int, seed: int) -> Fleet:
    """Block units that are multiples of two or three outputs, strongly correlated: many ties, few sums.

    Known as spanner instances, the hardest for codes that grow a core. A plan exists.
    """
    rng = _random("block_spanner", n, seed)
    base = _fuels(rng).gas_cost(10_000 * rng.randint(42, 60))
    keys = []
    for _ in range(2 + seed % 2):
        output = rng.randint(100, 700)
        keys.append((output, base + base * 100 // output))
    units = []
    for _ in range(n):
        output, cost = rng.choice(keys)
        times = rng.randint(1, 10)
        units.append((cost, output * times, output * times))
    return units, _planned_load(rng, units, rng.randint(30, 70))


@_family
def block_ceiling(n: int, seed: int) -> Fleet:
    """Block units whose cost is rounded to whole steps of 3, 10 or 50 tenths: groups of nearly equal cost per MWh.

    Known as profit-ceiling instances: bounds stay far from what can be reached. A plan exists.
    """
    rng = _random("block_ceiling", n, seed)
    base = _fuels(rng).gas_cost(10_000 * rng.randint(42, 60))
    step = (3, 10, 50)[seed % 3]
    outputs = _block_outputs(rng, n, 0)
    units = _blocks(outputs, [base * step * -(-output // step) // output for output in outputs])
    return units, _planned_load(rng, units, rng.randint(30, 70))


@_family
def block_thin_band(n: int, seed: int) -> Fleet:
    """Block units of n(n + 1) + 1 .. n(n + 1) + n tenths: any sum determines how many units are on.

    Known as Avis' instances: a tree that branches on single units grows as 2^(n/2). Near-equal costs. Shapes:
    the published load (too much for (n - 1) / 2 units, too little for more: no plan); a load that half of the
    units reach (a plan exists).
    """
    rng = _random("block_thin_band", n, seed)
    fuels = _fuels(rng)
    base = n * (n + 1)
    costs = [fuels.gas_cost(e) for e in _near_equal_efficiencies(rng, n)]
    units = _blocks([base + i for i in range(1, n + 1)], costs)
    half = (n - 1) // 2
    if seed % 2 == 0:
        return _shuffled(rng, units), base * half + n * (n - 1) // 2
    return _shuffled(rng, units), sum(unit[2] for unit in rng.sample(units, half))


@_family
def large_block(n: int, seed: int) -> Fleet:
    """Block units of up to 10^5 tenths, a load of 10^6 and more from n = 40 on: tables grow with it.

    Shapes: near-equal costs; costs from poor to good; strongly correlated; one cost. A plan exists.
    """
    rng = _random("large_block", n, seed)
    fuels = _fuels(rng)
    outputs = [rng.randint(10_000, 100_000) for _ in range(n)]
    shape = seed % 4
    if shape == 0:
        costs = [fuels.gas_cost(e) for e in _near_equal_efficiencies(rng, n)]
    elif shape == 1:
        costs = [fuels.gas_cost(e) for e in _distinct_efficiencies(rng, n, 350_000, 620_000)]
    else:
        base = fuels.gas_cost(550_000)
        costs = [base + base * 3_000 // output if shape == 2 else base for output in outputs]
    units = _blocks(outputs, costs)
    return units, _planned_load(rng, units, 50 if n >= 40 else rng.randint(30, 70))


@_family
def last_digit(n: int, seed: int) -> Fleet:
    """Costs that differ by 1e-9 euro at a time: a solver with a tolerance reports a more expensive plan as optimal.

    Shapes: block units; narrow ranges. A plan exists.
    """
    rng = _random("last_digit", n, seed)
    base = _fuels(rng).gas_cost(10_000 * rng.randint(42, 60))
    units = []
    for step in rng.sample(range(4 * n), n):
        high = rng.randint(300, 3_000)
        low = high if seed % 2 == 0 else high * rng.randint(95, 99) // 100
        units.append((base + step, low, high))
    return units, _planned_load(rng, units, rng.randint(30, 70))


# ---- Wind ----------------------------------------------------------------------------------------


@_family
def wind_divisor(n: int, seed: int) -> Fleet:
    """Wind parks whose outputs share a divisor that the load does not have, and a few plants.

    All parks cost the same, so they are interchangeable; the plants must move the sum off the divisor.
    Shapes: divisor 2, one wide plant (a plan exists); divisor 10, three narrow plants; divisor 4, plants that
    are block units on the divisor too (no plan); divisor 6, a small turbojet (a plan exists).
    """
    rng = _random("wind_divisor", n, seed)
    fuels = _fuels(rng)
    shape = seed % 4
    divisor = (2, 10, 4, 6)[shape]
    plants: list[PlainUnit] = []
    if shape == 0:
        low = rng.randint(800, 1_500)
        plants.append((fuels.gas_cost(550_000), low, 2 * low))
    elif shape == 1:
        for efficiency in (500_000, 503_000, 506_000):
            low = rng.randint(100, 400)
            plants.append((fuels.gas_cost(efficiency), low, low + rng.randint(0, 4)))
    elif shape == 2:
        for efficiency in (500_000, 503_000, 506_000):
            output = divisor * rng.randint(50, 300)
            plants.append((fuels.gas_cost(efficiency), output, output))
    else:
        plants.append((fuels.jet_cost(300_000), 0, divisor))
    wind = [divisor * rng.randint(120 // divisor, 1_500 // divisor) for _ in range(n - len(plants))]
    units = _blocks(wind, [WIND_COST] * len(wind))
    load = _planned_load(rng, units, rng.randint(40, 80)) + rng.randint(1, divisor - 1)
    if shape == 0:
        load += plants[0][1] // divisor * divisor + divisor
    return _shuffled(rng, units + plants), load


@_family
def wind_thin_bands(n: int, seed: int) -> Fleet:
    """Wind and plants with l close to h, all sizes in three thin bands: sums cluster, with holes between.

    Shapes: half wind; one tenth wind; half wind and plants of one cost; loads between the clusters in the
    latter.
    """
    rng = _random("wind_thin_bands", n, seed)
    fuels = _fuels(rng)
    shape = seed % 4
    one_cost = fuels.gas_cost(550_000)
    units = []
    for efficiency in _near_equal_efficiencies(rng, n):
        low = rng.choice((1_000, 2_000, 5_000)) + rng.randint(0, 3)
        high = low + rng.randint(0, 2)
        if rng.random() < (0.1 if shape == 1 else 0.5):
            units.append((WIND_COST, high, high))
        else:
            units.append((one_cost if shape >= 2 else fuels.gas_cost(efficiency), low, high))
    load = _planned_load(rng, units, rng.randint(30, 70))
    return units, load + (500 if shape == 3 else 0)


# ---- Types and ties ------------------------------------------------------------------------------


@_family
def wind_under_load(n: int, seed: int) -> Fleet:
    """Wind just under the load, and no plant small enough for the rest: the bound is near, but the wind must be off.

    Shapes: one block unit of cost 0; one with a narrow range, too narrow to let a plant in; two block units.
    """
    rng = _random("wind_under_load", n, seed)
    fuels = _fuels(rng)
    shape = seed % 3
    units = []
    for efficiency in _distinct_efficiencies(rng, n - (2 if shape == 2 else 1), 300_000, 620_000):
        low = rng.randint(100, 1_300)
        units.append((fuels.gas_cost(efficiency), low, 4 * low))
    output = _capacity(units) * rng.randint(55, 85) // 100
    if shape == 2:
        part = output * rng.randint(20, 80) // 100
        blocks = [(WIND_COST, part, part), (WIND_COST, output - part, output - part)]
    else:
        blocks = [(WIND_COST, output - (rng.randint(1, 49) if shape == 1 else 0), output)]
    return blocks + units, output + rng.randint(1, 50)


@_family
def types(n: int, seed: int) -> Fleet:
    """Five plant types, costs 0.5 % apart, each many times: symmetric within a type, nearly so across.

    Shapes: wide ranges; narrow ranges; block units.
    """
    return _typed(n, _random("types", n, seed), seed % 3, distinct=False)


@_family
def types_distinct(n: int, seed: int) -> Fleet:
    """Five sizes, every cost slightly different: nearly symmetric, but no two units merge.

    Shapes: wide ranges; narrow ranges; block units.
    """
    return _typed(n, _random("types_distinct", n, seed), seed % 3, distinct=True)


@_family
def tied_at_margin(n: int, seed: int) -> Fleet:
    """Four of five plants have the marginal cost, with different limits: any may be the marginal unit.

    Shapes: wide ranges; narrow ranges; block units and one small flexible plant.
    """
    rng = _random("tied_at_margin", n, seed)
    fuels = _fuels(rng)
    shape = seed % 3
    tied = fuels.gas_cost(500_000)
    units = []
    cheap = 0
    for i in range(n):
        high = rng.randint(300, 5_000)
        low = high * (rng.randint(20, 50), rng.randint(95, 99), 100)[shape] // 100
        if i % 10 == 0:
            units.append((fuels.gas_cost(rng.randint(520_000, 600_000)), low, high))
            cheap += high
        elif i % 10 == 5:
            units.append((fuels.gas_cost(rng.randint(350_000, 480_000)), low, high))
        else:
            units.append((tied, low, high))
    if shape == 2:
        units[-1] = (fuels.jet_cost(300_000), 0, 40)
    among_tied = sum(high for cost, _, high in units if cost == tied)
    load = cheap + among_tied * rng.randint(20, 80) // 100
    return _shuffled(rng, units), load


# ---- At the edge of what can be met --------------------------------------------------------------


@_family
def gap(n: int, seed: int) -> Fleet:
    """A load inside a gap of the fleet: no plan, though there are sums on both sides of it.

    The gap is the one nearest to half of capacity. Shapes: narrow plants in two bands; block units on a
    divisor with one plant that is too narrow for it; many wide plants, whose gaps lie only near the ends.
    """
    rng = _random("gap", n, seed)
    units = _gappy_fleet(rng, n, seed % 3)
    reachable = reachable_loads(units)
    capacity = _capacity(units)
    gaps = ~reachable & ((1 << capacity) - 1)
    return units, _nearest_bit(gaps, capacity // 2)


@_family
def near_infeasible(n: int, seed: int) -> Fleet:
    """A load with a plan, next to one without: plans are few, and a search must find one.

    The load is the one nearest to half of capacity. Shapes as in gap. A plan exists.
    """
    rng = _random("near_infeasible", n, seed)
    units = _gappy_fleet(rng, n, seed % 3)
    reachable = reachable_loads(units)
    edges = reachable & (~(reachable >> 1) | ~(reachable << 1))
    return units, _nearest_bit(edges, _capacity(units) // 2)


# ---- Helpers -------------------------------------------------------------------------------------


class Fuels(NamedTuple):
    """Prices: gas and kerosine in thousandths of a euro per MWh of fuel, co2 in euro per ton."""

    gas: int
    kerosine: int
    co2: int

    def gas_cost(self, efficiency: int) -> int:
        """Marginal cost of a gas plant in 1e-9 euro per MWh; the efficiency is in millionths."""
        return _rounded_quotient(self.gas * 10**12, efficiency) + self.co2 * 300_000_000

    def jet_cost(self, efficiency: int) -> int:
        """Marginal cost of a turbojet in 1e-9 euro per MWh; the efficiency is in millionths."""
        return _rounded_quotient(self.kerosine * 10**12, efficiency)


def reachable_loads(units: Iterable[PlainUnit]) -> int:
    """Return a bit set: bit p is set if some plan produces p tenths of a MW.

    O(capacity / 64) word operations for each unit and each doubling of its range.
    """
    reached = 1
    for _, low, high in units:
        spread, width = reached << low, high - low
        covered = 0
        while covered < width:
            shift = min(covered + 1, width - covered)
            spread |= spread << shift
            covered += shift
        reached |= spread
    return reached


def _random(family: str, n: int, seed: int) -> Random:
    return Random(f"{family} {n} {seed}")


def _rounded_quotient(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def _fuels(rng: Random) -> Fuels:
    return Fuels(gas=100 * rng.randint(60, 450), kerosine=100 * rng.randint(480, 900), co2=rng.randint(5, 90))


def _mix(n: int, rng: Random, *, distinct: bool, fuels: Fuels | None = None) -> Fleet:
    """Half gas with pmin 20..50 % of pmax, a quarter turbojets without pmin, the rest wind; load 20..95 %."""
    fuels = fuels or _fuels(rng)
    gas, jets = n // 2, n // 4
    if distinct:
        gas_efficiencies = _distinct_efficiencies(rng, gas, 300_000, 620_000)
        jet_efficiencies = _distinct_efficiencies(rng, jets, 250_000, 420_000)
    else:
        usual = [10_000 * rng.randint(30, 62) for _ in range(5)]
        gas_efficiencies = [rng.choice(usual) for _ in range(gas)]
        jet_efficiencies = [rng.choice((280_000, 300_000, 330_000)) for _ in range(jets)]
    units = []
    for efficiency in gas_efficiencies:
        high = 10 * rng.randint(30, 500)
        units.append((fuels.gas_cost(efficiency), -(-high * rng.randint(20, 50) // 100), high))
    units += [(fuels.jet_cost(efficiency), 0, 10 * rng.randint(4, 60)) for efficiency in jet_efficiencies]
    wind_percent = max(0, rng.randint(-10, 100))  # at times no wind at all, as in the challenge's payload 2
    for _ in range(n - gas - jets):
        output = 10 * rng.randint(10, 160) * wind_percent // 100
        units.append((WIND_COST, output, output))
    return _shuffled(rng, units), _share_of_capacity(rng, units, 20, 95)


def _counted_plants(rng: Random, n: int, shape: int) -> tuple[list[PlainUnit], int, int]:
    """Return narrow plants, the largest output of k of them, and the least of k + 1; between is a gap."""
    fuels = _fuels(rng)
    if shape == 1:
        efficiencies = _distinct_efficiencies(rng, n, 400_000, 600_000)
    elif shape == 2:
        efficiencies = [550_000] * n
    else:
        efficiencies = _near_equal_efficiencies(rng, n)
    running = rng.randint(max(1, n // 3), max(1, n // 2))
    smallest = rng.randint(2_000, 4_000) + 8 * n
    largest = smallest + smallest // (2 * running)
    units = []
    for efficiency in efficiencies:
        low = rng.randint(smallest, largest)
        units.append((fuels.gas_cost(efficiency), low, rng.randint(low, largest)))
    most_of_k = sum(sorted((unit[2] for unit in units), reverse=True)[:running])
    least_of_next = sum(sorted(unit[1] for unit in units)[: running + 1])
    return units, most_of_k, least_of_next


def _typed(n: int, rng: Random, shape: int, *, distinct: bool) -> Fleet:
    fuels = _fuels(rng)
    best = rng.randint(540_000, 600_000)
    kinds = []
    for i in range(5):
        high = rng.randint(1_000, 4_500)
        low = high * (rng.randint(20, 50), rng.randint(92, 98), 100)[shape] // 100
        kinds.append((best * 1000 // (1000 + 5 * i), low, high))
    units = []
    slightly = rng.sample(range(max(2_000, 2 * n)), n)
    for i in range(n):
        efficiency, low, high = kinds[rng.randrange(5)]
        units.append((fuels.gas_cost(efficiency + (slightly[i] if distinct else 0)), low, high))
    return units, _planned_load(rng, units, rng.randint(30, 80))


def _gappy_fleet(rng: Random, n: int, shape: int) -> list[PlainUnit]:
    fuels = _fuels(rng)
    units = []
    for i, efficiency in enumerate(_near_equal_efficiencies(rng, n)):
        cost = fuels.gas_cost(efficiency)
        if shape == 0:
            low = (3 if i % 2 else 2) * (1_000 + 4 * n) + rng.randint(0, 1)
            units.append((cost, low, low + rng.randint(0, 2)))
        elif shape == 1:
            high = 9 * rng.randint(30, 400)
            units.append((cost, high if i else high - 4, high))
        else:
            high = rng.randint(1_000, 5_000)
            units.append((cost, high * rng.randint(40, 80) // 100, high))
    return _shuffled(rng, units)


def _block_outputs(rng: Random, n: int, shape: int) -> list[int]:
    """Outputs of block units: any from 30 to 300 MW; of four sizes; all even."""
    if shape == 1:
        sizes = [rng.randint(300, 3_000) for _ in range(4)]
        return [rng.choice(sizes) for _ in range(n)]
    if shape == 2:
        return [2 * rng.randint(150, 1_500) for _ in range(n)]
    return [rng.randint(300, 3_000) for _ in range(n)]


def _blocks(outputs: Iterable[int], costs: Iterable[int]) -> list[PlainUnit]:
    return [(cost, output, output) for output, cost in zip(outputs, costs, strict=True)]


def _distinct_efficiencies(rng: Random, n: int, low: int, high: int) -> list[int]:
    return rng.sample(range(low, max(high, low + 2 * n)), n)


def _near_equal_efficiencies(rng: Random, n: int) -> list[int]:
    """All different, within 1 % for up to 2750 plants."""
    return rng.sample(range(550_000, 550_000 + max(5_500, 2 * n)), n)


def _shuffled(rng: Random, units: list[PlainUnit]) -> list[PlainUnit]:
    return rng.sample(units, len(units))


def _capacity(units: Iterable[PlainUnit]) -> int:
    return sum(unit[2] for unit in units)


def _share_of_capacity(rng: Random, units: list[PlainUnit], low_percent: int, high_percent: int) -> int:
    capacity = _capacity(units)
    return rng.randint(-(-capacity * low_percent // 100), capacity * high_percent // 100)


def _planned_load(rng: Random, units: list[PlainUnit], percent: int) -> int:
    """The load of a random plan that takes about this share of capacity: it always has a plan."""
    wanted = _capacity(units) * percent // 100
    load = 0
    for _, low, high in _shuffled(rng, units):
        if load and load + low > wanted:
            continue
        load += rng.randint(low, high)
    return load


def _nearest_bit(bits: int, wanted: int) -> int:
    """The position of the set bit that is nearest to the wanted one."""
    below = (bits & ((2 << wanted) - 1)).bit_length() - 1
    rest = bits >> wanted
    above = wanted + (rest & -rest).bit_length() - 1
    if below < 0 or not rest:
        return above if rest else below
    return below if wanted - below <= above - wanted else above
