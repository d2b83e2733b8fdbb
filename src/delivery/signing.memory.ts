import { type DkimIdentity } from './mime.dkim.js';

/** So many bytes in front of a message are free for its signature. The longest, by RSA of 16,384 bits, takes 3,500. */
export const HEAD_ROOM = 4096;

/** Where the head room of a message begins in the shared memory, and the bytes of the message behind it. */
export interface ToSign {
  readonly at: number;
  readonly length: number;
}

/** How long the signature is, which ends right in front of the message; or what the error is called. */
export type Signed = number | string;

/** What a thread is given when it starts. */
export interface SigningTools {
  readonly identity: DkimIdentity;
  readonly memory: SharedArrayBuffer;
}
