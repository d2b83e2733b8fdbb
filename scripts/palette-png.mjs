import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** The same picture with at most 256 colours (PNG, colour type 3): pages are flat, and a third of the size. */
export function withPalette(png) {
  const { width, height, channels, data } = pixelsOf(png);
  const exact = new Map();
  for (let i = 0; i < data.length; i += channels) {
    const colour = data.readUIntBE(i, 3);
    exact.set(colour, (exact.get(colour) ?? 0) + 1);
  }
  const common = [...exact].sort(([, a], [, b]) => b - a).map(([colour]) => colour);
  // Colours that differ only in their last bits become the most common of them, as coarsely as it takes.
  let bits = 0;
  let chosen;
  do chosen = alike(common, bits);
  while (chosen.size > 256 && ++bits);
  const palette = Buffer.alloc(chosen.size * 3);
  const index = new Map();
  for (const [key, colour] of chosen) {
    palette.writeUIntBE(colour, index.size * 3, 3);
    index.set(key, index.size);
  }
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      rows[y * (width + 1) + 1 + x] = index.get(keyOf(data.readUIntBE((y * width + x) * channels, 3), bits));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The first of the colours for each key. */
function alike(colours, bits) {
  const chosen = new Map();
  for (const colour of colours) if (!chosen.has(keyOf(colour, bits))) chosen.set(keyOf(colour, bits), colour);
  return chosen;
}

/** The colour without the last bits of its parts. */
function keyOf(colour, bits) {
  const part = (0xff >> bits) << bits;
  return colour & (part * 0x010101);
}

/** Of an 8-bit RGB or RGBA picture without interlacing, as browsers write them. */
function pixelsOf(png) {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const channels = png[25] === 6 ? 4 : 3;
  const parts = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const data = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? data[y * stride + x - channels] : 0;
      const up = y > 0 ? data[(y - 1) * stride + x] : 0;
      const corner = x >= channels && y > 0 ? data[(y - 1) * stride + x - channels] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      data[y * stride + x] = raw[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return { width, height, channels, data };
}

function paeth(left, up, corner) {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, check]);
}
