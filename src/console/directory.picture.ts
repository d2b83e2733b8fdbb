import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { CensusTally, ContactPicture } from '../cascades/index.js';
import { type DirectoryCounts, DirectoryService } from '../directory/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { ReadinessService, type Segment, SEGMENTS, SegmentsService } from '../segments/index.js';
import { Clock } from '../shared/clock.js';
import { DirectoryPictureRepository, type Picture } from './directory-picture.repository.js';

export const WORKLISTS = ['mismatched', 'unknown', 'invalid'] as const satisfies readonly Segment[];
export type Worklist = (typeof WORKLISTS)[number];

/** What a page may say of everybody, and how sure that is. */
export interface PictureStanding {
  /** When what the page shows was worked out; undefined when nothing is known yet. */
  readonly drawnAt: Date | undefined;
  readonly segments: Readonly<Record<Segment, number>>;
  /** While it is worked out anew: since when. What is shown until then may be out of date. */
  readonly renewedSince: Date | undefined;
}

/** For so long a page waits for the newest picture before it shows the one before it, or that there is none yet. */
const PATIENCE_MS = 100;
/** Accounts at a time; after each batch as long a rest as it took, so that pages are answered in between. */
const BATCH = 500;

/**
 * Segments and readiness of everybody, for pages. Working them out takes seconds for England, so no page waits for it:
 * the last answer is kept in the database, shown with its time, and worked out anew by this process when an import was
 * applied since, and once after each start, as a new release may bring new rules. Whatever decides what somebody is
 * sent asks `SegmentsService` instead, which keeps nothing.
 */
@Injectable()
export class DirectoryPicture implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DirectoryPicture.name);
  private drawing: { readonly since: Date; readonly done: Promise<void> } | undefined;
  private counted: { readonly version: number; readonly counts: DirectoryCounts } | undefined;
  private isStopping = false;

  constructor(
    private readonly repository: DirectoryPictureRepository,
    private readonly directory: DirectoryService,
    private readonly segments: SegmentsService,
    private readonly readiness: ReadinessService,
    private readonly contacts: ContactPicture,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.roles.includes('web') || !(await this.repository.newestImport())) return;
    void this.drawInBackground(this.clock.now());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.drawing?.done;
  }

  async standing(): Promise<PictureStanding> {
    const drawing = await this.renewal();
    if (drawing) await Promise.race([drawing.done, delay(PATIENCE_MS, undefined, { ref: false })]);
    const head = await this.repository.head();
    const none = Object.fromEntries(SEGMENTS.map((segment) => [segment, 0])) as Record<Segment, number>;
    return { drawnAt: head?.drawnAt, segments: head?.segments ?? none, renewedSince: this.drawing?.since };
  }

  /** Resolves when what goes on, or has to, is done. */
  async renewed(): Promise<void> {
    await (
      await this.renewal()
    )?.done;
  }

  /** How many there are of everything, counted once after each import. */
  async counts(): Promise<DirectoryCounts> {
    const version = (await this.repository.newestImport())?.id ?? 0;
    if (this.counted?.version !== version) this.counted = { version, counts: await this.directory.counts() };
    return this.counted.counts;
  }

  /** The drawing that goes on, or that an import since the last one calls for. */
  private async renewal(): Promise<{ readonly since: Date; readonly done: Promise<void> } | undefined> {
    if (this.drawing) return this.drawing;
    const newest = await this.repository.newestImport();
    if (!newest) return undefined;
    const head = await this.repository.head();
    return head?.version === newest.id ? undefined : this.drawInBackground(newest.appliedAt);
  }

  /** One at a time; whoever asks meanwhile gets the same. Never rejects: the next page that asks tries again. */
  private drawInBackground(since: Date): { readonly since: Date; readonly done: Promise<void> } {
    if (this.drawing) return this.drawing;
    const done = this.draw()
      .catch((error: unknown) => {
        this.logger.error({ message: 'drawing the directory failed', fault: (error as Error).name });
      })
      .finally(() => {
        this.drawing = undefined;
      });
    return (this.drawing = { since, done });
  }

  /** Again when an import came in between: accounts of before and after it do not belong together. */
  private async draw(): Promise<void> {
    const newest = await this.repository.newestImport();
    const census = new CensusTally();
    const picture = newest && (await this.drawAll(newest.id, census));
    if (!picture || this.isStopping) return;
    const isWhole = (await this.repository.newestImport())?.id === picture.version;
    if (!isWhole) {
      await this.draw();
      return;
    }
    await this.contacts.keep(picture.version, census);
    await this.repository.keep(picture);
  }

  private async drawAll(version: number, census: CensusTally): Promise<Picture> {
    const segments = Object.fromEntries(SEGMENTS.map((segment) => [segment, 0])) as Record<Segment, number>;
    const worklists = new Map<Segment, string[]>(WORKLISTS.map((list) => [list, []]));
    const tally = await this.readiness.tally();
    let began = performance.now();
    for await (const batch of this.segments.batches(BATCH)) {
      if (this.isStopping) break;
      for (const classified of batch) {
        const { account, result } = classified;
        census.add(classified);
        segments[result.segment] += 1;
        worklists.get(result.segment)?.push(account.id);
        tally.add({ segment: result.segment, memberships: account.organisations });
      }
      await delay(performance.now() - began);
      began = performance.now();
    }
    return { version, drawnAt: this.clock.now(), segments, readiness: tally.rows(), worklists };
  }
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
