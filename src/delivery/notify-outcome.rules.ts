import { z } from 'zod';
import { scrub } from './smtp-outcome.rules.js';
import type { Outcome } from './transport.js';

/** How a request to GOV.UK Notify failed. */
export type Failure =
  /** The API decided about this request. */
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  /** No connection came about: the API never saw it. */
  | { readonly kind: 'unreached'; readonly reason: string }
  /** The API may or may not have taken it; `finished`: it is no longer at it. */
  | { readonly kind: 'unclear'; readonly finished: boolean; readonly reason: string };

const UNREACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];
const answerSchema = z.object({
  errors: z.array(z.object({ error: z.string(), message: z.string() })).min(1),
});

/** What the client threw. Anything that it did not throw for a request is a fault of ours and is thrown on. */
export function failureOf(thrown: unknown): Failure {
  const { response, code, request } = thrown as {
    response?: { status: number; data: unknown };
    code?: string;
    request?: unknown;
  };
  if (response && response.status < 500)
    return { kind: 'answer', status: response.status, text: textOf(response.data) };
  if (response) return { kind: 'unclear', finished: true, reason: `GOV.UK Notify answered ${response.status}` };
  if (request === undefined) throw thrown;
  const reason = `GOV.UK Notify gave no answer (${code ?? 'unknown'})`;
  return code !== undefined && UNREACHED.includes(code)
    ? { kind: 'unreached', reason }
    : { kind: 'unclear', finished: false, reason };
}

/** https://docs.notifications.service.gov.uk/rest-api.html#send-an-email-error-codes */
export function outcomeOfAnswer({ status, text }: { readonly status: number; readonly text: string }): Outcome {
  switch (status) {
    case 429:
      // RateLimitError (3,000 a minute) and TooManyRequestsError (the day's limit).
      return { kind: 'throttled', code: status, response: text };
    case 401:
    case 403:
    case 404:
      // The key, the clock or the address is wrong: that is about us, never about the message.
      return { kind: 'not-sent', reason: text, blameless: true };
    default:
      // BadRequestError and ValidationError.
      return { kind: 'permanent', code: status, response: text };
  }
}

function textOf(data: unknown): string {
  const parsed = answerSchema.safeParse(data);
  if (!parsed.success) return 'GOV.UK Notify refused without a reason';
  return scrub(parsed.data.errors.map(({ error, message }) => `${error}: ${message}`).join('; '));
}
