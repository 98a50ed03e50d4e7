// The time axis that the pictures of a day share, and paths of steps along it.

const PHONE = 520; // pixels

/** Where periods are in a picture of this width; names of plants are on the left. */
export function axisOf(periods, width) {
  const left = width < PHONE ? 84 : 128;
  const right = 16;
  const pixels = (width - left - right) / Math.max(1, periods.count);
  return {
    periods,
    width,
    left,
    right: width - right,
    pixels,
    x: (period) => left + period * pixels,
    /** The period at a place, within the day. */
    periodAt: (x) => Math.max(0, Math.min(periods.count - 1, Math.floor((x - left) / pixels))),
    ticks: ticksOf(periods, pixels),
  };
}

/** Periods with a tick: whole hours, as many as there is room for. */
function ticksOf(periods, pixels) {
  const room = periods.isTimed ? 42 : 26;
  const steps = [1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 168].map((hours) => Math.max(1, Math.round(hours / periods.hours)));
  const every = steps.find((step) => step * pixels >= room) ?? periods.count;
  return periods.all.filter((period) => period % every === 0);
}

/** The area between two lists of values, constant in each period. */
export function stepArea(axis, scale, lower, upper) {
  const last = axis.periods.count - 1;
  const y = (value) => scale(value).toFixed(1);
  const x = (period) => axis.x(period).toFixed(1);
  let path = `M${x(0)},${y(upper[0])}`;
  for (let t = 1; t <= last; t += 1) if (upper[t] !== upper[t - 1]) path += `H${x(t)}V${y(upper[t])}`;
  path += `H${x(last + 1)}V${y(lower[last])}`;
  for (let t = last; t > 0; t -= 1) if (lower[t] !== lower[t - 1]) path += `H${x(t)}V${y(lower[t - 1])}`;
  return `${path}H${x(0)}Z`;
}

/** A line that is constant in each period; it has a gap where a value is null. */
export function stepLine(axis, scale, values) {
  let path = "";
  let isOpen = false;
  for (const t of axis.periods.all) {
    if (values[t] === null || values[t] === undefined) {
      isOpen = false;
      continue;
    }
    const y = scale(values[t]).toFixed(1);
    path += `${isOpen ? "" : `M${axis.x(t).toFixed(1)},${y}`}V${y}H${axis.x(t + 1).toFixed(1)}`;
    isOpen = true;
  }
  return path;
}
