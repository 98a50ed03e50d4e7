// The fragment of the address contains the payload, so that a plan can be sent as a link. Browsers do not send it.
// z is deflated JSON in base64url; j is not deflated, for browsers that cannot do that.

const CAN_DEFLATE = typeof CompressionStream === "function";

/** @param content anything that JSON can hold. */
export async function toFragment(content) {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  if (!CAN_DEFLATE) return "#j=" + toBase64(bytes);
  return "#z=" + toBase64(await through(new CompressionStream("deflate-raw"), bytes));
}

/** The content of a fragment; null if it is not from this page, or not complete. */
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
