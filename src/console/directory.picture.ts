import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type DirectoryCounts, DirectoryService } from '../directory/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
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

/** For so long a page waits for the newest picture before it shows the one before it. */
const PATIENCE_MS = 100;

/**
 * Segments and readiness of everybody. Working them out takes seconds for England, and they change only when something
 * is imported: the last answer is kept until then, and shown while the next one is worked out.
 */
@Injectable()
export class DirectoryPicture implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DirectoryPicture.name);
  private kept: { readonly version: number | null; readonly picture: Picture } | undefined;
  private drawing: Promise<Picture> | undefined;
  private counted: { readonly version: number | null; readonly counts: DirectoryCounts } | undefined;

  constructor(
    private readonly reads: DirectoryReads,
    private readonly directory: DirectoryService,
    private readonly segments: SegmentsService,
    private readonly readiness: ReadinessService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Whoever asks first after a start need not wait for all of it. */
  async onApplicationBootstrap(): Promise<void> {
    const version = await this.reads.version();
    if (version !== null && this.config.roles.includes('web')) void this.drawInBackground(version);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.drawing?.catch(() => undefined);
  }

  async current(): Promise<Picture> {
    const version = await this.reads.version();
    if (this.kept?.version === version) return this.kept.picture;
    const drawing = this.drawInBackground(version);
    // Nothing is no answer for somebody who has just imported their first file.
    return this.kept && this.kept.version !== null
      ? Promise.race([drawing, delay(PATIENCE_MS, this.kept.picture, { ref: false })])
      : drawing;
  }

  /** How many there are of everything, counted once after each import. */
  async counts(): Promise<DirectoryCounts> {
    const version = await this.reads.version();
    if (this.counted?.version !== version) this.counted = { version, counts: await this.directory.counts() };
    return this.counted.counts;
  }

  /** One at a time; whoever asks meanwhile gets the same. */
  private drawInBackground(version: number | null): Promise<Picture> {
    if (this.drawing) return this.drawing;
    const drawing = this.draw()
      .then((picture) => {
        this.kept = { version, picture };
        return picture;
      })
      .finally(() => {
        this.drawing = undefined;
      });
    // The next caller tries again.
    drawing.catch((error: unknown) => {
      this.logger.error({ message: 'drawing the directory failed', fault: (error as Error).name });
    });
    return (this.drawing = drawing);
  }

  private async draw(): Promise<Picture> {
    const segments = Object.fromEntries(SEGMENTS.map((segment) => [segment, 0])) as Record<Segment, number>;
    const worklists: Record<Worklist, WorklistLine[]> = { mismatched: [], unknown: [], invalid: [] };
    for await (const { accountId, segment, rule, suggestion } of this.segments.classifyAll()) {
      segments[segment] += 1;
      if (isWorklist(segment)) worklists[segment].push({ accountId, rule, suggestion: suggestionWords(suggestion) });
    }
    const readiness = await this.readiness.readiness();
    return {
      segments,
      worklists,
      readiness,
      readinessOf: new Map(readiness.map((row) => [row.organisation, row])),
    };
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
