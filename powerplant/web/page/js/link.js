// The part of the address behind the #: it keeps the payload, so that a plan can be sent as a link. No server sees it.
// z is deflated JSON in base64url, j the same not deflated, from browsers that cannot.

const CAN_DEFLATE = typeof CompressionStream === "function";

/** @param content anything that JSON can hold. */
export async function toFragment(content) {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  if (!CAN_DEFLATE) return "#j=" + toBase64(bytes);
  return "#z=" + toBase64(await through(new CompressionStream("deflate-raw"), bytes));
}

/** What a fragment holds; null where it holds nothing of ours, or was cut off on its way. */
export async function fromFragment(fragment) {
  const [, kind, text] = /^#([zj])=([\w-]+)$/.exec(fragment) ?? [];
  if (!kind) return null;
  try {
    const bytes = fromBase64(text);
    const json = kind === "j" ? bytes : await through(new DecompressionStream("deflate-raw"), bytes);
    return JSON.parse(new TextDecoder().decode(json));
  } catch {
    return null;
  }
}

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

function toBase64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
