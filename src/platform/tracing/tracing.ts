/**
 * All that a span may say: ids, states and names of routes and transports. Never an address, a name or a text: what is
 * not in this list cannot be said.
 */
export interface SpanFacts {
  readonly 'campaign.id'?: string;
  readonly 'dispatch.id'?: string;
  readonly 'slice.id'?: string;
  readonly 'message.id'?: string;
  readonly 'message.transport'?: string;
  readonly 'message.outcome'?: string;
  /** Of the SMTP answer. */
  readonly 'message.code'?: number;
  readonly 'messages.planned'?: number;
  readonly 'http.request.method'?: string;
  /** The pattern, without the values in it. */
  readonly 'http.route'?: string;
  readonly 'http.response.status_code'?: number;
}

/** Adds to what a span says, while it runs. */
export type Tell = (facts: SpanFacts) => void;

/**
 * Traces of the service's work, from what set it off to the answer of the mail server. A trace goes on in another
 * process, hours later, from the place in it that was kept with the dispatch.
 */
export abstract class Tracing {
  /** False: nothing is traced, and `span` only does the work. */
  abstract readonly isOn: boolean;
  /** Runs the work in a span below the running one; below `from` (as of `here`) when that is given. */
  abstract span<T>(name: string, facts: SpanFacts, work: (tell: Tell) => Promise<T>, from?: string | null): Promise<T>;
  /** The running span, as a W3C `traceparent`; null outside any, or when nothing is traced. */
  abstract here(): string | null;
  /** Lets go of what was not exported yet; waits for it a few seconds at most. */
  abstract close(): Promise<void>;
}

/** Traces nothing, at no cost. */
export class NoTracing extends Tracing {
  readonly isOn = false;

  span<T>(_name: string, _facts: SpanFacts, work: (tell: Tell) => Promise<T>): Promise<T> {
    return work(tellNobody);
  }

  here(): null {
    return null;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const tellNobody: Tell = () => undefined;
