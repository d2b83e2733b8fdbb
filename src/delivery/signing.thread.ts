// The program of a thread of `SigningPool`, which has the other side of it.
import { workerData } from 'node:worker_threads';
import { prepareSigner } from './mime.dkim.js';
import { HEAD_ROOM, type Signed, type SigningTools, type ToSign } from './signing.memory.js';

const { identity, memory } = workerData as SigningTools;
const sign = prepareSigner(identity);
const bytes = Buffer.from(memory);

export default function signAll(messages: readonly ToSign[]): Signed[] {
  return messages.map(signOne);
}

function signOne({ at, length }: ToSign): Signed {
  try {
    const start = at + HEAD_ROOM;
    const signature = sign(bytes.subarray(start, start + length));
    // Before the head room another message ends.
    if (signature.length > HEAD_ROOM) throw new RangeError();
    bytes.write(signature, start - signature.length, 'latin1');
    return signature.length;
  } catch (error) {
    return (error as Error).name;
  }
}
