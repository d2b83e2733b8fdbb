import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, brotliDecompressSync, constants } from 'node:zlib';
import type { CapturedSummary } from './capture.summary.js';

/** What precedes each block in a segment file. Lengths in bytes, the time in milliseconds since 1970. */
export interface BlockHeader {
  readonly summariesLength: number;
  readonly rawsLength: number;
  readonly count: number;
  readonly time: number;
}

export const BLOCK_HEADER_LENGTH = 24;
const MAGIC = 0x43424c4b;

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);

/**
 * Quality 1 with a window of 4 MB: messages of one template that stand together shrink 20 to 60 times at 15 us each on
 * a thread of the pool. Deflate costs three times that, and its window of 32 KB does not reach back over one message.
 */
function options(data: Buffer) {
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 1,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
    },
  };
}

export async function encodeBlock(summaries: readonly CapturedSummary[], raws: readonly Buffer[], time: number) {
  const [texts, bodies] = [Buffer.from(JSON.stringify(summaries), 'utf8'), Buffer.concat(raws)];
  const payload = await Promise.all([texts, bodies].map((data) => compress(data, options(data))));
  const header = Buffer.alloc(BLOCK_HEADER_LENGTH);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(payload[0]?.length ?? 0, 4);
  header.writeUInt32BE(payload[1]?.length ?? 0, 8);
  header.writeUInt32BE(summaries.length, 12);
  header.writeDoubleBE(time, 16);
  return Buffer.concat([header, ...payload]);
}

/** Undefined: these bytes begin no block. */
export function decodeHeader(bytes: Buffer): BlockHeader | undefined {
  if (bytes.length < BLOCK_HEADER_LENGTH || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  return {
    summariesLength: bytes.readUInt32BE(4),
    rawsLength: bytes.readUInt32BE(8),
    count: bytes.readUInt32BE(12),
    time: bytes.readDoubleBE(16),
  };
}

/** The summaries as the JSON text of an array of CapturedSummary. */
export function decodeSummaries(payload: Buffer): string {
  return brotliDecompressSync(payload).toString('utf8');
}

export function decodeRaws(payload: Buffer): Promise<Buffer> {
  return decompress(payload);
}
