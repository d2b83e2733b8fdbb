import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type DirectoryCounts, DirectoryService } from '../directory/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { Clock } from '../shared/clock.js';
import { DirectoryPictureRepository, type Picture, type PictureHead } from './directory-picture.repository.js';
import { ReadinessService } from './readiness.service.js';
import { type Segment, SEGMENTS } from './segment.types.js';
import { type ClassifiedAccount, SegmentsService } from './segments.service.js';

export const WORKLISTS = ['mismatched', 'unknown', 'invalid'] as const satisfies readonly Segment[];
export type Worklist = (typeof WORKLISTS)[number];

/** What may be said of everybody, and how sure that is. */
export interface PictureStanding {
  /** When it was worked out; undefined when nothing is known yet. */
  readonly drawnAt: Date | undefined;
  readonly segments: Readonly<Record<Segment, number>>;
  /** While it is worked out anew: since when. What is shown until then may be out of date. */
  readonly renewedSince: Date | undefined;
}

/** Something else that is to be kept of everybody, and is worked out on the same way through all accounts. */
export interface Companion {
  begin(): {
    add(classified: ClassifiedAccount): void;
    /** @param version the newest import that the accounts come from. */
    keep(version: number): Promise<void>;
  };
}

/** For so long a page waits for the newest picture before it shows the one before it, or that there is none yet. */
const PATIENCE_MS = 100;
/** A program acts on what it reads, so it waits longer for what an import changed; and no longer than its own time-out. */
const PROGRAM_PATIENCE_MS = 25_000;
/** Accounts at a time; after each batch as long a rest as it took, so that pages are answered in between. */
const BATCH = 500;

/**
 * Segments and readiness of everybody, for whoever only looks. Working them out takes seconds for England, so nobody
 * waits for it each time: the last answer is kept in the database, given with its time, and worked out anew by this
 * process when an import was applied since, and once after each start, as a new release may bring new rules. Whatever
 * decides what somebody is sent asks `SegmentsService` instead, which keeps nothing.
 */
@Injectable()
export class DirectoryPicture implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DirectoryPicture.name);
  private drawing: { readonly since: Date; readonly done: Promise<void> } | undefined;
  private counted: { readonly version: number; readonly counts: DirectoryCounts } | undefined;
  private readonly companions: Companion[] = [];
  private isStopping = false;

  constructor(
    private readonly repository: DirectoryPictureRepository,
    private readonly directory: DirectoryService,
    private readonly segments: SegmentsService,
    private readonly readiness: ReadinessService,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.roles.includes('web') || !(await this.segments.newestImport())) return;
    void this.drawInBackground(this.clock.now());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.drawing?.done;
  }

  /** From the next drawing on. */
  accompany(companion: Companion): void {
    this.companions.push(companion);
  }

  /** For a page, which tells its reader in words what may be out of date. */
  async standing(): Promise<PictureStanding> {
    const drawing = await this.renewal();
    if (drawing) await patiently(drawing.done, PATIENCE_MS);
    return this.standingOf(await this.repository.head());
  }

  /**
   * For a program: waits until the newest import is worked in, as long as it can wait, and says so when it is not. While
   * only a start has it worked out again, nothing has changed that is known of, and it does not wait.
   */
  async settled(patienceMs = PROGRAM_PATIENCE_MS): Promise<PictureStanding> {
    const until = performance.now() + patienceMs;
    let [newest, head] = await this.versions();
    // Again, as what went on may have begun before the import; a failure is not waited for twice.
    for (let tries = 0; tries < 2 && newest && head?.version !== newest.id; tries += 1) {
      await patiently(this.renewed(), until - performance.now());
      [newest, head] = await this.versions();
    }
    const standing = this.standingOf(head);
    if (!newest || head?.version === newest.id) return standing;
    return { ...standing, renewedSince: standing.renewedSince ?? newest.appliedAt };
  }

  /** Resolves when what goes on, or has to, is done. */
  async renewed(): Promise<void> {
    await (
      await this.renewal()
    )?.done;
  }

  /** How many there are of everything, counted once after each import. */
  async counts(): Promise<DirectoryCounts> {
    const version = (await this.segments.newestImport())?.id ?? 0;
    if (this.counted?.version !== version) this.counted = { version, counts: await this.directory.counts() };
    return this.counted.counts;
  }

  private standingOf(head: PictureHead | undefined): PictureStanding {
    const none = Object.fromEntries(SEGMENTS.map((segment) => [segment, 0])) as Record<Segment, number>;
    return { drawnAt: head?.drawnAt, segments: head?.segments ?? none, renewedSince: this.drawing?.since };
  }

  private versions() {
    return Promise.all([this.segments.newestImport(), this.repository.head()]);
  }

  /** The drawing that goes on, or that an import since the last one calls for. */
  private async renewal(): Promise<{ readonly since: Date; readonly done: Promise<void> } | undefined> {
    if (this.drawing) return this.drawing;
    const [newest, head] = await this.versions();
    if (!newest) return undefined;
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
    const newest = await this.segments.newestImport();
    const companions = this.companions.map((companion) => companion.begin());
    const picture = newest && (await this.drawAll(newest.id, companions));
    if (!picture || this.isStopping) return;
    const isWhole = (await this.segments.newestImport())?.id === picture.version;
    if (!isWhole) {
      await this.draw();
      return;
    }
    for (const companion of companions) await companion.keep(picture.version);
    await this.repository.keep(picture);
  }

  private async drawAll(version: number, companions: readonly ReturnType<Companion['begin']>[]): Promise<Picture> {
    const segments = Object.fromEntries(SEGMENTS.map((segment) => [segment, 0])) as Record<Segment, number>;
    const worklists = new Map<Segment, string[]>(WORKLISTS.map((list) => [list, []]));
    const tally = await this.readiness.tally();
    let began = performance.now();
    for await (const batch of this.segments.batches(BATCH)) {
      if (this.isStopping) break;
      for (const classified of batch) {
        const { account, result } = classified;
        for (const companion of companions) companion.add(classified);
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

/** Until it is done, but no longer than that. */
async function patiently(done: Promise<void>, most: number): Promise<void> {
  await Promise.race([done, delay(Math.max(0, most), undefined, { ref: false })]);
}
