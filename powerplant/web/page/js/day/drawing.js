// The pictures of a day as one SVG file and as PNG: with their colours as attributes, since a file has no style sheet.

import { byId, svgElement } from "../dom.js";

const ATTRIBUTES = [
  ...["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order"],
  ...["font-size", "font-weight", "text-anchor"],
];
const FONT = "Inter, system-ui, sans-serif";
const MARGIN = 16; // pixels
const DENSITY = 2; // pixels of the PNG for one of the page

/** Picture and Gantt below each other, as an SVG document. */
export function svgOf(title) {
  const figures = [...document.querySelectorAll("#day-picture > svg, #day-gantt > svg")];
  const width = Math.max(...figures.map((figure) => figure.width.baseVal.value)) + 2 * MARGIN;
  let y = MARGIN + 24;
  const parts = figures.map((figure) => {
    const part = svgElement("g", { transform: `translate(${MARGIN},${y})` }, [...figure.children].map(withColours));
    y += figure.height.baseVal.value + MARGIN;
    return part;
  });
  const { color } = getComputedStyle(document.body);
  const ground = getComputedStyle(byId("day-result")).backgroundColor;
  const hatches = [...document.querySelectorAll("#hatches > pattern")].map(withColours);
  const file = svgElement(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height: y, viewBox: `0 0 ${width} ${y}`, "font-family": FONT },
    svgElement("defs", {}, hatches),
    svgElement("rect", { width, height: y, fill: ground }),
    svgElement("text", { x: MARGIN, y: MARGIN + 8, "font-size": 13, "font-weight": 600, fill: color }, title),
    parts,
  );
  return { text: new XMLSerializer().serializeToString(file), width, height: y };
}

function withColours(node) {
  const copy = node.cloneNode(false);
  if (node.nodeType !== Node.ELEMENT_NODE) return copy;
  const style = getComputedStyle(node);
  for (const name of ATTRIBUTES) {
    const value = style.getPropertyValue(name);
    if (value && !node.getAttribute(name)?.startsWith("url(")) copy.setAttribute(name, asRgb(name, value));
  }
  copy.removeAttribute("class");
  copy.append(...[...node.childNodes].map(withColours));
  return copy;
}

/** Colours that other programs know: they do not know oklch. */
function asRgb(name, value) {
  if (!/^(fill|stroke)$/.test(name) || !/^(oklch|color|lab)/.test(value)) return value;
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  canvas.fillStyle = value;
  canvas.fillRect(0, 0, 1, 1);
  return d3.rgb(...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)).formatHex();
}

/** The same as a PNG. */
export async function pngOf(title) {
  const { text, width, height } = svgOf(title);
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: width * DENSITY, height: height * DENSITY });
    const context = canvas.getContext("2d");
    context.scale(DENSITY, DENSITY);
    context.drawImage(image, 0, 0);
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}
