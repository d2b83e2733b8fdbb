import { Injectable } from '@nestjs/common';
import { type Readiness, ReadinessService, type Segment, SEGMENTS, SegmentsService } from '../segments/index.js';
import { DirectoryReads } from './directory.reads.js';

export const WORKLISTS = ['mismatched', 'unknown', 'invalid'] as const satisfies readonly Segment[];
export type Worklist = (typeof WORKLISTS)[number];

export interface WorklistLine {
  readonly accountId: string;
  readonly rule: string;
  /** What to propose to the person or their administrator, in words; empty where nothing is known. */
  readonly suggestion: string;
}

export interface Picture {
  readonly segments: Readonly<Record<Segment, number>>;
  /** Those at risk first, then by code. */
  readonly readiness: readonly Readiness[];
  readonly readinessOf: ReadonlyMap<string, Readiness>;
  readonly worklists: Readonly<Record<Worklist, readonly WorklistLine[]>>;
}

/**
 * Segments and readiness of everybody. Working them out takes a second or two for England, and they change only when
 * something is imported: the last answer is kept until then.
 */
@Injectable()
export class DirectoryPicture {
  private kept: { readonly version: number; readonly picture: Promise<Picture> } | undefined;

  constructor(
    private readonly reads: DirectoryReads,
    private readonly segments: SegmentsService,
    private readonly readiness: ReadinessService,
  ) {}

  async current(): Promise<Picture> {
    const version = await this.reads.version();
    if (this.kept?.version !== version) this.kept = { version, picture: this.draw() };
    try {
      return await this.kept.picture;
    } catch (error) {
      // The next caller tries again.
      this.kept = undefined;
      throw error;
    }
  }

  private async draw(): Promise<Picture> {
    const segments = Object.fromEntries(SEGMENTS.map((segment) => [segment, 0])) as Record<Segment, number>;
    const worklists: Record<Worklist, WorklistLine[]> = { mismatched: [], unknown: [], invalid: [] };
    for await (const { accountId, segment, rule, suggestion } of this.segments.classifyAll()) {
      segments[segment] += 1;
      if (isWorklist(segment)) worklists[segment].push({ accountId, rule, suggestion: suggestionWords(suggestion) });
    }
    const readiness = await this.readiness.readiness();
    return { segments, worklists, readiness, readinessOf: new Map(readiness.map((row) => [row.organisation, row])) };
  }
}

export function isWorklist(segment: string): segment is Worklist {
  return (WORKLISTS as readonly string[]).includes(segment);
}

type Suggestion = Awaited<ReturnType<SegmentsService['classify']>>[number]['suggestion'];

/** A proposal to a person, never something that the service does by itself. */
export function suggestionWords(suggestion: Suggestion): string {
  if (!suggestion) return '';
  const doubt = suggestion.certainty === 'probable' ? ' (likely, to be checked)' : '';
  switch (suggestion.kind) {
    case 'new-account-with':
      return `Ask for a new account under ${suggestion.address}${doubt}`;
    case 'use-account':
      return `Use account ${suggestion.accountId}, which has the right address${doubt}`;
    case 'did-you-mean':
      return `Ask whether ${suggestion.address} was meant${doubt}`;
  }
}
