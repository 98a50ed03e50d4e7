// The pictures of a day as one SVG file and as PNG: with their colours as attributes, since a file has no style sheet.

import { byId, svgElement } from "../dom.js";
import { legendOfGantt, legendOfPicture, titleOf } from "./legend.js";

const ATTRIBUTES = [
  ...["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order"],
  ...["font-size", "font-weight", "text-anchor"],
];
const FONT = "Inter, system-ui, sans-serif";
const MARGIN = 16; // pixels
const DENSITY = 2; // pixels of the PNG for one of the page

/**
 * Title, legends, picture and Gantt below each other, as an SVG document.
 *
 * @param drawn { outcome, changed, layers, hasEarlier } of the pictures on the page.
 */
export function svgOf(title, drawn) {
  const [picture, gantt] = document.querySelectorAll("#day-picture > svg, #day-gantt > svg");
  const room = Math.max(picture.width.baseVal.value, gantt.width.baseVal.value);
  const width = room + 2 * MARGIN;
  let y = MARGIN;
  const place = (part, height) => {
    const placed = svgElement("g", { transform: `translate(${MARGIN},${y})` }, part);
    y += height + MARGIN / 2;
    return placed;
  };
  const written = ({ part, height }) => place(onPage(part, withColours), height);
  const copied = (figure) => place([...figure.children].map(withColours), figure.height.baseVal.value);
  const parts = [
    written(titleOf(title, room)),
    written(legendOfPicture({ ...drawn, width: room })),
    copied(picture),
    written(legendOfGantt({ ...drawn, width: room })),
    copied(gantt),
  ];
  const ground = getComputedStyle(byId("day-result")).backgroundColor;
  const hatches = [...document.querySelectorAll("#hatches > pattern")].map(withColours);
  y += MARGIN / 2;
  const file = svgElement(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height: y, viewBox: `0 0 ${width} ${y}`, "font-family": FONT },
    svgElement("defs", {}, hatches),
    svgElement("rect", { width, height: y, fill: ground }),
    parts,
  );
  return { text: new XMLSerializer().serializeToString(file), width, height: y };
}

/** What a function makes of a part while the part has the styles of the page. */
function onPage(part, make) {
  const host = byId("day-picture").appendChild(svgElement("svg", { class: "unseen" }, part));
  try {
    return make(part);
  } finally {
    host.remove();
  }
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
export async function pngOf(title, drawn) {
  const { text, width, height } = svgOf(title, drawn);
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
