import { type INestApplication } from '@nestjs/common';

/** One page of the console: its route, and the path that a round asks for. */
export interface ConsolePage {
  readonly name: string;
  readonly route: string;
  path(round: number): string;
}

export function pathsOf(app: INestApplication): string[];
export function pagesOf(from: {
  pool: { query(query: unknown, values?: unknown): Promise<{ rows: unknown[] }> };
  nation: {
    waiting: { id: string };
    sending: string;
    finished: string;
    windows: readonly string[];
    captured: readonly string[];
    upload: string;
  };
}): Promise<ConsolePage[]>;
