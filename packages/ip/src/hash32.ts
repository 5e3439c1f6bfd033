const encoder = new TextEncoder();
const c1 = 0xcc9e2d51;
const c2 = 0x1b873593;

/**
 * MurmurHash3_x86_32 (Austin Appleby, public domain) with seed 0, over the bytes or the UTF-8 form of the
 * text: an integer from 0 to 2^32 - 1. Integer arithmetic only, so it is the same on every machine. It is
 * **stable for ever**: nodes of different versions agree by it on buckets and rows. Every input bit flips
 * each output bit with probability one half; it is no defence against somebody who picks the inputs.
 */
export function hash32(data: string | Uint8Array): number {
  const bytes = typeof data === 'string' ? encoder.encode(data) : data;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < whole; at += 4) hash = addBlock(hash, view.getUint32(at, true));
  let rest = 0;
  for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | view.getUint8(at);
  return finish(hash ^ scramble(rest), bytes.length);
}

/** `hash32` of the 8 bytes of two 32-bit integers, each little-endian, without making the bytes. */
export function hashPair(a: number, b: number): number {
  return finish(addBlock(addBlock(0, a), b), 8);
}

function scramble(block: number): number {
  const product = Math.imul(block, c1);
  return Math.imul((product << 15) | (product >>> 17), c2);
}

function addBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, length: number): number {
  let h = hash ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
